package core_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
	"google.golang.org/protobuf/proto"

	"github.com/tertium-dev/tertium/systems/ledger/core"
)

// chaos says how rough a simulated world is, in chances per thousand.
type chaos struct {
	Nodes int
	// Lose, Double are of messages; Crash, Restart, Cut and Mend of steps;
	// GiveUp of a client that waits.
	Lose, Double, Crash, Restart, Cut, Mend, GiveUp int
	// KeyTTL is that of the cores, and Skew by how much the stamp of a request
	// may be off.
	KeyTTL, Skew time.Duration
}

// sim is a cluster of cores with a network, disks and clients, in one
// goroutine. Equal seeds give equal runs.
type sim struct {
	random  *rand.Rand
	chaos   chaos
	bugs    core.Bugs
	nodes   []*simNode
	network []*raftpb.Message
	cut     map[[2]uint64]bool
	clock   int64
	clients []*simClient
	history record
	// calm is true once the faults are over.
	calm bool
}

// simNode is a core with its disk.
type simNode struct {
	id   uint64
	core *core.Core
	// disk is what survives a crash: every batch that was synced, and those
	// before it. Batches not yet synced may be lost from the end.
	disk     []core.Batch
	unsynced int
	started  uint64
	// waiting are the clients by request.
	waiting map[uint64]*simClient
	next    uint64
}

func newSim(seed uint64, c chaos, bugs core.Bugs) *sim {
	s := &sim{
		random: rand.New(rand.NewPCG(seed, 1)), chaos: c, bugs: bugs,
		cut: map[[2]uint64]bool{}, clock: 1_000_000,
	}
	for i := range c.Nodes {
		s.nodes = append(s.nodes, &simNode{id: uint64(i + 1)})
	}
	for _, n := range s.nodes {
		s.start(n)
	}
	for i := range 4 {
		s.clients = append(s.clients, &simClient{number: i})
	}
	return s
}

func (s *sim) chance(perThousand int) bool { return s.random.IntN(1000) < perThousand }

// start starts a node from its disk.
func (s *sim) start(n *simNode) {
	n.started++
	voters := make([]uint64, len(s.nodes))
	for i := range voters {
		voters[i] = uint64(i + 1)
	}
	started, err := core.New(core.Config{
		ID: n.id, Voters: voters, Incarnation: n.started, Seed: s.random.Uint64(),
		ElectionTicks: 5, KeyTTL: s.chaos.KeyTTL, SnapshotEvery: 8, Bugs: s.bugs,
		Log:       &raft.DefaultLogger{Logger: discard},
		Recovered: recovered(n.disk),
	})
	if err != nil {
		panic(err)
	}
	n.core, n.waiting, n.unsynced = started, map[uint64]*simClient{}, 0
}

// crash ends a node. What was not synced may be lost from the end.
func (s *sim) crash(n *simNode) {
	n.disk = n.disk[:len(n.disk)-s.random.IntN(n.unsynced+1)]
	n.core = nil
	for _, client := range s.clients {
		if client.node == n {
			client.giveUp(s)
		}
	}
}

// recovered takes batches together.
func recovered(disk []core.Batch) core.Recovered {
	var found core.Recovered
	for _, batch := range disk {
		if batch.Snapshot != nil {
			found = core.Recovered{Snapshot: batch.Snapshot}
		}
		if batch.HardState != nil {
			found.HardState = batch.HardState
		}
		for _, e := range batch.Entries {
			keep := 0
			for keep < len(found.Entries) && found.Entries[keep].GetIndex() < e.GetIndex() {
				keep++
			}
			found.Entries = append(found.Entries[:keep:keep], e)
		}
	}
	return found
}

// settle does what a node asks for, and sometimes lets it crash in the middle.
func (s *sim) settle(n *simNode) {
	for n.core != nil {
		effects, err := n.core.Take()
		if err != nil {
			panic(fmt.Sprintf("node %d: %v", n.id, err))
		}
		if effects.Empty() {
			return
		}
		for _, m := range effects.Messages {
			s.send(n, m)
		}
		for _, reply := range effects.Replies {
			if client := n.waiting[reply.Request]; client != nil {
				delete(n.waiting, reply.Request)
				client.answer(s, reply)
			}
		}
		if effects.Write == nil {
			continue
		}
		if !s.calm && s.chance(s.chaos.Crash) {
			s.crash(n)
			return
		}
		if effects.Write.Snapshot != nil {
			n.disk = nil
		}
		n.disk = append(n.disk, *effects.Write)
		n.unsynced++
		if effects.Write.Sync {
			n.unsynced = 0
		}
		if !s.calm && s.chance(s.chaos.Crash) {
			s.crash(n)
			return
		}
		n.core.Persisted()
	}
}

