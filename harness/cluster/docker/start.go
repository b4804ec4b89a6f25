package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/moby/moby/api/pkg/stdcopy"
	"github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
	"github.com/moby/moby/client"
	"github.com/testcontainers/testcontainers-go"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/nodelog"
)

const (
	// startTimeout bounds a start whose context has no deadline.
	startTimeout = 2 * time.Minute
	// readyTimeout bounds one question whether a node is ready.
	readyTimeout = 2 * time.Second
	// readyEvery is how often it is asked.
	readyEvery = 20 * time.Millisecond
	// silence is how long a published port must keep a connection open to count
	// as one that somebody listens on: the engine's own proxy accepts for a port
	// where nobody does, and closes at once.
	silence = 100 * time.Millisecond
	// logLines is how much of the log goes into an error.
	logLines = 12
)

// discard takes the engine's words of a build; those of one that fails are in
// its error.
var discard = io.Discard

// run is one run of a container.
type run struct {
	asked atomic.Bool
	ctx   context.Context // ends when the container does not run any more
	gone  context.CancelFunc
}

// create makes the node's container and its volume.
func (n *Node) create(ctx context.Context, r Runtime, image string) error {
	c := n.cluster
	name := c.name() + "-" + n.Name()
	labels := c.labels()
	labels[nodeLabel] = n.Name()
	for _, peer := range n.spec.Peers {
		n.place.Dial[peer] = net.JoinHostPort(peer, strconv.Itoa(int(c.byName[peer].ports[cluster.PeerPort])))
	}
	if _, err := c.engine.api.VolumeCreate(ctx, client.VolumeCreateOptions{
		Name: name, Labels: labels, DriverOpts: n.disk.volume(),
	}); err != nil {
		return fmt.Errorf("making its volume: %w", err)
	}
	command := n.spec.Command(n.place)
	request := testcontainers.ContainerRequest{
		Image:      image,
		Name:       name,
		Labels:     maps.Clone(labels),
		Entrypoint: []string{command.Path},
		Cmd:        command.Args,
		ConfigModifier: func(config *container.Config) {
			config.Env = append(config.Env, command.Env...)
			config.WorkingDir = n.place.Data
		},
		HostConfigModifier: func(host *container.HostConfig) {
			host.Mounts = []mount.Mount{{Type: mount.TypeVolume, Source: name, Target: n.place.Data}}
			host.NetworkMode = container.NetworkMode("container:" + n.pod.id)
			host.Memory, host.NanoCPUs = r.Memory, int64(r.CPUs*1e9)
			init := true
			host.Init = &init // so that signals do what they do to a process
		},
	}
	made, err := testcontainers.GenericContainer(ctx, testcontainers.GenericContainerRequest{ContainerRequest: request, Logger: quiet{}})
	if err != nil {
		return fmt.Errorf("making its container: %w", err)
	}
	n.id = made.GetContainerID()
	seen, err := c.engine.api.ContainerInspect(ctx, n.id, client.ContainerInspectOptions{})
	if err != nil {
		return fmt.Errorf("looking at its container: %w", err)
	}
	n.image = image + "@" + seen.Container.Image
	return n.disk.check()
}

// exposed are the node's ports in the order of their numbers.
func (n *Node) exposed() []network.Port {
	var out []network.Port
	for _, number := range slices.Sorted(maps.Values(n.ports)) {
		port, _ := network.PortFrom(number, network.TCP)
		out = append(out, port)
	}
	return out
}

// Start starts the node and returns once it is ready. If it ends or is not ready
// in time, it is down when Start returns, and the error has the end of its log.
func (n *Node) Start(ctx context.Context) error {
	if _, bounded := ctx.Deadline(); !bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, startTimeout)
		defer cancel()
	}
	n.starting.Lock()
	defer n.starting.Unlock()
	r, err := n.launch(ctx)
	if err == nil {
		if err = n.await(ctx, r); err == nil {
			return nil
		}
	}
	if r != nil {
		n.cluster.links.Down(n.Name())
		err = errors.Join(err, n.end(r))
	}
	return fmt.Errorf("starting node %s: %w", n.Name(), err)
}

