package core

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// Config is what a core is made of.
type Config struct {
	// ID is this node's own, one of Voters. Ids start at 1.
	ID     uint64
	Voters []uint64
	// Incarnation is different at every start of the node, so that it does not
	// take answers to requests of its former lives for its own.
	Incarnation uint64
	// Seed seeds the jitter of elections.
	Seed uint64
	// ElectionTicks is the number of ticks without a leader after which a node
	// stands for election, at least; at most it is twice that. A leader sends
	// heartbeats at every tick.
	ElectionTicks int
	// KeyTTL is how long idempotency keys are remembered.
	KeyTTL time.Duration
	// SnapshotEvery is the number of log entries after which a snapshot is
	// taken. While a snapshot is large it is also not taken before the log has
	// grown by a quarter of its size.
	SnapshotEvery int
	Bugs          Bugs
	// Log takes what Raft has to say.
	Log raft.Logger
	// Recovered is what was found on disk.
	Recovered Recovered
}

func (c Config) validate() error {
	switch {
	case !slices.Contains(c.Voters, c.ID):
		return fmt.Errorf("node %d is not one of the voters %v", c.ID, c.Voters)
	case slices.Contains(c.Voters, 0):
		return errors.New("ids of nodes start at 1")
	case c.ElectionTicks < 2:
		return fmt.Errorf("election ticks: %d, want 2 or more", c.ElectionTicks)
	case c.KeyTTL <= 0:
		return fmt.Errorf("key TTL: %v, want more than 0", c.KeyTTL)
	case c.SnapshotEvery < 1:
		return fmt.Errorf("snapshot every %d entries, want 1 or more", c.SnapshotEvery)
	case c.Log == nil:
		return errors.New("no log")
	}
	return nil
}

// Core is one node. It is used by one goroutine at a time.
type Core struct {
	config  Config
	raft    *raft.RawNode
	storage *raft.MemoryStorage
	state   *State
	// applied is the index of the last entry in state.
	applied uint64
	hard    *raftpb.HardState
	ticks   uint64

	election   election
	checkpoint checkpoint

	// requests are those that are waited for, by number.
	requests map[uint64]request
	// working maps the scope of each key in flight here to its request.
	working   map[string]uint64
	proposals []*raftpb.Entry
	proposed  []uint64
	reads     reads

	// ready is what Raft handed out and this core has not yet finished; written
	// says that its write is durable.
	ready   *raft.Ready
	written bool
	replies []Reply

	// answered, later and lease belong to planted bugs.
	answered keyTable
	later    []later
	lease    uint64
}

// request is a request that someone waits for.
type request struct {
	// scope is that of its idempotency key, if it has one.
	scope string
}

