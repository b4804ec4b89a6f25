package agent

import (
	"bufio"
	"fmt"
	"io"
	"sync"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// Control is the harness's end of the connection to an agent. Its methods may be
// called from several goroutines at once.
type Control struct {
	session *session

	mu    sync.Mutex
	last  uint64
	rules map[uint64]cluster.Rule
	calls map[uint64]func()
}

// Dial begins to speak to an agent that reads what is written to out and
// writes what is read from in. It waits for the agent's first word.
func Dial(in io.Reader, out io.Writer) (*Control, error) {
	reader := bufio.NewReader(in)
	said := make([]byte, len(hello))
	if _, err := io.ReadFull(reader, said); err != nil {
		return nil, fmt.Errorf("the agent does not speak: %w", err)
	}
	if string(said) != hello {
		return nil, fmt.Errorf("the agent is of another version: it says %q", said)
	}
	c := &Control{rules: map[uint64]cluster.Rule{}, calls: map[uint64]func(){}}
	c.session = newSession(reader, out, c.answer)
	return c, nil
}

// Lost is closed when the connection is no more.
func (c *Control) Lost() <-chan struct{} { return c.session.lost() }

// Setup has the agent redirect the connections of its node to the peers.
func (c *Control) Setup(node string, peers []Peer) error {
	_, err := ask[done](c.session, setup{node, peers})
	return err
}

// Add puts a rule on the link to a peer, and returns once it is there, with
// what takes it off.
func (c *Control) Add(peer string, r cluster.Rule) (off func() error, err error) {
	c.mu.Lock()
	c.last++
	id := c.last
	c.rules[id] = r
	c.mu.Unlock()
	if _, err := ask[done](c.session, add{peer, id}); err != nil {
		return nil, err
	}
	return func() error {
		_, err := ask[done](c.session, remove{id})
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.rules, id)
		return err
	}, nil
}

// Reset resets the connections to a peer and returns how many there were.
func (c *Control) Reset(peer string) (int, error) {
	n, err := ask[count](c.session, reset{peer})
	return n.Connections, err
}

func (c *Control) answer(question any) (any, error) {
	switch q := question.(type) {
	case dial:
		return c.act(q.Rule, func(r cluster.Rule) cluster.Action { return r.Dial() }), nil
	case judge:
		return c.act(q.Rule, func(r cluster.Rule) cluster.Action { return r.Judge(q.Message) }), nil
	case before:
		c.mu.Lock()
		call := c.calls[q.Call]
		delete(c.calls, q.Call)
		c.mu.Unlock()
		if call != nil {
			call()
		}
		return done{}, nil
	}
	return nil, fmt.Errorf("a harness is not asked for a %T", question)
}

// act asks a rule. One that was taken off meanwhile wants nothing.
func (c *Control) act(id uint64, judge func(cluster.Rule) cluster.Action) action {
	c.mu.Lock()
	r := c.rules[id]
	c.mu.Unlock()
	if r == nil {
		return action{}
	}
	a := judge(r)
	out := action{Delay: a.Delay, Drop: a.Drop, Reset: a.Reset, ResetAfter: a.ResetAfter, Keep: a.Keep}
	if a.Before != nil {
		c.mu.Lock()
		c.last++
		out.Call = c.last
		c.calls[out.Call] = a.Before
		c.mu.Unlock()
	}
	return out
}
