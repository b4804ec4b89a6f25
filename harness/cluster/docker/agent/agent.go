package agent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/proxy"
)

// hello is what an agent says first, so that a harness that hears anything else
// knows that it is not speaking to one.
const hello = "tertium agent 1\n"

// Main is an agent: it does what it is told on in, asks on out, and returns the
// exit code when in has ended and everything is healed. Words for people go to
// log.
func Main(ctx context.Context, in io.Reader, out, log io.Writer) int {
	if _, err := io.WriteString(out, hello); err != nil {
		fmt.Fprintln(log, "agent: nobody listens:", err)
		return 1
	}
	a := &agent{rules: map[uint64]func(){}}
	// Nothing is answered before the session that answers is known.
	a.ready.Add(1)
	a.session = newSession(in, out, a.answer)
	a.ready.Done()
	select {
	case <-a.session.lost():
	case <-ctx.Done():
	}
	if err := a.heal(); err != nil {
		fmt.Fprintln(log, "agent:", err)
		return 1
	}
	return 0
}

// agent is the state of one agent.
type agent struct {
	session *session
	ready   sync.WaitGroup

	mu    sync.Mutex
	links *proxy.Set
	lift  func() error // takes the redirection off
	rules map[uint64]func()
}

func (a *agent) answer(question any) (any, error) {
	a.ready.Wait()
	switch q := question.(type) {
	case setup:
		return done{}, a.setUp(q)
	case add:
		return done{}, a.add(q)
	case remove:
		a.mu.Lock()
		off := a.rules[q.Rule]
		delete(a.rules, q.Rule)
		a.mu.Unlock()
		if off != nil {
			off()
		}
		return done{}, nil
	case reset:
		link, err := a.link(q.Peer)
		if err != nil {
			return nil, err
		}
		return count{link.Reset()}, nil
	}
	return nil, fmt.Errorf("an agent is not asked for a %T", question)
}

// setUp opens a link to each peer and redirects the node's connections to it.
func (a *agent) setUp(q setup) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.links != nil {
		return errors.New("the agent is set up already")
	}
	a.links = proxy.NewOn(way(), func(node, port string) (string, error) {
		return "", fmt.Errorf("the way to %s %s is known by the connection", node, port)
	})
	ways := map[string]string{}
	for _, peer := range q.Peers {
		link, err := a.links.Open(q.Node, peer.Name, cluster.PeerPort, nil)
		if err != nil {
			return err
		}
		ways[peer.IP] = link.Addr()
	}
	lift, err := redirect(ways)
	if err != nil {
		return fmt.Errorf("redirecting the connections of node %s: %w", q.Node, err)
	}
	a.lift = lift
	return nil
}

func (a *agent) link(peer string) (*proxy.Link, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.links != nil {
		for _, l := range a.links.Links() {
			if l, ok := l.(*proxy.Link); ok && l.To() == peer {
				return l, nil
			}
		}
	}
	return nil, fmt.Errorf("the agent has no link to %q", peer)
}

func (a *agent) add(q add) error {
	link, err := a.link(q.Peer)
	if err != nil {
		return err
	}
	off := link.Add(rule{a.session, q.Rule})
	a.mu.Lock()
	defer a.mu.Unlock()
	a.rules[q.Rule] = off
	return nil
}

// heal takes every rule off, lets connections go where they are bound for, and
// ends those that came by the links.
func (a *agent) heal() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, off := range a.rules {
		off()
	}
	var errs []error
	if a.lift != nil {
		errs = append(errs, a.lift())
	}
	if a.links != nil {
		errs = append(errs, a.links.Close())
	}
	return errors.Join(errs...)
}

// rule asks the harness.
type rule struct {
	session *session
	id      uint64
}

var _ cluster.Rule = rule{}

func (r rule) Dial() cluster.Action { return r.ask(dial{r.id}) }

func (r rule) Judge(m cluster.Message) cluster.Action { return r.ask(judge{r.id, m}) }

// ask returns what the harness says. One that does not answer wants nothing any
// more.
func (r rule) ask(question any) cluster.Action {
	a, err := ask[action](r.session, question)
	if err != nil {
		return cluster.Action{}
	}
	out := cluster.Action{Delay: a.Delay, Drop: a.Drop, Reset: a.Reset, ResetAfter: a.ResetAfter, Keep: a.Keep}
	if a.Call != 0 {
		out.Before = func() { _, _ = ask[done](r.session, before{a.Call}) }
	}
	return out
}
