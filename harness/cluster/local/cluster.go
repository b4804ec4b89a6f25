package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/port"
	"github.com/tertium-dev/tertium/harness/cluster/proxy"
	"github.com/tertium-dev/tertium/harness/journal"
)

// Cluster is a set of nodes on this machine.
type Cluster struct {
	token   string
	opened  time.Time
	spawner *spawner
	links   *proxy.Set
	nodes   []*Node
	byName  map[string]*Node

	undo *journal.Stack // what build has made and close must undo

	closing sync.Once
	closed  error
}

var _ cluster.Cluster = (*Cluster)(nil)

func newCluster(token string, j cluster.Journal) *Cluster {
	c := &Cluster{
		token:   token,
		opened:  time.Now(),
		spawner: newSpawner(),
		byName:  map[string]*Node{},
		undo:    journal.NewStack(j),
	}
	c.links = proxy.New(c.resolve)
	return c
}

// build makes everything but the nodes' processes. What it has made when it
// fails is undone by Close.
func (c *Cluster) build(dataDir string, keep bool, specs []cluster.Spec, options cluster.Options) error {
	if err := c.undo.Record(journal.Run(c.token), journal.EndRun); err != nil {
		return err
	}
	data := filepath.Join(dataDir, "tertium-"+c.token)
	if err := c.makeData(data, keep); err != nil {
		return err
	}
	for _, spec := range specs {
		n := &Node{cluster: c, spec: spec, data: filepath.Join(data, spec.Name), ports: map[string]*port.Port{}}
		c.nodes = append(c.nodes, n)
		c.byName[spec.Name] = n
		if err := n.build(filepath.Join(options.Dir, "nodes", spec.Name)); err != nil {
			return fmt.Errorf("node %s: %w", spec.Name, err)
		}
		if options.Disks {
			if err := n.mount(); err != nil {
				return fmt.Errorf("node %s: %w", spec.Name, err)
			}
		}
	}
	return c.connect(specs, options.Framer)
}

// makeData makes the folder for the data of all nodes.
func (c *Cluster) makeData(dir string, keep bool) error {
	if keep {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return fmt.Errorf("making the folder for the nodes' data: %w", err)
		}
		return nil
	}
	entry := journal.Folder(dir, c.token)
	if err := c.undo.Record(entry, journal.RemoveFolder); err != nil {
		return err
	}
	return journal.MakeFolder(entry)
}

// connect makes the links. All of them refuse connections until their nodes
// are up.
func (c *Cluster) connect(specs []cluster.Spec, framer cluster.Framer) error {
	for _, spec := range specs {
		if _, err := c.links.Open(cluster.Client, spec.Name, cluster.ClientPort, framer); err != nil {
			return err
		}
	}
	for _, spec := range specs {
		for _, peer := range spec.Peers {
			link, err := c.links.Open(spec.Name, peer, cluster.PeerPort, nil)
			if err != nil {
				return err
			}
			c.byName[spec.Name].place.Dial[peer] = link.Addr()
		}
	}
	for _, spec := range specs {
		c.links.Down(spec.Name)
	}
	return nil
}

// resolve is where the links find the nodes.
func (c *Cluster) resolve(node, port string) (string, error) {
	n := c.byName[node]
	if n == nil {
		return "", fmt.Errorf("there is no node %s", node)
	}
	addr := n.Addr(port)
	if addr == "" {
		return "", fmt.Errorf("node %s has no port %q", node, port)
	}
	return addr, nil
}

// Nodes are in the order of the specs.
func (c *Cluster) Nodes() []cluster.Node {
	out := make([]cluster.Node, len(c.nodes))
	for i, n := range c.nodes {
		out[i] = n
	}
	return out
}

// Node returns the node of that name, or nil.
func (c *Cluster) Node(name string) cluster.Node {
	if n := c.byName[name]; n != nil {
		return n
	}
	return nil
}

// Links are all directed links.
func (c *Cluster) Links() []cluster.Link { return c.links.Links() }

// Link returns the link between the two, or nil.
func (c *Cluster) Link(from, to string) cluster.Link {
	if l := c.links.Link(from, to); l != nil {
		return l
	}
	return nil
}

// closeTimeout bounds how long processes that were killed may take to go.
const closeTimeout = 20 * time.Second

// Close kills all nodes, ends all links and removes the nodes' data. Logs stay.
func (c *Cluster) Close() error {
	c.closing.Do(func() { c.closed = c.close() })
	return c.closed
}

func (c *Cluster) close() error {
	errs := make([]error, len(c.nodes))
	var group sync.WaitGroup
	for i, n := range c.nodes {
		group.Go(func() { errs[i] = n.close() })
	}
	group.Wait()
	errs = append(errs, c.links.Close())
	c.spawner.stop()

	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	errs = append(errs, c.undo.Undo(ctx))
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the local cluster: %w", err)
	}
	return nil
}