// launch starts the container. A run that it returns with an error has to be
// ended.
func (n *Node) launch(ctx context.Context) (*run, error) {
	switch {
	case n.isClosed():
		return nil, errClosed
	case n.current() != nil:
		return nil, errRunning
	}
	api := n.cluster.engine.api
	n.log.Begin()
	n.log.Mark(time.Since(n.cluster.opened), "starting %s", n.image)
	// From before the start, so that each run's words come once and all of them.
	words, err := api.ContainerAttach(context.Background(), n.id, client.ContainerAttachOptions{Stream: true, Stdout: true, Stderr: true})
	if err != nil {
		return nil, fmt.Errorf("listening to its words: %w", err)
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		defer words.Close()
		sink := writer{n.log}
		_, _ = stdcopy.StdCopy(sink, sink, words.Reader) // it ends with the container
	}()
	r := &run{}
	r.ctx, r.gone = context.WithCancel(context.Background())
	ended := api.ContainerWait(context.Background(), n.id, client.ContainerWaitOptions{Condition: container.WaitConditionNextExit})

	n.mu.Lock()
	n.run = r
	n.mu.Unlock()
	go n.wait(r, ended, drained)
	if _, err := api.ContainerStart(ctx, n.id, client.ContainerStartOptions{}); err != nil {
		n.log.Mark(time.Since(n.cluster.opened), "the engine could not start it: %v", err)
		words.Close()
		r.gone()
		return nil, fmt.Errorf("the engine could not start it: %w", err)
	}
	return r, nil
}

// wait waits for the end of a run and tells of it.
func (n *Node) wait(r *run, ended client.ContainerWaitResult, drained <-chan struct{}) {
	defer r.gone()
	exit := cluster.Exit{Code: -1}
	select {
	case end := <-ended.Result:
		exit.Code = int(end.StatusCode)
	case err := <-ended.Error:
		n.log.Mark(time.Since(n.cluster.opened), "the engine did not tell how it ended: %v", err)
	case <-r.ctx.Done():
		return // it never began
	}
	<-drained
	n.cluster.links.Down(n.Name())
	// The engine tells of a signal as a shell does.
	if signal := exit.Code - 128; signal > 0 && signal < 65 {
		exit.Code, exit.Signal = -1, syscall.Signal(signal).String()
	}
	exit.Time, exit.Asked = time.Since(n.cluster.opened), r.asked.Load()
	n.log.Mark(exit.Time, "the container ended: %s", exit)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.exits = append(n.exits, exit)
}

// await waits until the node is ready and opens its links.
func (n *Node) await(ctx context.Context, r *run) error {
	asking, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(r.ctx, cancel)
	defer stop()
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for {
		notReady := n.ready(asking)
		if notReady == nil {
			return n.open()
		}
		select {
		case <-tick.C:
		case <-r.ctx.Done():
			return fmt.Errorf("it ended before it was ready (%s); its last words:\n%s", n.lastExit(), n.log.Tail(logLines))
		case <-ctx.Done():
			return fmt.Errorf("%w before it was ready (%w); its last words:\n%s", ctx.Err(), notReady, n.log.Tail(logLines))
		}
	}
}

func (n *Node) open() error {
	for name := range n.ports {
		if err := n.cluster.links.Up(n.Name(), name); err != nil {
			return err
		}
	}
	return nil
}

func (n *Node) ready(ctx context.Context) error {
	addr := n.Addr(cluster.ClientPort)
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	if n.spec.Ready == nil {
		return listens(ctx, addr)
	}
	return n.spec.Ready(ctx, addr)
}

// listens says whether somebody behind a published port accepts connections.
func listens(ctx context.Context, addr string) error {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return err
	}
	var one [1]byte
	if _, err := conn.Read(one[:]); err != nil {
		if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
			return nil
		}
		return fmt.Errorf("nobody listens on its client port: %w", err)
	}
	return nil
}

func (n *Node) lastExit() string {
	exits := n.Exits()
	if len(exits) == 0 {
		return "how is not known"
	}
	return exits[len(exits)-1].String()
}

// writer makes a log what the engine's stream is copied to.
type writer struct{ log *nodelog.Log }

func (w writer) Write(p []byte) (int, error) {
	w.log.Add(p)
	return len(p), nil
}

// networkAdvice says what to do about a network that could not be made.
func networkAdvice(err error) string {
	if strings.Contains(err.Error(), "address pool") {
		return "; the engine has no addresses left for networks: `tertium cleanup`, then `docker network prune`"
	}
	return ""
}
