// Package fake is a world in memory for the tests of faults: nodes that note
// what is done to them, and links that apply their rules to the messages that a
// test sends.
package fake

import (
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

var (
	_ harness.World        = (*World)(nil)
	_ harness.System       = (*System)(nil)
	_ harness.Deduplicator = (*System)(nil)
	_ harness.TornWriter   = (*TearableSystem)(nil)
	_ cluster.Cluster      = (*Cluster)(nil)
	_ cluster.Node         = (*Node)(nil)
	_ cluster.Link         = (*Link)(nil)
)

// World is a fake [harness.World].
type World struct {
	C *Cluster
	S harness.System

	mu      sync.Mutex
	primary string
}

// New returns a world of n running nodes "n1", "n2", …, each linked to all
// others and to the clients. No node leads.
func New(n int) *World {
	c := &Cluster{}
	for i := range n {
		c.nodes = append(c.nodes, &Node{name: fmt.Sprintf("n%d", i+1), state: cluster.Running})
	}
	for _, to := range c.nodes {
		c.links = append(c.links, &Link{from: cluster.Client, to: to.name})
		for _, from := range c.nodes {
			if from != to {
				c.links = append(c.links, &Link{from: from.name, to: to.name})
			}
		}
	}
	return &World{C: c, S: &System{Proto: "http/1.1", Once: "once"}}
}

// Cluster returns w.C.
func (w *World) Cluster() cluster.Cluster { return w.C }

// System returns w.S.
func (w *World) System() harness.System { return w.S }

// Config names the nodes and the workload "once".
func (w *World) Config() plan.Config {
	config := plan.Config{Workload: "once"}
	for _, node := range w.C.nodes {
		config.Nodes = append(config.Nodes, node.name)
	}
	return config
}

// Lead makes a node the leader; "" deposes it.
func (w *World) Lead(name string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.primary = name
}

// Primary returns the leader.
func (w *World) Primary(context.Context) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.primary
}

// Watch never calls f: nothing operates on a fake world.
func (w *World) Watch(func(history.Event)) (stop func()) { return func() {} }

// Cluster is a fake [cluster.Cluster].
type Cluster struct {
	nodes []*Node
	links []*Link
}

// Nodes returns all nodes.
func (c *Cluster) Nodes() []cluster.Node {
	nodes := make([]cluster.Node, len(c.nodes))
	for i, node := range c.nodes {
		nodes[i] = node
	}
	return nodes
}

// Node returns a node or nil.
func (c *Cluster) Node(name string) cluster.Node {
	if node := c.N(name); node != nil {
		return node
	}
	return nil
}

// N returns a node as what it is.
func (c *Cluster) N(name string) *Node {
	if i := slices.IndexFunc(c.nodes, func(n *Node) bool { return n.name == name }); i >= 0 {
		return c.nodes[i]
	}
	return nil
}

// Links returns all links.
func (c *Cluster) Links() []cluster.Link {
	links := make([]cluster.Link, len(c.links))
	for i, link := range c.links {
		links[i] = link
	}
	return links
}

// Link returns a link or nil.
func (c *Cluster) Link(from, to string) cluster.Link {
	if link := c.L(from, to); link != nil {
		return link
	}
	return nil
}

// L returns a link as what it is.
func (c *Cluster) L(from, to string) *Link {
	if i := slices.IndexFunc(c.links, func(l *Link) bool { return l.from == from && l.to == to }); i >= 0 {
		return c.links[i]
	}
	return nil
}

// Rules counts the rules on all links.
func (c *Cluster) Rules() int {
	n := 0
	for _, link := range c.links {
		n += link.Rules()
	}
	return n
}

// Close does nothing.
func (c *Cluster) Close() error { return nil }
