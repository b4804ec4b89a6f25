package process

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
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

const (
	// serving is how long a node of a crash loop serves before it is killed
	// again.
	serving = 100 * time.Millisecond
	// patience is how long a node may take to end when it is asked to.
	patience = 5 * time.Second
)

var _ harness.Fault = (*rounds)(nil)

// rounds ends nodes and starts them again, round after round, for as long as the
// fault lasts.
type rounds struct {
	name  string
	plan  plan.Fault
	world harness.World
	// verb says in evidence what was done: "killed".
	verb string
	// next does one round on the nodes. It returns the names of those that it
	// ended, and whether there is another round to come.
	next func(ctx context.Context, nodes []cluster.Node, round int) (ended []string, more bool, err error)

	stop context.CancelFunc
	over chan struct{}

	mu    sync.Mutex
	nodes []cluster.Node
	count int64
	where []string
	err   error
}

// Inject does the first round and leaves the others to themselves.
func (r *rounds) Inject(ctx context.Context) error {
	nodes, err := target.Nodes(ctx, r.world, r.plan.Target, r.plan.Salt)
	if err != nil {
		return fmt.Errorf("%s: %w", r.name, err)
	}
	r.mu.Lock()
	r.nodes = nodes
	r.mu.Unlock()
	if !r.once(ctx, 0) {
		return r.failure()
	}
	going, stop := context.WithCancel(context.WithoutCancel(ctx))
	r.stop, r.over = stop, make(chan struct{})
	go func() {
		defer close(r.over)
		for round := 1; going.Err() == nil && r.once(going, round); round++ {
		}
	}()
	return nil
}

// once does one round and reports whether there is another.
func (r *rounds) once(ctx context.Context, round int) bool {
	ended, more, err := r.next(ctx, r.nodes, round)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.count += int64(len(ended))
	for _, name := range ended {
		if !slices.Contains(r.where, name) {
			r.where = append(r.where, name)
		}
	}
	if err != nil && ctx.Err() == nil {
		r.err = errors.Join(r.err, err)
	}
	return more && err == nil
}

func (r *rounds) failure() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

// Heal ends the rounds and brings every node back.
func (r *rounds) Heal(ctx context.Context) error {
	if r.stop != nil {
		r.stop()
		select {
		case <-r.over:
		case <-ctx.Done():
			return fmt.Errorf("%s: a round does not end: %w", r.name, ctx.Err())
		}
	}
	r.mu.Lock()
	nodes := r.nodes
	r.mu.Unlock()
	return life.Revive(ctx, nodes)
}

// Evidence counts the ends of nodes, and says what ended the rounds before their
// time.
func (r *rounds) Evidence() harness.Evidence {
	r.mu.Lock()
	defer r.mu.Unlock()
	e := harness.Evidence{Count: r.count, What: r.verb + ": none"}
	if r.count > 0 {
		e.Where = append(e.Where, r.where...)
		e.What = fmt.Sprintf("%s %d times: %s", r.verb, r.count, list(r.where))
	}
	if r.err != nil {
		e.What += fmt.Sprintf("; not again: %v", r.err)
	}
	return e
}

// crash kills the nodes; from the second round on it first starts those that
// are down and lets each serve for a moment.
func crash(ctx context.Context, nodes []cluster.Node, round int) (dead []string, more bool, err error) {
	if round > 0 {
		if err := life.Revive(ctx, nodes); err != nil {
			return nil, false, err
		}
		select {
		case <-time.After(serving):
		case <-ctx.Done():
			return nil, false, nil
		}
	}
	dead, err = life.Kill(nodes)
	return dead, true, err
}

// restart stops one node, waits until it is gone and starts it again: the round
// is the number of the node.
func restart(ctx context.Context, nodes []cluster.Node, round int) (ended []string, more bool, err error) {
	node := nodes[round]
	if node.State() == cluster.Running {
		if err := stop(ctx, node); err != nil {
			return nil, false, err
		}
		ended = []string{node.Name()}
	}
	if err := life.Revive(ctx, nodes[round:round+1]); err != nil {
		return ended, false, err
	}
	return ended, round+1 < len(nodes), nil
}

// stop asks a node to end; one that does not is killed.
func stop(ctx context.Context, node cluster.Node) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := node.Stop(ctx); err != nil {
		return fmt.Errorf("stopping %s: %w", node.Name(), err)
	}
	if state := node.State(); state != cluster.Down {
		return fmt.Errorf("%s was stopped and is still %s", node.Name(), state)
	}
	return nil
}
