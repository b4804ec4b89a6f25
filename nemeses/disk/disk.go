// Package disk has the faults of what nodes keep on their disks.
package disk

import (
	"context"
	"errors"
	"fmt"
	"slices"
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

// Family is the name of this family of faults.
const Family = "disk"

var _ harness.Fault = (*tearing)(nil)

// Kinds returns the kinds of this family.
func Kinds() []harness.FaultKind {
	kind := harness.FaultKind{
		Name: "torn-write", Doc: "nodes are killed, and their logs end in the beginning of a record that was never acknowledged",
		// A plan does not draw the leader, as Raft takes back what only its log
		// has, but a user may name it.
		Family: Family, Targets: []string{target.Follower, target.All},
		Nodes: 1, Length: 500 * time.Millisecond,
		Available: func(s harness.System, config plan.Config) error {
			if config.Runtime == "docker" {
				return errors.New("the data of a container is in a volume, which the harness does not reach into;" +
					" power-loss tears writes of every system")
			}
			_, err := tearer(s)
			return err
		},
	}
	kind.New = func(f plan.Fault, w harness.World) (harness.Fault, error) {
		if _, err := params.Read(f, kind.Args); err != nil {
			return nil, err
		}
		if err := target.Check(w.Cluster(), f.Target, append([]string{target.Leader}, kind.Targets...)); err != nil {
			return nil, err
		}
		system, err := tearer(w.System())
		if err != nil {
			return nil, err
		}
		return &tearing{plan: f, world: w, system: system}, nil
	}
	return []harness.FaultKind{
		powerKind("power-loss", "all nodes lose power at the same moment: what they had not fsynced is gone, of the last write a part may stay (torn=1)",
			1, target.All),
		powerKind("power-loss-node", "some of several nodes lose power: what they had not fsynced is gone, of the last write a part may stay (torn=1)",
			2, target.Leader, target.Follower, target.Majority),
		slowKind(), kind, errorKind(), fullKind(), flipKind(),
	}
}

func tearer(s harness.System) (harness.TornWriter, error) {
	if system, can := s.(harness.TornWriter); can {
		return system, nil
	}
	return nil, fmt.Errorf("%s cannot tear its logs", s.Name())
}

// tearing leaves logs as a crash in the middle of a write does.
type tearing struct {
	plan   plan.Fault
	world  harness.World
	system harness.TornWriter

	mu    sync.Mutex
	nodes []cluster.Node
	torn  []string // by name
	what  []string
}

// Inject kills the nodes and tears their logs.
func (t *tearing) Inject(ctx context.Context) error {
	nodes, err := target.Nodes(ctx, t.world, t.plan.Target, t.plan.Salt)
	if err != nil {
		return fmt.Errorf("torn-write: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.nodes = nodes
	if _, err := life.Kill(nodes); err != nil {
		return err
	}
	for _, node := range nodes {
		if err := t.tear(node); err != nil {
			return fmt.Errorf("tearing the log of %s: %w", node.Name(), err)
		}
	}
	return nil
}

func (t *tearing) tear(node cluster.Node) error {
	if node.Data() == "" {
		return errors.New("its runtime shows no data folder")
	}
	draws := plan.NewStream(t.plan.Salt, "tear", node.Name())
	what, err := t.system.Tear(node.Data(), draws.Uint64())
	if err != nil {
		return err
	}
	t.torn = append(t.torn, node.Name())
	t.what = append(t.what, node.Name()+": "+what)
	return nil
}

// Heal starts the nodes again and waits until they are ready, each with its
// torn log.
func (t *tearing) Heal(ctx context.Context) error {
	t.mu.Lock()
	nodes := t.nodes
	t.mu.Unlock()
	return life.Revive(ctx, nodes)
}

// Evidence counts the logs that were torn, and says which of their nodes run
// again.
func (t *tearing) Evidence() harness.Evidence {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.torn) == 0 {
		return harness.Evidence{What: "no log was torn"}
	}
	var back []string
	for _, node := range t.nodes {
		if slices.Contains(t.torn, node.Name()) && node.State() == cluster.Running {
			back = append(back, node.Name())
		}
	}
	what := strings.Join(t.what, "; ") + "; running again: "
	if len(back) == 0 {
		what += "none"
	}
	return harness.Evidence{
		Count: int64(len(t.torn)),
		Where: slices.Clone(t.torn),
		What:  what + strings.Join(back, ", "),
	}
}