// New returns a node that has just started.
func New(config Config) (*Core, error) {
	if err := config.validate(); err != nil {
		return nil, fmt.Errorf("ledger core: %w", err)
	}
	c := &Core{
		config:   config,
		storage:  raft.NewMemoryStorage(),
		requests: make(map[uint64]request),
		working:  make(map[string]uint64),
		answered: newKeyTable(),
		election: election{random: rand.New(rand.NewPCG(config.Seed, config.ID))},
	}
	if err := c.recover(); err != nil {
		return nil, fmt.Errorf("ledger core: %w", err)
	}
	node, err := raft.NewRawNode(&raft.Config{
		ID:            config.ID,
		ElectionTick:  config.ElectionTicks,
		HeartbeatTick: 1,
		Storage:       c.storage,
		Applied:       c.applied,
		MaxSizePerMsg: 256 << 10,
		// What one leader holds in memory and on its way stays bounded however
		// fast its clients are.
		MaxUncommittedEntriesSize: 16 << 20,
		MaxInflightMsgs:           256,
		CheckQuorum:               true,
		PreVote:                   true,
		Logger:                    config.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("ledger core: %w", err)
	}
	c.raft = node
	c.election.reset(config.ElectionTicks)
	c.election.seen = c.raft.BasicStatus()
	return c, nil
}

// recover takes over what was found on disk.
func (c *Core) recover() error {
	found := c.config.Recovered
	if raft.IsEmptySnap(found.Snapshot) {
		// All nodes begin with the same snapshot of nothing at index 1, which
		// tells Raft who the voters are without an entry in the log.
		found.Snapshot = &raftpb.Snapshot{Metadata: &raftpb.SnapshotMetadata{
			Index: new(uint64(1)), Term: new(uint64(1)),
			ConfState: &raftpb.ConfState{Voters: slices.Clone(c.config.Voters)},
		}}
	}
	state, err := DecodeState(found.Snapshot.GetData(), c.config.KeyTTL, c.config.Bugs)
	if err != nil {
		return err
	}
	if err := c.storage.ApplySnapshot(found.Snapshot); err != nil {
		return fmt.Errorf("snapshot at index %d: %w", found.Snapshot.GetMetadata().GetIndex(), err)
	}
	if err := c.storage.Append(found.Entries); err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	c.state, c.applied = state, found.Snapshot.GetMetadata().GetIndex()
	c.checkpoint = checkpoint{index: c.applied, size: len(found.Snapshot.GetData())}
	c.hard = c.recoveredHardState(found.HardState)
	return c.storage.SetHardState(c.hard)
}

// recoveredHardState fits the hard state to the log that was found: what a
// snapshot holds was committed.
func (c *Core) recoveredHardState(found *raftpb.HardState) *raftpb.HardState {
	term, vote, commit := found.GetTerm(), found.GetVote(), max(found.GetCommit(), c.applied)
	if c.config.Bugs.ForgetsWrites {
		// The commit index is only a hint (Raft, figure 2: volatile state). With
		// entries lost elsewhere it can name entries that others will replace.
		commit = c.applied
	}
	return &raftpb.HardState{Term: new(term), Vote: new(vote), Commit: new(commit)}
}

// Step takes a message from another node.
func (c *Core) Step(m *raftpb.Message) {
	if m.GetTo() != c.config.ID || m.GetFrom() == c.config.ID || !slices.Contains(c.config.Voters, m.GetFrom()) {
		return
	}
	if c.config.Bugs.ForgetsWrites {
		c.tolerate(m)
	}
	// Errors say that a message is out of date or a forwarded proposal came to
	// a node that does not lead. Both are as if it had been lost.
	_ = c.raft.Step(m)
	c.election.heard(m, c.raft.BasicStatus(), c.config.ElectionTicks)
}

// Unreachable takes the news that messages to a node are being lost.
func (c *Core) Unreachable(node uint64) {
	c.raft.ReportUnreachable(node)
}

// SnapshotSent takes the news of what became of a message with a snapshot. It
// must be told of each: Raft sends the node nothing else in the meantime.
func (c *Core) SnapshotSent(node uint64, sent bool) {
	status := raft.SnapshotFinish
	if !sent {
		status = raft.SnapshotFailure
	}
	c.raft.ReportSnapshot(node, status)
}

// Tick takes a tick of the clock.
func (c *Core) Tick() {
	c.ticks++
	c.tickElection()
	c.retryReads()
	c.proposeDue()
}

// Persisted takes the news that the last write is durable.
func (c *Core) Persisted() {
	c.written = true
}

// Take returns what is to be done now, and is called until there is nothing. It
// returns nothing but replies while a write is not durable. An error means that
// this node cannot go on.
func (c *Core) Take() (Effects, error) {
	var effects Effects
	if c.checkpoint.writing() && c.written {
		c.checkpoint.done(c.storage, c.config.SnapshotEvery)
		c.written = false
	}
	if c.ready == nil && !c.checkpoint.writing() {
		c.flush()
		c.flushReads()
		if c.raft.HasReady() {
			ready := c.raft.Ready()
			c.ready = &ready
			effects.Write = c.writeOf(ready)
			c.written = effects.Write == nil
		}
	}
	if c.ready != nil && c.written {
		messages, err := c.finish(*c.ready)
		if err != nil {
			return Effects{}, fmt.Errorf("ledger core: %w", err)
		}
		c.ready, c.written = nil, false
		effects.Messages = messages
		effects.Write = c.maybeCheckpoint()
	}
	effects.Replies, c.replies = c.replies, nil
	return effects, nil
}

// writeOf returns what of a Ready must be durable, nil if nothing.
func (c *Core) writeOf(ready raft.Ready) *Batch {
	if !raft.IsEmptyHardState(ready.HardState) {
		c.hard = ready.HardState
	}
	write := &Batch{Entries: ready.Entries, Sync: ready.MustSync}
	if !raft.IsEmptyHardState(ready.HardState) {
		write.HardState = ready.HardState
	}
	if !raft.IsEmptySnap(ready.Snapshot) {
		write.Snapshot, write.HardState, write.Sync = ready.Snapshot, c.hard, true
	}
	if write.Snapshot == nil && write.HardState == nil && len(write.Entries) == 0 {
		return nil
	}
	return write
}

// finish does what a Ready asks for once its write is durable, and returns the
// messages that may now leave.
func (c *Core) finish(ready raft.Ready) ([]*raftpb.Message, error) {
	if !raft.IsEmptySnap(ready.Snapshot) {
		if err := c.install(ready.Snapshot); err != nil {
			return nil, err
		}
	}
	if err := c.storage.Append(ready.Entries); err != nil {
		return nil, fmt.Errorf("append: %w", err)
	}
	if err := c.storage.SetHardState(c.hard); err != nil {
		return nil, fmt.Errorf("hard state: %w", err)
	}
	if c.config.Bugs.AckBeforeQuorum {
		c.acknowledgeEarly(ready.Entries)
	}
	for _, entry := range ready.CommittedEntries {
		if err := c.apply(entry); err != nil {
			return nil, err
		}
	}
	for _, state := range ready.ReadStates {
		c.confirm(state)
	}
	c.answerReads()
	c.raft.Advance(ready)
	return ready.Messages, nil
}

// install takes over the state of a snapshot that the leader sent. Requests of
// this node whose entries it covers are never answered.
func (c *Core) install(snapshot *raftpb.Snapshot) error {
	index := snapshot.GetMetadata().GetIndex()
	state, err := DecodeState(snapshot.GetData(), c.config.KeyTTL, c.config.Bugs)
	if err != nil {
		return fmt.Errorf("snapshot at index %d from the leader: %w", index, err)
	}
	if err := c.storage.ApplySnapshot(snapshot); err != nil {
		return fmt.Errorf("snapshot at index %d from the leader: %w", index, err)
	}
	c.state, c.applied = state, index
	c.checkpoint = checkpoint{index: index, size: len(snapshot.GetData())}
	return nil
}

// apply does a committed entry and answers its request if it is ours.
func (c *Core) apply(entry *raftpb.Entry) error {
	c.applied = entry.GetIndex()
	c.checkpoint.grown += len(entry.GetData())
	if len(entry.GetData()) == 0 {
		// The empty entry with which each leader begins its term.
		return nil
	}
	p, err := decodeProposal(entry.GetData())
	if err != nil {
		return fmt.Errorf("entry %d of term %d: %w", entry.GetIndex(), entry.GetTerm(), err)
	}
	result := c.state.Apply(p.command)
	if p.node == c.config.ID && p.incarnation == c.config.Incarnation {
		if c.continued(p, result) {
			c.remember(p.command, result)
			c.answer(p.request, result, Page{})
		}
	}
	return nil
}

// Status returns what the node knows.
func (c *Core) Status() Status {
	basic := c.raft.BasicStatus()
	last, _ := c.storage.LastIndex()
	return Status{
		Role:      roles[basic.RaftState],
		Term:      basic.GetTerm(),
		Leader:    basic.Lead,
		Applied:   c.applied,
		Committed: basic.GetCommit(),
		Last:      last,
		Snapshot:  c.checkpoint.index,
	}
}

var roles = map[raft.StateType]string{
	raft.StateFollower:     "follower",
	raft.StateCandidate:    "candidate",
	raft.StatePreCandidate: "pre-candidate",
	raft.StateLeader:       "leader",
}
