// Package life ends nodes and brings them back, several at once.
package life

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// Kill kills the nodes at the same time and returns the names of those that
// were alive before and are seen dead after.
func Kill(nodes []cluster.Node) (dead []string, err error) {
	died := make([]bool, len(nodes))
	err = each(nodes, func(i int, node cluster.Node) error {
		alive := node.State() != cluster.Down
		if err := node.Kill(); err != nil {
			return fmt.Errorf("killing %s: %w", node.Name(), err)
		}
		if state := node.State(); state != cluster.Down {
			return fmt.Errorf("%s was killed and is still %s", node.Name(), state)
		}
		died[i] = alive
		return nil
	})
	for i, node := range nodes {
		if died[i] {
			dead = append(dead, node.Name())
		}
	}
	return dead, err
}

// Revive resumes the nodes that are paused and starts those that are down, all
// at the same time, because some are ready only once others are. It returns when
// all are ready, and may be called again.
func Revive(ctx context.Context, nodes []cluster.Node) error {
	return each(nodes, func(_ int, node cluster.Node) error {
		switch node.State() {
		case cluster.Paused:
			if err := node.Resume(); err != nil {
				return fmt.Errorf("resuming %s: %w", node.Name(), err)
			}
		case cluster.Down:
			if err := node.Start(ctx); err != nil {
				return fmt.Errorf("starting %s again: %w", node.Name(), err)
			}
		}
		return nil
	})
}

// each does something to all nodes at the same time.
func each(nodes []cluster.Node, do func(int, cluster.Node) error) error {
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, node := range nodes {
		all.Go(func() { errs[i] = do(i, node) })
	}
	all.Wait()
	return errors.Join(errs...)
}
