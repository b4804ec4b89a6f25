package core

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// Propose takes a command. It is answered by a reply to request, at the latest
// once it is applied, or never. Numbers of requests start at 1 and are not used
// twice.
func (c *Core) Propose(id uint64, command Command) {
	command.step, command.recorded = stepWhole, Result{}
	r := request{}
	if command.Key != "" {
		r.scope = c.state.scope(command)
		if _, busy := c.working[r.scope]; busy && !c.overlooksWork() {
			c.replies = append(c.replies, Reply{Request: id, Result: Result{Code: InFlight}})
			return
		}
		c.working[r.scope] = id
	}
	c.requests[id] = r
	if result, answered := c.admit(&command); answered {
		c.answer(id, result, Page{})
		return
	}
	c.propose(id, command)
}

// overlooksWork is true of bugs whose authors did not think of two requests
// with one key at the same time.
func (c *Core) overlooksWork() bool {
	return c.config.Bugs.ConcurrentDuplicates || c.config.Bugs.KeyExpiresInFlight
}

// propose puts a command among those for the log.
func (c *Core) propose(id uint64, command Command) {
	p := proposal{node: c.config.ID, incarnation: c.config.Incarnation, request: id, command: command}
	c.proposals = append(c.proposals, &raftpb.Entry{Data: p.encode()})
	c.proposed = append(c.proposed, id)
}

// Forget takes the news that nobody waits for a request any more. What it asked
// for may still be done.
func (c *Core) Forget(id uint64) {
	if r, found := c.requests[id]; found {
		delete(c.requests, id)
		if c.working[r.scope] == id {
			delete(c.working, r.scope)
		}
	}
}

// flush hands the proposals to Raft in one message.
func (c *Core) flush() {
	if len(c.proposals) == 0 {
		return
	}
	entries, ids := c.proposals, c.proposed
	c.proposals, c.proposed = nil, nil
	if c.raft.BasicStatus().Lead != raft.None {
		err := c.raft.Step(&raftpb.Message{
			Type: raftpb.MsgProp.Enum(), From: new(c.config.ID), Entries: entries,
		})
		if err == nil {
			return
		}
	}
	// Raft refuses a proposal as a whole, before it appends or forwards
	// anything: no leader is known, or this one is handing over or full. It is
	// safe to say that nothing was tried.
	for _, id := range ids {
		c.answer(id, Result{Code: NoLeader}, Page{})
	}
}

// answer replies to a request if it is still waited for.
func (c *Core) answer(id uint64, result Result, page Page) {
	if _, waiting := c.requests[id]; waiting {
		c.Forget(id)
		c.replies = append(c.replies, Reply{Request: id, Result: result, Page: page})
	}
}
