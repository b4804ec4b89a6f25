// Package docker runs the nodes of a system under test as containers of a Docker
// Engine, on this machine or another.
//
// Every run has a network of its own, and every node two containers: that of its
// agent, which has the network namespace with its addresses and ports and goes on
// all the time, and the node's own, which joins it and has a volume for its data,
// so that addresses and data survive a kill and a restart. Ports are published on
// loopback only, where the engine is on this machine. Clients reach nodes through
// links in this process, and nodes each other through links in their agents (see
// package agent), whatever their images are.
//
// Containers, networks and volumes carry the run's token as a label. They are
// removed by Close, and otherwise by the next sweep of the undo journal, which
// needs nothing but the label: no reaper container is used.
package docker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// Runtime runs nodes as containers. The zero value is ready for use.
type Runtime struct {
	// Image, if set, is used for every node in place of the system's own.
	Image string
	// Program is the program that agents run; empty means this one. It must be a
	// static one for Linux.
	Program string
	// Memory bounds each node, in bytes; 0 means not at all.
	Memory int64
	// CPUs bounds each node, in processors; 0 means not at all.
	CPUs float64
}

var _ cluster.Runtime = Runtime{}

// Name is "docker".
func (Runtime) Name() string { return "docker" }

// Open makes a network, volumes and containers for the nodes, building their
// images where there are none yet.
func (r Runtime) Open(ctx context.Context, specs []cluster.Spec, options cluster.Options) (cluster.Cluster, error) {
	if err := r.check(specs, options); err != nil {
		return nil, fmt.Errorf("docker cluster: %w", err)
	}
	engine, err := connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("docker cluster: %w", err)
	}
	// Lower case, as names of networks and host names are.
	c := newCluster(engine, strings.ToLower(rand.Text()), options.Journal)
	if err := c.build(ctx, r, specs, options); err != nil {
		return nil, errors.Join(fmt.Errorf("docker cluster: %w", err), c.Close())
	}
	return c, nil
}

func (r Runtime) check(specs []cluster.Spec, options cluster.Options) error {
	if err := cluster.Check(specs); err != nil {
		return err
	}
	for _, s := range specs {
		if s.Image == nil {
			return fmt.Errorf("node %s has no image: its system runs as a process only", s.Name)
		}
	}
	if options.Dir == "" {
		return errors.New("no folder was given for the nodes' logs")
	}
	return nil
}
