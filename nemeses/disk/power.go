package disk

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/life"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

// Parameters of a loss of power. The planner draws only whether a write is torn;
// the others are for those who name them.
const (
	// tornArg is 1 if the last write that was not fsynced is torn.
	tornArg = "torn"
	// ageArg is after how many seconds writes are durable by themselves; 0 is
	// never.
	ageArg = "age"
	// strictArg is 1 if names are lost as POSIX allows.
	strictArg = "strict"
	// bitsArg is how many bits are flipped on each disk.
	bitsArg = "bits"
)

var (
	_ harness.Fault = (*powerLoss)(nil)
	_ harness.Fault = (*flipping)(nil)
)

// powerKind is a loss of power. Of some nodes only it is opt-in: a run has no time
// for all faults, and whoever survives the loss of all survives that of some.
func powerKind(name, doc string, nodes int, targets ...string) harness.FaultKind {
	kind := harness.FaultKind{
		Name: name, Doc: doc,
		Family: Family, Targets: targets, Args: map[string][2]int64{tornArg: {0, 1}, ageArg: {0, 0}, strictArg: {0, 0}},
		Nodes: nodes, Length: 500 * time.Millisecond, Disk: true, OptIn: nodes > 1, Promised: durable, Available: disks,
	}
	kind.New = func(f plan.Fault, w harness.World) (harness.Fault, error) {
		args, err := check(kind, f, w)
		if err != nil {
			return nil, err
		}
		return &powerLoss{outage: outage{plan: f, world: w}, how: cluster.PowerLoss{
			Strict: args[strictArg] != 0,
			Age:    time.Duration(args[ageArg]) * time.Second,
			Tear:   args[tornArg] != 0,
		}}, nil
	}
	return kind
}

func flipKind() harness.FaultKind {
	kind := harness.FaultKind{
		Name: "bit-flip", Doc: "nodes are killed, bits of their files are flipped, and they are started again",
		Family: Family, Targets: []string{target.Follower}, Args: map[string][2]int64{bitsArg: {1, 8}},
		Nodes: 1, Length: time.Second, Disk: true, OptIn: true, Available: disks,
	}
	kind.New = func(f plan.Fault, w harness.World) (harness.Fault, error) {
		args, err := check(kind, f, w)
		if err != nil {
			return nil, err
		}
		return &flipping{outage: outage{plan: f, world: w}, bits: int(args[bitsArg])}, nil
	}
	return kind
}

// durable reports whether a system promises to survive a loss of power.
func durable(s harness.System, config plan.Config) bool {
	system, can := s.(harness.Durable)
	return can && system.Durable(config)
}

// check reads the arguments of a fault that may be put on any nodes.
func check(kind harness.FaultKind, f plan.Fault, w harness.World) (params.Values, error) {
	args, err := params.Read(f, kind.Args)
	if err != nil {
		return nil, err
	}
	words := []string{target.Leader, target.Follower, target.Random, target.Majority, target.All}
	return args, target.Check(w.Cluster(), f.Target, words)
}

// of is the disk of a node.
func of(node cluster.Node) (cluster.Disk, error) {
	if n, ok := node.(cluster.Disked); ok {
		if disk := n.Disk(); disk != nil {
			return disk, nil
		}
	}
	return nil, fmt.Errorf("node %s has no disk of the harness's own", node.Name())
}

// outage is nodes that are killed, with something done to their disks before they
// are started again.
type outage struct {
	plan  plan.Fault
	world harness.World

	mu    sync.Mutex
	nodes []cluster.Node
	hit   []string // by name
	what  []string
}

// strike kills the nodes and does something to the disk of each.
func (o *outage) strike(ctx context.Context, do func(node cluster.Node, disk cluster.Disk) (what string, err error)) error {
	nodes, err := target.Nodes(ctx, o.world, o.plan.Target, o.plan.Salt)
	if err != nil {
		return fmt.Errorf("%s: %w", o.plan.Kind, err)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.nodes = nodes
	if _, err := life.Kill(nodes); err != nil {
		return err
	}
	var errs []error
	for _, node := range nodes {
		disk, err := of(node)
		if err == nil && disk.Requests() == 0 {
			err = fmt.Errorf("node %s never asked anything of its disk: its data is elsewhere", node.Name())
		}
		if err != nil {
			errs = append(errs, err)
			continue
		}
		what, err := do(node, disk)
		if err != nil {
			errs = append(errs, fmt.Errorf("the disk of %s: %w", node.Name(), err))
			continue
		}
		o.hit = append(o.hit, node.Name())
		o.what = append(o.what, node.Name()+": "+what)
	}
	return errors.Join(errs...)
}

// Heal starts the nodes again and waits until they are ready.
func (o *outage) Heal(ctx context.Context) error {
	o.mu.Lock()
	nodes := o.nodes
	o.mu.Unlock()
	return life.Revive(ctx, nodes)
}

// Evidence counts the disks that were struck.
func (o *outage) Evidence() harness.Evidence {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.hit) == 0 {
		return harness.Evidence{What: "no disk was struck"}
	}
	return harness.Evidence{
		Count: int64(len(o.hit)), Where: append([]string(nil), o.hit...), What: strings.Join(o.what, "; "),
	}
}

// powerLoss takes the power from nodes: what they had not fsynced is gone.
type powerLoss struct {
	outage
	how cluster.PowerLoss
}

// Inject kills the nodes and drops what was not durable.
func (p *powerLoss) Inject(ctx context.Context) error {
	return p.strike(ctx, func(node cluster.Node, disk cluster.Disk) (string, error) {
		how := p.how
		how.Salt = plan.NewStream(p.plan.Salt, "power loss", node.Name()).Uint64()
		lost, err := disk.Lose(how)
		what := fmt.Sprintf("%d writes with %d bytes and %d changes of names lost", lost.Writes, lost.Bytes, lost.Names)
		if lost.Torn != "" {
			what += ", " + lost.Torn + " kept"
		}
		return what, err
	})
}

// flipping flips bits.
type flipping struct {
	outage
	bits int
}

// Inject kills the nodes and flips bits on their disks.
func (f *flipping) Inject(ctx context.Context) error {
	return f.strike(ctx, func(node cluster.Node, disk cluster.Disk) (string, error) {
		return disk.Flip(f.bits, plan.NewStream(f.plan.Salt, "bit flip", node.Name()).Uint64())
	})
}
