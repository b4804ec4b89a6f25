package docker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/containerd/errdefs"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/client"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/nodelog"
)

// goneTimeout bounds how long a container that was killed may take to go.
const goneTimeout = 30 * time.Second

// pauseTries is how often an engine is asked to pause a container: one that is
// busy starting processes may be "unable to freeze" at first.
const pauseTries = 5

// Errors that callers may want to tell apart.
var (
	errRunning = errors.New("the node is running already")
	errDown    = errors.New("the node is down")
	errClosed  = errors.New("the cluster is closed")
)

// Node is one node: a container, which runs or does not.
type Node struct {
	cluster *Cluster
	spec    cluster.Spec
	log     *nodelog.Log
	// ports are the container's, by name.
	ports map[string]uint16
	place cluster.Place
	pod   pod
	id    string
	image string
	disk  *disk // nil if its data is on a disk of the engine's

	starting sync.Mutex // held while a start is under way

	mu     sync.Mutex
	run    *run // the last one; nil before the first
	exits  []cluster.Exit
	closed bool
}

var _ cluster.Node = (*Node)(nil)

// firstPort is the number of a node's first port. Each node has its own
// addresses, so that all can have the same ports.
const firstPort = 7001

func newNode(c *Cluster, spec cluster.Spec, log *nodelog.Log) *Node {
	n := &Node{cluster: c, spec: spec, log: log, ports: map[string]uint16{}}
	data := spec.Image.Data
	if data == "" {
		data = cluster.DefaultData
	}
	n.place = cluster.Place{Container: true, Data: data, Listen: map[string]string{}, Dial: map[string]string{}}
	for i, name := range spec.Ports {
		n.ports[name] = uint16(firstPort + i)
		n.place.Listen[name] = net.JoinHostPort("0.0.0.0", strconv.Itoa(firstPort+i))
	}
	return n
}

// Name is the node's name.
func (n *Node) Name() string { return n.spec.Name }

// Addr is the host:port at which the engine published the node's own port, or
// empty if it has none of that name.
func (n *Node) Addr(port string) string { return n.pod.addrs[port] }

// Data is the folder of this machine that its disk is mounted on; empty if its data
// is in a volume of the engine's.
func (n *Node) Data() string {
	if n.disk == nil {
		return ""
	}
	return n.disk.dir
}

// Image is the reference of the node's image with its digest, once it was
// created.
func (n *Node) Image() string { return n.image }

// Exits are all its ends so far.
func (n *Node) Exits() []cluster.Exit {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.exits)
}

// State is what the engine says of it now.
func (n *Node) State() cluster.State {
	if n.current() == nil {
		return cluster.Down
	}
	ctx, cancel := context.WithTimeout(context.Background(), goneTimeout)
	defer cancel()
	state, err := n.inspect(ctx)
	switch {
	case err != nil || !state.Running:
		return cluster.Down
	case state.Paused:
		return cluster.Paused
	}
	return cluster.Running
}

func (n *Node) inspect(ctx context.Context) (*container.State, error) {
	seen, err := n.cluster.engine.api.ContainerInspect(ctx, n.id, client.ContainerInspectOptions{})
	if err != nil {
		return nil, fmt.Errorf("looking at node %s: %w", n.Name(), err)
	}
	if seen.Container.State == nil {
		return nil, fmt.Errorf("looking at node %s: the engine says nothing of its state", n.Name())
	}
	return seen.Container.State, nil
}

// current is the run that goes on, or nil.
func (n *Node) current() *run {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.run == nil || n.run.ctx.Err() != nil {
		return nil
	}
	return n.run
}

// Kill ends it at once and returns once it is gone. A node that is down is left
// so.
func (n *Node) Kill() error {
	r := n.current()
	if r == nil {
		return nil
	}
	// The links go first. A client that comes between is refused, and knows
	// that it sent nothing.
	n.cluster.links.Down(n.Name())
	return n.end(r)
}

// end kills a run and waits until it is gone.
func (n *Node) end(r *run) error {
	r.asked.Store(true)
	ctx, cancel := context.WithTimeout(context.Background(), goneTimeout)
	defer cancel()
	_, err := n.cluster.engine.api.ContainerKill(ctx, n.id, client.ContainerKillOptions{Signal: "KILL"})
	// A conflict is a container that does not run.
	if err != nil && !errdefs.IsConflict(err) && !errdefs.IsNotFound(err) {
		return fmt.Errorf("killing node %s: %w", n.Name(), err)
	}
	select {
	case <-r.ctx.Done():
		return nil
	case <-ctx.Done():
		return fmt.Errorf("node %s was killed and is still there after %s", n.Name(), goneTimeout)
	}
}

// Stop asks it to end and waits; past the context it is killed. A paused node
// is resumed, so that it can hear.
func (n *Node) Stop(ctx context.Context) error {
	r := n.current()
	if r == nil {
		return nil
	}
	r.asked.Store(true)
	if _, err := n.cluster.engine.api.ContainerUnpause(ctx, n.id, client.ContainerUnpauseOptions{}); err != nil && ctx.Err() == nil && !isState(err) {
		return fmt.Errorf("stopping node %s: %w", n.Name(), err)
	}
	_, err := n.cluster.engine.api.ContainerKill(ctx, n.id, client.ContainerKillOptions{Signal: "TERM"})
	if err != nil && ctx.Err() == nil && !isState(err) {
		return fmt.Errorf("stopping node %s: %w", n.Name(), err)
	}
	select {
	case <-r.ctx.Done():
		return nil
	case <-ctx.Done():
		return n.end(r)
	}
}

// isState says that the engine refused because the container is not in the
// state for it. Engines before 23 answer so with a plain 500.
func isState(err error) bool {
	return errdefs.IsConflict(err) || errdefs.IsNotFound(err) || errdefs.IsInternal(err)
}

// Pause stops it in its tracks and returns once it stands.
func (n *Node) Pause() error {
	if n.current() == nil {
		return fmt.Errorf("node %s cannot be paused: %w", n.Name(), errDown)
	}
	ctx, cancel := context.WithTimeout(context.Background(), goneTimeout)
	defer cancel()
	for try := 1; ; try++ {
		_, err := n.cluster.engine.api.ContainerPause(ctx, n.id, client.ContainerPauseOptions{})
		switch {
		case err == nil || n.State() == cluster.Paused:
			return nil
		case try == pauseTries || n.current() == nil:
			return fmt.Errorf("pausing node %s: %w", n.Name(), err)
		}
	}
}

// Resume lets it go on.
func (n *Node) Resume() error {
	if n.current() == nil {
		return fmt.Errorf("node %s cannot be resumed: %w", n.Name(), errDown)
	}
	ctx, cancel := context.WithTimeout(context.Background(), goneTimeout)
	defer cancel()
	if _, err := n.cluster.engine.api.ContainerUnpause(ctx, n.id, client.ContainerUnpauseOptions{}); err != nil && n.State() != cluster.Running {
		return fmt.Errorf("resuming node %s: %w", n.Name(), err)
	}
	return nil
}

func (n *Node) isClosed() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.closed
}

// shut keeps the node from being started again.
func (n *Node) shut() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	if n.run != nil {
		n.run.asked.Store(true)
	}
}

// finish waits for the last words of a container that was removed and ends the
// log.
func (n *Node) finish(ctx context.Context) error {
	if r := n.current(); r != nil {
		select {
		case <-r.ctx.Done():
		case <-ctx.Done():
		}
	}
	return n.log.Close()
}
