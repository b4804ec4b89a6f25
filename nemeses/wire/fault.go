package wire

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

var _ harness.Fault = (*fault)(nil)

// fault treats the messages of some client links.
type fault struct {
	treatment
	plan     plan.Fault
	world    harness.World
	protocol Protocol
	args     params.Values

	// seen counts the messages that it could have treated, treated those that
	// it did.
	seen, treated atomic.Int64

	mu    sync.Mutex
	rules []*rule // those on links
}

func newFault(t treatment, f plan.Fault, w harness.World) (*fault, error) {
	args, err := params.Read(f, t.args)
	if err != nil {
		return nil, err
	}
	if err := target.Check(w.Cluster(), f.Target, words); err != nil {
		return nil, err
	}
	protocol, err := find(w.System().Protocol())
	if err != nil {
		return nil, err
	}
	return &fault{treatment: t, plan: f, world: w, protocol: protocol, args: args}, nil
}

// Inject puts one rule on the client link of each target.
func (f *fault) Inject(ctx context.Context) error {
	nodes, err := target.Nodes(ctx, f.world, f.plan.Target, f.plan.Salt)
	if err != nil {
		return fmt.Errorf("%s: %w", f.name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, node := range nodes {
		link := f.world.Cluster().Link(cluster.Client, node.Name())
		if link == nil {
			return fmt.Errorf("%s: clients have no link to %s", f.name, node.Name())
		}
		rule := &rule{fault: f, to: node.Name(), others: f.others(node.Name()), holes: map[hole]bool{}}
		rule.remove = link.Add(rule)
		f.rules = append(f.rules, rule)
	}
	return nil
}

func (f *fault) others(name string) []string {
	var others []string
	for _, node := range f.world.Cluster().Nodes() {
		if node.Name() != name {
			others = append(others, node.Name())
		}
	}
	return others
}

// Heal takes the rules off. One that has left connections with a hole stays
// until the end of the run, to end those connections and nothing else.
func (f *fault) Heal(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, rule := range f.rules {
		rule.heal()
	}
	return nil
}

// Evidence counts the messages that were treated. A copy counts once it was
// answered.
func (f *fault) Evidence() harness.Evidence {
	f.mu.Lock()
	defer f.mu.Unlock()
	e := harness.Evidence{
		Count: f.treated.Load(),
		What:  fmt.Sprintf("%d of %d %s", f.treated.Load(), f.seen.Load(), f.what),
	}
	for _, rule := range f.rules {
		e.Where = append(e.Where, cluster.Client+"→"+rule.to)
	}
	return e
}
