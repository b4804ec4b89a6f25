package process

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/life"
	"github.com/tertium-dev/tertium/nemeses/internal/target"
)

var _ harness.Fault = (*killing)(nil)

// killing kills nodes.
type killing struct {
	plan  plan.Fault
	world harness.World

	mu    sync.Mutex
	nodes []cluster.Node
	dead  []string
}

// Inject kills the nodes.
func (k *killing) Inject(ctx context.Context) error {
	nodes, err := target.Nodes(ctx, k.world, k.plan.Target, k.plan.Salt)
	if err != nil {
		return fmt.Errorf("kill: %w", err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.nodes = nodes
	k.dead, err = life.Kill(nodes)
	return err
}

// Heal starts them again and waits until they are ready.
func (k *killing) Heal(ctx context.Context) error {
	k.mu.Lock()
	nodes := k.nodes
	k.mu.Unlock()
	return life.Revive(ctx, nodes)
}

// Evidence counts the nodes that were seen dead.
func (k *killing) Evidence() harness.Evidence {
	k.mu.Lock()
	defer k.mu.Unlock()
	return harness.Evidence{
		Count: int64(len(k.dead)),
		Where: slices.Clone(k.dead),
		What:  "killed: " + list(k.dead),
	}
}

// list names nodes to people.
func list(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
