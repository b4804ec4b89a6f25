// Package maintenance has the faults of nodes that die while they are looked
// after.
package maintenance

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/life"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

// Family is that of the faults of processes: no two of them at a time.
const Family = "process"

// Name is that of the one kind.
const Name = "defragment-kill"

// delayArg is how long after the start of the defragmentation the node is
// killed.
const delayArg = "delay_ms"

// lastWords is how long an answer may be on its way from a node that is dead.
const lastWords = 5 * time.Second

// Defragmenter is a system whose nodes rewrite what they keep when they are told
// to, while they go on serving.
type Defragmenter interface {
	// Defragment tells a node to, past every proxy, and returns once it has.
	Defragment(ctx context.Context, node cluster.Node) error
}

// Kinds returns the kinds of this family.
func Kinds() []harness.FaultKind {
	kind := harness.FaultKind{
		Name: Name,
		Doc: "a node is told to rewrite what it keeps, killed (kill -9) delay_ms later, in the middle of that, and started again;" +
			" only where it is named, as small data is rewritten too soon",
		Family: Family, Targets: []string{target.Follower, target.Leader},
		Args: map[string][2]int64{delayArg: {50, 500}}, Nodes: 1, Length: time.Second, Available: available,
	}
	kind.New = func(f plan.Fault, w harness.World) (harness.Fault, error) {
		args, err := params.Read(f, kind.Args)
		if err != nil {
			return nil, err
		}
		if err := target.Check(w.Cluster(), f.Target, kind.Targets); err != nil {
			return nil, err
		}
		system, can := w.System().(Defragmenter)
		if !can {
			return nil, errCannot
		}
		return &defragmenting{plan: f, world: w, system: system, delay: args.Milliseconds(delayArg)}, nil
	}
	return []harness.FaultKind{kind}
}

var (
	errCannot  = errors.New("its nodes cannot be told to defragment what they keep")
	errUnnamed = errors.New("it is for data that takes a while to rewrite: name it, and have much written before")
)

// available returns nil if nodes can be told to, and the fault was asked for.
func available(s harness.System, config plan.Config) error {
	if _, can := s.(Defragmenter); !can {
		return errCannot
	}
	named := slices.Contains(config.Faults, Name) ||
		slices.ContainsFunc(config.Script, func(i plan.Injection) bool { return i.Kind == Name })
	if !named {
		return errUnnamed
	}
	return nil
}

var _ harness.Fault = (*defragmenting)(nil)

// defragmenting kills a node while it defragments.
type defragmenting struct {
	plan   plan.Fault
	world  harness.World
	system Defragmenter
	delay  time.Duration

	mu   sync.Mutex
	node cluster.Node
	// underWay says that the node had not answered when it was killed.
	underWay bool
	dead     []string
}

// Inject has a node defragment, and kills it. A node that was done before is
// killed too, which is not what was asked for.
func (d *defragmenting) Inject(ctx context.Context) error {
	nodes, err := target.Nodes(ctx, d.world, d.plan.Target, d.plan.Salt)
	if err != nil {
		return fmt.Errorf("%s: %w", Name, err)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.node = nodes[0]
	asking, stop := context.WithCancel(ctx)
	defer stop()
	answered := make(chan error, 1)
	go func() { answered <- d.system.Defragment(asking, d.node) }()
	timer := time.NewTimer(d.delay)
	defer timer.Stop()
	select {
	case err := <-answered:
		if err != nil {
			return fmt.Errorf("%s: %s did not: %w", Name, d.node.Name(), err)
		}
		return fmt.Errorf("%s: %s was done in less than %s: have more written before, or set %s lower", Name, d.node.Name(), d.delay, delayArg)
	case <-timer.C:
	}
	d.dead, err = life.Kill(nodes[:1])
	// An answer that had left before may still arrive: then the node was done.
	timer.Reset(lastWords)
	select {
	case answer := <-answered:
		d.underWay = answer != nil
	case <-timer.C:
		stop()
		d.underWay = <-answered != nil
	}
	if err == nil && !d.underWay {
		err = fmt.Errorf("%s: %s was done before it was dead: have more written before, or set %s lower", Name, d.node.Name(), delayArg)
	}
	return err
}

// Heal starts the node again and waits until it is ready.
func (d *defragmenting) Heal(ctx context.Context) error {
	d.mu.Lock()
	node := d.node
	d.mu.Unlock()
	if node == nil {
		return nil
	}
	return life.Revive(ctx, []cluster.Node{node})
}

// Evidence counts the node if it was seen dead, and had not been done.
func (d *defragmenting) Evidence() harness.Evidence {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.node == nil {
		return harness.Evidence{What: "no node was told to"}
	}
	e := harness.Evidence{Where: []string{d.node.Name()}, What: d.node.Name() + " was not killed while it defragmented"}
	if d.underWay && len(d.dead) > 0 {
		e.Count, e.What = 1, fmt.Sprintf("%s killed %s after it began to defragment, and before it was done", d.node.Name(), d.delay)
	}
	return e
}
