package local

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
)

const (
	// startTimeout bounds a start whose context has no deadline.
	startTimeout = time.Minute
	// readyTimeout bounds one question whether a node is ready.
	readyTimeout = 2 * time.Second
	// readyEvery is how often it is asked.
	readyEvery = 5 * time.Millisecond
	// portTries is how often a node is started whose port is in use.
	portTries = 5
	// portPause is how long to wait for it to become free.
	portPause = 100 * time.Millisecond
	// logLines is how much of the log goes into an error.
	logLines = 12
)

// errPortInUse says that a node ended because somebody else has its port.
var errPortInUse = errors.New("a port of the node is in use")

// Start starts the node and returns once it is ready. If it ends or is not ready
// in time, it is gone when Start returns, and the error has the end of its log.
func (n *Node) Start(ctx context.Context) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, startTimeout)
		defer cancel()
	}
	var err error
	for range portTries {
		err = n.startOnce(ctx)
		if !errors.Is(err, errPortInUse) {
			break
		}
		// A server that does not set SO_REUSEADDR cannot share the port with us.
		for _, p := range n.ports {
			err = errors.Join(err, p.Release())
		}
		select {
		case <-time.After(portPause):
		case <-ctx.Done():
		}
	}
	if err != nil {
		return fmt.Errorf("starting node %s: %w", n.Name(), err)
	}
	return nil
}

func (n *Node) startOnce(ctx context.Context) error {
	p, err := n.launch(ctx)
	if p == nil {
		return err
	}
	if err == nil {
		err = n.await(ctx, p)
	}
	if err == nil {
		return nil
	}
	if p.ctx.Err() != nil && !p.asked.Load() && saysPortInUse(n.log.Tail(logLines)) {
		err = fmt.Errorf("%w: %w", errPortInUse, err)
	}
	n.cluster.links.Down(n.Name())
	return errors.Join(err, n.end(p))
}

// saysPortInUse looks for the text of EADDRINUSE, which programs of all kinds
// print as it is.
func saysPortInUse(log string) bool {
	return strings.Contains(strings.ToLower(log), "address already in use")
}

// launch begins a process if none runs. What it returns with an error has to be
// ended.
func (n *Node) launch(ctx context.Context) (*process, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case n.closed:
		return nil, errClosed
	case n.living() != nil:
		return nil, errRunning
	}
	command := n.spec.Command(n.place)
	n.log.Begin()
	n.log.Mark(time.Since(n.cluster.opened), "starting %s %s", command.Path, strings.Join(command.Args, " "))
	p, err := launch(n, command)
	if p != nil {
		n.process = p
	}
	return p, err
}

// await waits until the node is ready. Each port's links are opened as soon as
// somebody listens on it: nodes may need each other to become ready.
func (n *Node) await(ctx context.Context, p *process) error {
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(p.ctx, cancel)
	defer stop()

	shut := map[string]string{}
	for name, addr := range n.place.Listen {
		shut[name] = addr
	}
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	var notReady error
	for {
		for name, addr := range shut {
			if listens(asking, addr) != nil {
				continue
			}
			delete(shut, name)
			if err := n.cluster.links.Up(n.Name(), name); err != nil {
				return err
			}
		}
		if _, closed := shut[cluster.ClientPort]; closed {
			notReady = errors.New("it does not listen on its client port")
		} else if notReady = n.ready(asking); notReady == nil {
			break
		}
		select {
		case <-tick.C:
		case <-p.ctx.Done():
			return fmt.Errorf("it ended before it was ready (%s); its last words:\n%s", n.lastExit(), n.log.Tail(logLines))
		case <-ctx.Done():
			return fmt.Errorf("%w before it was ready (%w); its last words:\n%s", ctx.Err(), notReady, n.log.Tail(logLines))
		}
	}
	for name := range shut {
		if err := n.cluster.links.Up(n.Name(), name); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) ready(ctx context.Context) error {
	if n.spec.Ready == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	return n.spec.Ready(ctx, n.Addr(cluster.ClientPort))
}

// listens says whether somebody accepts connections there.
func listens(ctx context.Context, addr string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return conn.Close()
}

func (n *Node) lastExit() string {
	exits := n.Exits()
	if len(exits) == 0 {
		return cluster.Exit{}.String()
	}
	return exits[len(exits)-1].String()
}
