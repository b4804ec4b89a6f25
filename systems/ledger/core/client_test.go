package core_test

import (
	"io"
	"log"
	"slices"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/systems/ledger/core"
)

var discard = log.New(io.Discard, "", 0)

var tenants = []string{"t1", "t2"}

// simClient asks one thing at a time, and again what it does not know.
type simClient struct {
	number int
	// node is where it waits for an answer, nil if it does not.
	node    *simNode
	request uint64
	now     *attempt
	// open is a command with a key whose fate is not known, to be tried again.
	open *core.Command
	sent []core.Command
	keys int
}

// attempt is one request and what came of it.
type attempt struct {
	command core.Command
	// query is set instead of command for reads.
	query        *core.Query
	called, done int
	// result is set if answered.
	result *core.Result
}

// record is what the clients saw, in order.
type record struct {
	attempts []*attempt
	events   int
}

// values are unique, so that a read says which write it saw.
func (s *sim) fresh() int64 { return int64(len(s.history.attempts) + 1) }

// ask sends something to a node.
func (c *simClient) ask(s *sim, n *simNode) {
	if n.core == nil {
		return
	}
	a := &attempt{called: s.history.events, done: -1}
	s.history.events++
	draw := s.random.IntN(100)
	switch {
	case c.open != nil:
		a.command = *c.open
	case draw < 20:
		a.query = &core.Query{Kind: core.Register, Account: c.register(s)}
	case draw < 35:
		a.command = core.Command{Op: core.Write, Account: c.register(s), Amount: s.fresh()}
	case draw < 50:
		a.command = core.Command{Op: core.CompareAndSet, Account: c.register(s), Amount: s.fresh()}
		a.command.Old, a.command.OldNone = s.lastSeen(a.command.Account)
	case draw < 70 && len(c.sent) > 0:
		a.command = c.probe(s)
	default:
		a.command = c.payment(s)
		c.sent = append(c.sent, a.command)
	}
	s.history.attempts = append(s.history.attempts, a)
	a.command.Time = s.clock
	if s.chaos.Skew > 0 {
		a.command.Time += s.random.Int64N(int64(s.chaos.Skew))
	}
	n.next++
	c.node, c.request, c.now = n, n.next, a
	n.waiting[n.next] = c
	if a.query != nil {
		n.core.Query(n.next, *a.query)
	} else {
		n.core.Propose(n.next, a.command)
	}
	s.settle(n)
}

// probe sends a key again: as it was, with another payload, or for the other
// tenant.
func (c *simClient) probe(s *sim) core.Command {
	command := c.sent[s.random.IntN(len(c.sent))]
	switch s.random.IntN(5) {
	case 0:
		command.Amount++
	case 1:
		if command.Tenant == tenants[0] {
			command.Tenant = tenants[1]
		} else {
			command.Tenant = tenants[0]
		}
	}
	return command
}

func (c *simClient) register(s *sim) string { return "r" + strconv.Itoa(s.random.IntN(2)) }

// lastSeen is the value that was last read or written in a register.
func (s *sim) lastSeen(register string) (value int64, none bool) {
	for _, a := range slices.Backward(s.history.attempts) {
		if a.result == nil || a.result.Code > core.Mismatch {
			continue
		}
		if a.query != nil && a.query.Account == register || a.query == nil && a.command.Account == register {
			return a.result.Value, a.result.None
		}
	}
	return 0, true
}

// payment is a deposit or transfer under a new key.
func (c *simClient) payment(s *sim) core.Command {
	c.keys++
	from := s.random.IntN(3)
	command := core.Command{
		Op: core.Deposit, Tenant: tenants[s.random.IntN(2)], Key: strconv.Itoa(c.number) + "." + strconv.Itoa(c.keys),
		Account: "a" + strconv.Itoa(from), Amount: 1 + s.random.Int64N(20),
	}
	if s.random.IntN(2) == 0 {
		command.Op, command.To = core.Transfer, "a"+strconv.Itoa((from+1)%3)
	}
	return command
}

func (c *simClient) answer(s *sim, reply core.Reply) {
	result := reply.Result
	c.now.result, c.now.done = &result, s.history.events
	s.history.events++
	c.node, c.open = nil, nil
}

// giveUp ends the wait of a client that has had no answer.
func (c *simClient) giveUp(s *sim) {
	n := c.node
	if n == nil {
		return
	}
	c.node = nil
	if n.core != nil {
		delete(n.waiting, c.request)
		n.core.Forget(c.request)
	}
	if c.now.command.Key != "" && !s.chance(200) {
		again := c.now.command
		c.open = &again
	}
}

const day = 24 * time.Hour
