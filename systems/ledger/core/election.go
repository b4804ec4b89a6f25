package core

import (
	"math/rand/v2"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// election is the timer after which a node without a leader stands for
// election.
//
// Raft has one of its own, but draws its jitter from a global source that
// cannot be seeded. This one takes its place, so that equal seeds and events
// give equal elections: a node that does not lead never calls Raft's Tick, but
// TickQuiesced, which only counts, so that Raft still knows when the lease of
// its leader is over; and campaigns when this timer says so.
type election struct {
	random *rand.Rand
	// elapsed counts the ticks since the timer was reset, timeout is where it
	// ends.
	elapsed, timeout int
	// seen is the status as of the last event.
	seen raft.BasicStatus
}

// reset starts the timer anew with a timeout from ticks to twice that.
func (e *election) reset(ticks int) {
	e.elapsed, e.timeout = 0, ticks+e.random.IntN(ticks)
}

// heard takes note of a message, as it left the node. Raft resets its timer at
// the same occasions: word from the leader, a vote given, a new term or role.
func (e *election) heard(m *raftpb.Message, now raft.BasicStatus, ticks int) {
	switch m.GetType() {
	case raftpb.MsgApp, raftpb.MsgHeartbeat, raftpb.MsgSnap:
		if m.GetTerm() == now.GetTerm() {
			e.elapsed = 0
		}
	}
	e.changed(now, ticks)
}

func (e *election) changed(now raft.BasicStatus, ticks int) {
	before := e.seen
	if before.GetTerm() != now.GetTerm() || before.GetVote() != now.GetVote() || before.RaftState != now.RaftState {
		e.reset(ticks)
	}
	e.seen = now
}

// tickElection takes a tick for Raft.
func (c *Core) tickElection() {
	e := &c.election
	switch {
	case c.raft.BasicStatus().RaftState == raft.StateLeader:
		c.lease = c.ticks + leaseTicks
		c.raft.Tick()
	default:
		c.raft.TickQuiesced()
		if e.elapsed++; e.elapsed >= e.timeout {
			e.reset(c.config.ElectionTicks)
			// It fails only if this node cannot become leader now; the timer
			// runs again.
			_ = c.raft.Campaign()
		}
	}
	e.changed(c.raft.BasicStatus(), c.config.ElectionTicks)
}
