package link

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

var (
	_ harness.Fault = (*split)(nil)
	_ cluster.Rule  = (*silence)(nil)
)

// split is a partition.
type split struct {
	kind  harness.FaultKind
	shape shape
	plan  plan.Fault
	world harness.World
	args  params.Values

	messages, dials atomic.Int64

	mu      sync.Mutex
	where   []string
	removes []func()
}

func newPartition(kind harness.FaultKind, shape shape, f plan.Fault, w harness.World) (*split, error) {
	args, err := check(kind, f, w)
	if err != nil {
		return nil, err
	}
	return &split{kind: kind, shape: shape, plan: f, world: w, args: args}, nil
}

// Inject cuts all ways of the partition, also on connections that are open.
func (s *split) Inject(ctx context.Context) error {
	nodes, err := target.Nodes(ctx, s.world, s.plan.Target, s.plan.Salt)
	if err != nil {
		return fmt.Errorf("%s: %w", s.kind.Name, err)
	}
	all, one := target.Names(s.world.Cluster().Nodes()), ""
	if len(nodes) == 1 {
		one = nodes[0].Name()
	}
	cut := s.shape(all, one, s.args, plan.NewStream(s.plan.Salt, "partition", s.kind.Name))

	s.mu.Lock()
	defer s.mu.Unlock()
	done := cuts{}
	for _, link := range peerLinks(s.world.Cluster()) {
		there, back := way{link.From(), link.To()}, way{link.To(), link.From()}
		if !cut[there] && !cut[back] {
			continue
		}
		s.removes = append(s.removes, link.Add(&silence{s, cut[there], cut[back]}))
		done[there] = done[there] || cut[there]
		done[back] = done[back] || cut[back]
	}
	if len(s.removes) == 0 {
		return fmt.Errorf("%s: there is no link between nodes to cut", s.kind.Name)
	}
	s.where = done.list()
	return nil
}

// Heal joins the nodes again. The links end the connections that lost something.
func (s *split) Heal(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, remove := range s.removes {
		remove()
	}
	return nil
}

// Evidence counts what was lost on the way.
func (s *split) Evidence() harness.Evidence {
	s.mu.Lock()
	defer s.mu.Unlock()
	messages, dials := s.messages.Load(), s.dials.Load()
	return harness.Evidence{
		Count: messages + dials,
		Where: slices.Clone(s.where),
		What:  fmt.Sprintf("%d messages lost and %d connections left unanswered between nodes", messages, dials),
	}
}

// silence is the rule of a link on which there is a cut.
type silence struct {
	split *split
	// there is whether what From sends is lost, back whether what To sends is.
	there, back bool
}

// Dial leaves a connection unanswered if From cannot reach To.
func (s *silence) Dial() cluster.Action {
	if s.there {
		s.split.dials.Add(1)
	}
	return cluster.Action{Drop: s.there}
}

// Judge loses what goes a way that is cut.
func (s *silence) Judge(m cluster.Message) cluster.Action {
	lost := s.there
	if m.Reply {
		lost = s.back
	}
	if lost {
		s.split.messages.Add(1)
	}
	return cluster.Action{Drop: lost}
}