func (s *sim) send(n *simNode, m *raftpb.Message) {
	lost := s.cut[[2]uint64{m.GetFrom(), m.GetTo()}] || !s.calm && s.chance(s.chaos.Lose)
	if !lost {
		s.network = append(s.network, proto.Clone(m).(*raftpb.Message))
	}
	if m.GetType() == raftpb.MsgSnap {
		n.core.SnapshotSent(m.GetTo(), !lost)
	}
}

// deliver hands over some message on its way.
func (s *sim) deliver() {
	if len(s.network) == 0 {
		return
	}
	i := s.random.IntN(min(len(s.network), 8))
	m := s.network[i]
	// A forwarded proposal arrives at most once; see the package comment.
	again := !s.calm && m.GetType() != raftpb.MsgProp && s.chance(s.chaos.Double)
	if again {
		s.network[i] = proto.Clone(m).(*raftpb.Message)
	} else {
		s.network = append(s.network[:i], s.network[i+1:]...)
	}
	to := s.nodes[m.GetTo()-1]
	if to.core == nil || s.cut[[2]uint64{m.GetFrom(), m.GetTo()}] {
		return
	}
	to.core.Step(m)
	s.settle(to)
}

// step lets one thing happen.
func (s *sim) step() {
	s.clock += int64(time.Millisecond)
	n := s.nodes[s.random.IntN(len(s.nodes))]
	switch {
	case s.calm:
	case n.core != nil && s.chance(s.chaos.Crash):
		s.crash(n)
	case n.core == nil && s.chance(s.chaos.Restart):
		s.start(n)
	case s.chance(s.chaos.Cut):
		other := s.nodes[s.random.IntN(len(s.nodes))]
		s.cut[[2]uint64{n.id, other.id}] = true
		if s.chance(500) {
			s.cut[[2]uint64{other.id, n.id}] = true
		}
	case s.chance(s.chaos.Mend):
		clear(s.cut)
	}
	switch draw := s.random.IntN(100); {
	case draw < 70:
		s.deliver()
	case draw < 85:
		if n.core != nil {
			n.core.Tick()
			s.settle(n)
		}
	case !s.calm:
		client := s.clients[s.random.IntN(len(s.clients))]
		if client.node == nil {
			client.ask(s, n)
		} else if s.chance(s.chaos.GiveUp) {
			client.giveUp(s)
		}
	}
}

// run lets steps happen, ends all faults, and waits until all nodes agree. It
// returns an error if they never do.
func (s *sim) run(steps int) error {
	for range steps {
		s.step()
	}
	s.calm = true
	clear(s.cut)
	for _, n := range s.nodes {
		if n.core == nil {
			s.start(n)
		}
	}
	for range 60_000 {
		s.step()
		if len(s.network) < 10 && s.agreed() {
			for _, client := range s.clients {
				client.giveUp(s)
			}
			return nil
		}
	}
	return fmt.Errorf("the nodes never agree: %s", s.describe())
}

func (s *sim) agreed() bool {
	first := s.nodes[0].core.Status()
	for _, n := range s.nodes {
		status := n.core.Status()
		if status.Leader == 0 || status.Leader != first.Leader || status.Applied != first.Applied ||
			status.Last != first.Last || status.Applied != status.Last {
			return false
		}
	}
	return true
}

func (s *sim) describe() (text string) {
	for _, n := range s.nodes {
		text += fmt.Sprintf("[%d %+v] ", n.id, n.core.Status())
	}
	return text
}

// books reads a tenant's books on a node as they are.
func (s *sim) books(n *simNode, tenant string) (accounts map[string]int64, entries []core.Entry) {
	accounts = map[string]int64{}
	for _, q := range []core.Query{
		{Kind: core.Accounts, Tenant: tenant, Limit: 1000, Local: true},
		{Kind: core.Entries, Tenant: tenant, Limit: 100_000, Local: true},
	} {
		n.next++
		n.core.Query(n.next, q)
		effects, err := n.core.Take()
		if err != nil {
			panic(err)
		}
		for _, reply := range effects.Replies {
			for _, a := range reply.Page.Accounts {
				accounts[a.Name] = a.Balance
			}
			entries = append(entries, reply.Page.Entries...)
		}
	}
	return accounts, entries
}
