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

var _ harness.Fault = (*pausing)(nil)

const (
	// pauseWait is how long a node may take to be seen paused. The operating
	// system needs a moment to stop all threads.
	pauseWait = 2 * time.Second
	pausePoll = 2 * time.Millisecond
)

// pausing pauses nodes.
type pausing struct {
	plan  plan.Fault
	world harness.World

	mu     sync.Mutex
	nodes  []cluster.Node
	paused []string
}

// Inject pauses the nodes and waits until they are seen paused.
func (p *pausing) Inject(ctx context.Context) error {
	nodes, err := target.Nodes(ctx, p.world, p.plan.Target, p.plan.Salt)
	if err != nil {
		return fmt.Errorf("pause: %w", err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.nodes = nodes
	var errs []error
	for _, node := range nodes {
		if err := node.Pause(); err != nil {
			errs = append(errs, fmt.Errorf("pausing %s: %w", node.Name(), err))
		}
	}
	for _, node := range nodes {
		if seenPaused(ctx, node) {
			p.paused = append(p.paused, node.Name())
		} else {
			errs = append(errs, fmt.Errorf("%s was paused and is %s", node.Name(), node.State()))
		}
	}
	return errors.Join(errs...)
}

func seenPaused(ctx context.Context, node cluster.Node) bool {
	ctx, cancel := context.WithTimeout(ctx, pauseWait)
	defer cancel()
	poll := time.NewTicker(pausePoll)
	defer poll.Stop()
	for {
		switch node.State() {
		case cluster.Paused:
			return true
		case cluster.Down:
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-poll.C:
		}
	}
}

// Heal lets the nodes go on. One that has died meanwhile is started again.
func (p *pausing) Heal(ctx context.Context) error {
	p.mu.Lock()
	nodes := p.nodes
	p.mu.Unlock()
	return life.Revive(ctx, nodes)
}

// Evidence counts the nodes that were seen paused.
func (p *pausing) Evidence() harness.Evidence {
	p.mu.Lock()
	defer p.mu.Unlock()
	return harness.Evidence{
		Count: int64(len(p.paused)),
		Where: slices.Clone(p.paused),
		What:  "paused: " + list(p.paused),
	}
}
