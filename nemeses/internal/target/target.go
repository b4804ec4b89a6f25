// Package target finds the nodes that a plan means by "leader", "follower" and
// the like, at the moment a fault is injected.
package target

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

// The words that a plan can use for nodes, besides their names.
const (
	// Leader is the node that leads when the fault is injected.
	Leader = "leader"
	// Follower is any node but the leader; of one node, that node.
	Follower = "follower"
	// Random is any node.
	Random = "random"
	// Majority is any smallest set of nodes that is more than half of them.
	Majority = "majority"
	// All are all nodes.
	All = "all"
)

const (
	// leaderWait is how long to wait for a leader: a few elections.
	leaderWait = 5 * time.Second
	leaderPoll = 25 * time.Millisecond
)

// Check returns an error unless the target is one of the words or the name of a
// node.
func Check(c cluster.Cluster, target string, words []string) error {
	if slices.Contains(words, target) || c.Node(target) != nil {
		return nil
	}
	names := slices.Clone(words)
	for _, node := range c.Nodes() {
		names = append(names, node.Name())
	}
	return fmt.Errorf("the target %q is not one of %s", target, strings.Join(names, ", "))
}

// Nodes returns the nodes that the target stands for now. Where it leaves a
// choice, salt makes it. If a leader is needed to answer, it waits a little for
// one.
func Nodes(ctx context.Context, w harness.World, target string, salt uint64) ([]cluster.Node, error) {
	nodes := w.Cluster().Nodes()
	if len(nodes) == 0 {
		return nil, errors.New("the cluster has no nodes")
	}
	draws := plan.NewStream(salt, "target", target)
	switch target {
	case All:
		return nodes, nil
	case Majority:
		chosen := make([]cluster.Node, 0, len(nodes)/2+1)
		for _, i := range draws.Shuffled(len(nodes))[:len(nodes)/2+1] {
			chosen = append(chosen, nodes[i])
		}
		return chosen, nil
	case Random:
		return []cluster.Node{plan.Pick(draws, nodes)}, nil
	case Leader:
		leader, err := leader(ctx, w)
		if err != nil {
			return nil, err
		}
		return []cluster.Node{leader}, nil
	case Follower:
		leader, err := leader(ctx, w)
		if err != nil {
			return nil, err
		}
		followers := slices.DeleteFunc(slices.Clone(nodes), func(n cluster.Node) bool { return n.Name() == leader.Name() })
		if len(followers) == 0 {
			followers = nodes
		}
		return []cluster.Node{plan.Pick(draws, followers)}, nil
	}
	if node := w.Cluster().Node(target); node != nil {
		return []cluster.Node{node}, nil
	}
	return nil, fmt.Errorf("no node is called %q", target)
}

// Names returns the names of nodes.
func Names(nodes []cluster.Node) []string {
	names := make([]string, len(nodes))
	for i, node := range nodes {
		names[i] = node.Name()
	}
	return names
}

func leader(ctx context.Context, w harness.World) (cluster.Node, error) {
	ctx, cancel := context.WithTimeout(ctx, leaderWait)
	defer cancel()
	poll := time.NewTicker(leaderPoll)
	defer poll.Stop()
	for {
		if name := w.Primary(ctx); name != "" {
			if node := w.Cluster().Node(name); node != nil {
				return node, nil
			}
			return nil, fmt.Errorf("the system says that %q leads, but no node is called that", name)
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("no leader: %w", ctx.Err())
		case <-poll.C:
		}
	}
}
