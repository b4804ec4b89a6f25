package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/lossy"
	"github.com/tertium-dev/tertium/harness/cluster/nodelog"
	"github.com/tertium-dev/tertium/harness/cluster/port"
)

// goneTimeout bounds how long a process that was killed may take to go. Only
// the operating system can make it wait, such as for a disk.
const goneTimeout = 10 * time.Second

// Errors that callers may want to tell apart.
var (
	errRunning = errors.New("the node is running already")
	errDown    = errors.New("the node is down")
	errClosed  = errors.New("the cluster is closed")
)

// Node is one node: a place, and a process in it or none.
type Node struct {
	cluster *Cluster
	spec    cluster.Spec
	data    string
	place   cluster.Place
	log     *nodelog.Log
	ports   map[string]*port.Port
	disk    *lossy.Disk // nil if it has none of its own

	mu      sync.Mutex
	process *process // the last one started; nil before the first
	exits   []cluster.Exit
	closed  bool
}

var _ cluster.Node = (*Node)(nil)

// build makes the node's place, with its log in logDir.
func (n *Node) build(logDir string) error {
	for _, dir := range []string{n.data, logDir} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making its folder: %w", err)
		}
	}
	log, err := nodelog.Open(filepath.Join(logDir, "log"))
	if err != nil {
		return err
	}
	n.log = log
	n.place = cluster.Place{Data: n.data, Listen: map[string]string{}, Dial: map[string]string{}}
	for _, name := range n.spec.Ports {
		p, err := port.Hold()
		if err != nil {
			return err
		}
		n.ports[name] = p
		n.place.Listen[name] = p.Addr()
	}
	return nil
}

// Name is the node's name.
func (n *Node) Name() string { return n.spec.Name }

// Addr is the host:port of the node's own port, or empty if it has none of that
// name.
func (n *Node) Addr(port string) string { return n.place.Listen[port] }

// Data is the folder that holds its data.
func (n *Node) Data() string { return n.data }

// Exits are all its ends so far.
func (n *Node) Exits() []cluster.Exit {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.exits)
}

// State is what the operating system says of it now.
func (n *Node) State() cluster.State {
	p := n.current()
	if p == nil {
		return cluster.Down
	}
	return p.state()
}

// current is the process that runs, or nil.
func (n *Node) current() *process {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.living()
}

// living is current for those who hold the lock.
func (n *Node) living() *process {
	if n.process == nil || n.process.ctx.Err() != nil {
		return nil
	}
	return n.process
}

// Kill ends it at once and returns once it is gone. A node that is down is left
// so.
func (n *Node) Kill() error {
	p := n.current()
	if p == nil {
		return nil
	}
	// The links go first. A client that comes between is refused, and knows
	// that it sent nothing.
	n.cluster.links.Down(n.Name())
	return n.end(p)
}

// end kills a process and waits until it is gone.
func (n *Node) end(p *process) error {
	p.asked.Store(true)
	if err := p.signalGroup(syscall.SIGKILL); err != nil {
		return fmt.Errorf("killing node %s: %w", n.Name(), err)
	}
	timer := time.NewTimer(goneTimeout)
	defer timer.Stop()
	select {
	case <-p.ctx.Done():
		return nil
	case <-timer.C:
		return fmt.Errorf("node %s (process %d) was killed and is still there after %s", n.Name(), p.pid(), goneTimeout)
	}
}

// Stop asks it to end and waits; past the context it is killed. A paused node
// is resumed, so that it can hear.
func (n *Node) Stop(ctx context.Context) error {
	p := n.current()
	if p == nil {
		return nil
	}
	p.asked.Store(true)
	err := errors.Join(p.signal(syscall.SIGTERM), p.signalGroup(syscall.SIGCONT))
	if err != nil {
		return fmt.Errorf("stopping node %s: %w", n.Name(), err)
	}
	select {
	case <-p.ctx.Done():
		return nil
	case <-ctx.Done():
		return n.end(p)
	}
}

// Pause stops it in its tracks and returns once it stands.
func (n *Node) Pause() error { return n.hold(syscall.SIGSTOP, cluster.Paused) }

// Resume lets it go on.
func (n *Node) Resume() error { return n.hold(syscall.SIGCONT, cluster.Running) }

func (n *Node) hold(signal syscall.Signal, want cluster.State) error {
	p := n.current()
	if p == nil {
		return fmt.Errorf("node %s cannot be sent %s: %w", n.Name(), signal, errDown)
	}
	if err := p.signalGroup(signal); err != nil {
		return fmt.Errorf("sending %s to node %s: %w", signal, n.Name(), err)
	}
	timer := time.NewTimer(goneTimeout)
	defer timer.Stop()
	tick := time.NewTicker(pollState)
	defer tick.Stop()
	for p.state() != want {
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			return fmt.Errorf("node %s was sent %s and ended: %w", n.Name(), signal, errDown)
		case <-timer.C:
			return fmt.Errorf("node %s was sent %s and is %s", n.Name(), signal, p.state())
		}
	}
	return nil
}

// ended is called once a process and its group are gone.
func (n *Node) ended(p *process, code int, signal string) {
	n.cluster.links.Down(n.Name())
	exit := cluster.Exit{
		Time:   time.Since(n.cluster.opened),
		Code:   code,
		Signal: signal,
		Asked:  p.asked.Load(),
	}
	n.log.Mark(exit.Time, "process %d ended: %s", p.pid(), exit)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.exits = append(n.exits, exit)
}

// close kills the node for good and gives its ports up.
func (n *Node) close() error {
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	errs := []error{n.Kill()}
	for _, p := range n.ports {
		errs = append(errs, p.Release())
	}
	if n.log != nil {
		errs = append(errs, n.log.Close())
	}
	return errors.Join(errs...)
}
