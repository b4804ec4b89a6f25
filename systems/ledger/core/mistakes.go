package core

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"go.etcd.io/raft/v3/tracker"
)

// This file holds what the planted bugs do where a line beside the correct code
// would not do.

const (
	// claimTTL is how long a claim of KeyExpiresInFlight holds, in nanoseconds:
	// several times what most requests take on a good day.
	claimTTL = 50_000_000
	// reviewTicks is how long the work of one claim in reviewOneIn takes, as if
	// someone else had to be asked; the rest is done at once.
	reviewTicks = 8
	reviewOneIn = 8
)

// later is a command to propose at a tick to come.
type later struct {
	tick, request uint64
	command       Command
}

// proposeDue proposes what was put off until now.
func (c *Core) proposeDue() {
	waiting := c.later[:0]
	for _, l := range c.later {
		if l.tick <= c.ticks {
			c.propose(l.request, l.command)
		} else {
			waiting = append(waiting, l)
		}
	}
	c.later = waiting
}

// firstStep is the step by which a command enters the log.
func (b Bugs) firstStep(c Command) step {
	switch {
	case c.Key == "":
		return stepWhole
	case b.KeyAfterEffect:
		return stepEffect
	case b.KeyExpiresInFlight:
		return stepClaim
	case b.TransferHalf && c.Op == Transfer:
		return stepDebit
	}
	return stepWhole
}

// applyStep applies a part of a command.
func (s *State) applyStep(c Command) Result {
	scope := s.scope(c)
	switch c.step {
	case stepEffect:
		if known := s.keys.find(scope); known != nil {
			return s.replay(known, c)
		}
		return s.execute(c)
	case stepRecord:
		s.keys.put(&keyRecord{scope: scope, payload: c.fingerprint(), at: s.clock, result: c.recorded})
		return c.recorded
	case stepClaim:
		known := s.keys.find(scope)
		if known != nil && !known.claimed {
			return s.replay(known, c)
		}
		if known != nil && c.Time-known.at <= claimTTL {
			return Result{Code: InFlight}
		}
		s.keys.put(&keyRecord{scope: scope, payload: c.fingerprint(), at: s.clock, claimed: true})
		return Result{}
	case stepExecute:
		result := s.execute(c)
		s.keys.put(&keyRecord{scope: scope, payload: c.fingerprint(), at: s.clock, result: result})
		return result
	case stepCredit:
		books := s.books(c.Tenant)
		if balance, fits := add(books.balances[c.To], c.Amount); fits {
			books.balances[c.To] = balance
		}
		return Result{}
	}
	return s.applyWhole(c)
}

// continued takes what became of a step of a command that this node proposed,
// and says whether that is the answer to the request.
func (c *Core) continued(p proposal, result Result) (answer bool) {
	next := p.command
	switch p.command.step {
	case stepEffect:
		if !result.Replayed && result.Code != Conflict {
			next.step, next.recorded = stepRecord, result
			c.propose(0, next)
		}
	case stepClaim:
		if result == (Result{}) {
			next.step = stepExecute
			work := later{request: p.request, command: next}
			if next.fingerprint()[0]%reviewOneIn == 0 {
				work.tick = c.ticks + reviewTicks
			}
			c.later = append(c.later, work)
			c.proposeDue()
			return false
		}
	case stepDebit:
		if !result.Replayed && result.Code == OK {
			next.step = stepCredit
			c.later = append(c.later, later{tick: c.ticks + 1, command: next})
		}
	case stepRecord, stepCredit:
		return false
	}
	return true
}

// admit is asked before a command is proposed. It may answer it at once, or
// change it.
func (c *Core) admit(command *Command) (Result, bool) {
	command.step = c.config.Bugs.firstStep(*command)
	if c.config.Bugs.CASOutsideLog && command.Op == CompareAndSet {
		if seen := c.state.compare(*command); seen.Code != OK {
			return seen, true
		}
		command.Op = Write
	}
	if command.Key == "" {
		return Result{}, false
	}
	scope := c.state.scope(*command)
	if c.config.Bugs.DedupeInMemory {
		if known := c.answered.find(scope); known != nil {
			return c.state.replay(known, *command), true
		}
	}
	if c.config.Bugs.ConcurrentDuplicates {
		if known := c.state.keys.find(scope); known != nil {
			return c.state.replay(known, *command), true
		}
	}
	return Result{}, false
}

// leaseTicks is how long the lease of StaleLeaderRead lasts: ten election
// timeouts, "to be generous".
const leaseTicks = 100

// readsHere reports whether the node answers reads from its own state without
// asking a quorum.
func (c *Core) readsHere() bool {
	status := c.raft.BasicStatus()
	switch {
	case c.config.Bugs.StaleFollowerRead:
		return status.RaftState != raft.StateLeader
	case c.config.Bugs.StaleLeaderRead:
		return c.ticks < c.lease && (status.Lead == 0 || status.Lead == c.config.ID)
	}
	return false
}

// acknowledgeEarly answers the plain writes among entries that were just put
// into this node's own log.
func (c *Core) acknowledgeEarly(entries []*raftpb.Entry) {
	if c.raft.BasicStatus().RaftState != raft.StateLeader {
		return
	}
	for _, entry := range entries {
		p, err := decodeProposal(entry.GetData())
		if err != nil || p.node != c.config.ID || p.incarnation != c.config.Incarnation {
			continue
		}
		if command := p.command; command.Op == Write {
			c.answer(p.request, Result{Account: command.Account, Value: command.Amount}, Page{})
		}
	}
}

// remember keeps a reply in the map of this server.
func (c *Core) remember(command Command, result Result) {
	if c.config.Bugs.DedupeInMemory && command.Key != "" {
		c.answered.put(&keyRecord{
			scope: c.state.scope(command), payload: command.fingerprint(), at: command.Time, result: result,
		})
	}
}

// tolerate lets Raft live with followers that lost entries which they had
// acknowledged. By itself it stops, or waits for ever for them to come back.
func (c *Core) tolerate(m *raftpb.Message) {
	last, _ := c.storage.LastIndex()
	if m.GetType() == raftpb.MsgHeartbeat && m.GetCommit() > last {
		m.Commit = new(last)
	}
	status := c.raft.BasicStatus()
	if m.GetType() != raftpb.MsgAppResp || !m.GetReject() || status.RaftState != raft.StateLeader {
		return
	}
	c.raft.WithProgress(func(id uint64, _ raft.ProgressType, p tracker.Progress) {
		if id == m.GetFrom() && m.GetRejectHint() < p.Match {
			// The next leader starts to count from nothing.
			m.Term = new(status.GetTerm() + 1)
		}
	})
}
