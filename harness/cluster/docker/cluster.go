package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/testcontainers/testcontainers-go/network"
	"golang.org/x/sync/errgroup"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker/agent"
	"github.com/tertium-dev/tertium/harness/cluster/nodelog"
	"github.com/tertium-dev/tertium/harness/cluster/proxy"
	"github.com/tertium-dev/tertium/harness/journal"
)

// Cluster is a set of nodes in containers.
type Cluster struct {
	engine *engine
	token  string
	opened time.Time
	// network is the name of the run's own.
	network string
	links   *proxy.Set // from clients
	peers   []peerLink
	nodes   []*Node
	byName  map[string]*Node

	undo *journal.Stack // what build has made and close must undo

	mu      sync.Mutex
	trouble []string

	closing sync.Once
	closed  error
}

var _ cluster.Cluster = (*Cluster)(nil)

func newCluster(e *engine, token string, j cluster.Journal) *Cluster {
	c := &Cluster{
		engine: e,
		token:  token,
		opened: time.Now(),
		byName: map[string]*Node{},
		undo:   journal.NewStack(j),
	}
	c.links = proxy.New(c.resolve)
	return c
}

// name is the beginning of the names of volumes and containers.
func (c *Cluster) name() string { return "tertium-" + c.token }

// labels are those of everything that the run makes.
func (c *Cluster) labels() map[string]string { return map[string]string{RunLabel: c.token} }

// build makes everything and starts nothing. What it has made when it fails is
// undone by Close.
func (c *Cluster) build(ctx context.Context, r Runtime, specs []cluster.Spec, options cluster.Options) error {
	disks, err := c.mountDisks(ctx, specs, options)
	if err != nil {
		return err
	}
	entry := cluster.Entry{Kind: Kind, Name: c.token}
	if err := c.undo.Record(entry, func(ctx context.Context, e cluster.Entry) (string, error) {
		return c.engine.remove(ctx, e.Name)
	}); err != nil {
		return err
	}
	images, err := c.images(ctx, r, specs)
	if err != nil {
		return err
	}
	net, err := network.New(ctx, network.WithLabels(c.labels()))
	if err != nil {
		return fmt.Errorf("making the run's network: %w%s", err, networkAdvice(err))
	}
	c.network = net.Name
	for _, spec := range specs {
		log, err := openLog(options.Dir, spec.Name)
		if err != nil {
			return fmt.Errorf("node %s: %w", spec.Name, err)
		}
		n := newNode(c, spec, log)
		n.disk = disks[spec.Name]
		c.nodes = append(c.nodes, n)
		c.byName[spec.Name] = n
	}
	agents, err := AgentImage(r.Program)
	if err != nil {
		return err
	}
	agentReference, err := c.engine.build(ctx, agents, discard)
	if err != nil {
		return err
	}
	if err := c.each(ctx, func(ctx context.Context, i int, n *Node) error { return n.openPod(ctx, agentReference) }); err != nil {
		return err
	}
	if err := c.connect(options.Framer); err != nil {
		return err
	}
	return c.each(ctx, func(ctx context.Context, i int, n *Node) error { return n.create(ctx, r, images[i]) })
}

// each does something with all nodes at once.
func (c *Cluster) each(ctx context.Context, do func(ctx context.Context, i int, n *Node) error) error {
	group, ctx := errgroup.WithContext(ctx)
	for i, n := range c.nodes {
		group.Go(func() error {
			if err := do(ctx, i, n); err != nil {
				return fmt.Errorf("node %s: %w", n.Name(), err)
			}
			return nil
		})
	}
	return group.Wait()
}

// images returns the reference of each node's image, which is there when it
// returns, if it is to be built here.
func (c *Cluster) images(ctx context.Context, r Runtime, specs []cluster.Spec) ([]string, error) {
	references := make([]string, len(specs))
	for i, spec := range specs {
		if references[i] = r.Image; r.Image != "" {
			continue
		}
		// One after the other: most nodes have the same, and then the second
		// finds what the first built.
		var err error
		if references[i], err = c.engine.build(ctx, *spec.Image, discard); err != nil {
			return nil, fmt.Errorf("node %s: %w", spec.Name, err)
		}
	}
	return references, nil
}

func openLog(dir, node string) (*nodelog.Log, error) {
	dir = filepath.Join(dir, "nodes", node)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making its folder: %w", err)
	}
	return nodelog.Open(filepath.Join(dir, "log"))
}

// connect makes the links: from clients, which refuse connections until their
// nodes are up, and between nodes.
func (c *Cluster) connect(framer cluster.Framer) error {
	for _, n := range c.nodes {
		if _, err := c.links.Open(cluster.Client, n.Name(), cluster.ClientPort, framer); err != nil {
			return err
		}
		c.links.Down(n.Name())
	}
	for _, n := range c.nodes {
		var peers []agent.Peer
		for _, peer := range n.spec.Peers {
			peers = append(peers, agent.Peer{Name: peer, IP: c.byName[peer].pod.ip})
			c.peers = append(c.peers, peerLink{n, peer})
		}
		if err := n.pod.control.Setup(n.Name(), peers); err != nil {
			return fmt.Errorf("node %s: %w", n.Name(), err)
		}
		go c.watch(n)
	}
	return nil
}

// watch notes that an agent is lost while it is needed: its rules are off.
func (c *Cluster) watch(n *Node) {
	<-n.pod.control.Lost()
	if !n.pod.closing.Load() {
		c.note(n.Name(), errors.New("its agent was lost, and with it the faults on its connections to other nodes"))
	}
}

// note keeps what stands in the way of a valid verdict.
func (c *Cluster) note(node string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := fmt.Sprintf("node %s: %v", node, err)
	if !slices.Contains(c.trouble, text) {
		c.trouble = append(c.trouble, text)
	}
}

// Trouble is what went wrong with the runtime itself, so that faults may not
// have been what they seemed.
func (c *Cluster) Trouble() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := slices.Clone(c.trouble)
	for _, n := range c.nodes {
		if n.disk == nil {
			continue
		}
		for _, what := range n.disk.Trouble() {
			all = append(all, fmt.Sprintf("node %s: %s", n.Name(), what))
		}
	}
	return all
}

// resolve is where the links find the nodes.
func (c *Cluster) resolve(node, port string) (string, error) {
	n := c.byName[node]
	if n == nil {
		return "", fmt.Errorf("there is no node %s", node)
	}
	addr := n.Addr(port)
	if addr == "" {
		return "", fmt.Errorf("node %s is down, or has no port %q", node, port)
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
func (c *Cluster) Links() []cluster.Link {
	out := c.links.Links()
	for _, l := range c.peers {
		out = append(out, l)
	}
	return out
}

// Link returns the link between the two, or nil.
func (c *Cluster) Link(from, to string) cluster.Link {
	if l := c.links.Link(from, to); l != nil {
		return l
	}
	for _, l := range c.peers {
		if l.From() == from && l.To() == to {
			return l
		}
	}
	return nil
}

// closeTimeout bounds how long the engine may take to remove everything.
const closeTimeout = 60 * time.Second

// Close removes containers, volumes and the network. Logs stay.
func (c *Cluster) Close() error {
	c.closing.Do(func() { c.closed = c.close() })
	return c.closed
}

func (c *Cluster) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	for _, n := range c.nodes {
		n.shut()
		n.closePod()
	}
	errs := []error{c.links.Close(), c.undo.Undo(ctx)}
	for _, n := range c.nodes {
		errs = append(errs, n.finish(ctx))
	}
	errs = append(errs, c.engine.close())
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("closing the docker cluster: %w", err)
	}
	return nil
}
