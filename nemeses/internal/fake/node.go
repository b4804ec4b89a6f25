package fake

import (
	"context"
	"errors"
	"sync"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// Node is a fake [cluster.Node].
type Node struct {
	name string

	mu      sync.Mutex
	state   cluster.State
	exits   []cluster.Exit
	data    string
	deaf    bool
	starts  int
	startFn func(context.Context) error
	disk    *Disk
}

// SetData sets the data folder.
func (n *Node) SetData(dir string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.data = dir
}

// IgnoreSignals makes Kill and Pause return without any effect.
func (n *Node) IgnoreSignals() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.deaf = true
}

// OnStart has f called at every start, before the node runs; an error of it is
// the start's.
func (n *Node) OnStart(f func(context.Context) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.startFn = f
}

// Starts counts the starts.
func (n *Node) Starts() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.starts
}

// Crash ends the node by itself.
func (n *Node) Crash() { n.end(false) }

// Name returns the name.
func (n *Node) Name() string { return n.name }

// Addr is empty: nobody can dial a fake.
func (n *Node) Addr(string) string { return "" }

// Start starts a node that is down.
func (n *Node) Start(ctx context.Context) error {
	n.mu.Lock()
	fn, state := n.startFn, n.state
	n.starts++
	n.mu.Unlock()
	if state != cluster.Down {
		return errors.New("already started")
	}
	if fn != nil {
		if err := fn(ctx); err != nil {
			return err
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.state = cluster.Running
	return nil
}

// Stop ends the node.
func (n *Node) Stop(context.Context) error {
	n.end(true)
	return nil
}

// Kill ends the node.
func (n *Node) Kill() error {
	n.end(true)
	return nil
}

func (n *Node) end(asked bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.state == cluster.Down || (asked && n.deaf) {
		return
	}
	n.state = cluster.Down
	n.exits = append(n.exits, cluster.Exit{Code: -1, Signal: "killed", Asked: asked})
}

// Pause pauses a node that runs.
func (n *Node) Pause() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.state == cluster.Down {
		return errors.New("not running")
	}
	if !n.deaf {
		n.state = cluster.Paused
	}
	return nil
}

// Resume lets a paused node go on.
func (n *Node) Resume() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.state == cluster.Down {
		return errors.New("not running")
	}
	n.state = cluster.Running
	return nil
}

// State returns the state.
func (n *Node) State() cluster.State {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state
}

// Data returns the data folder.
func (n *Node) Data() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.data
}

// Exits returns the ends so far.
func (n *Node) Exits() []cluster.Exit {
	n.mu.Lock()
	defer n.mu.Unlock()
	return append([]cluster.Exit(nil), n.exits...)
}
