// Package server is the thin shell around the ledger's core: it gives it disk,
// network and clock, and serves HTTP.
package server

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"go.etcd.io/raft/v3"
	"golang.org/x/sync/errgroup"

	"github.com/tertium-dev/tertium/systems/ledger/core"
	"github.com/tertium-dev/tertium/systems/ledger/wal"
)

const (
	// maxEvents is how many events a node takes in before it writes, sends and
	// replies: the size of a batch, for one fsync.
	maxEvents = 512
	// flushEvery is how long the planted bug ack-before-fsync sits on what it
	// promised.
	flushEvery = 200 * time.Millisecond
	// stopTimeout is how long requests may go on once a node was asked to end.
	stopTimeout = 500 * time.Millisecond
)

// Node runs a core: one goroutine owns it, all others send it events.
type Node struct {
	options Options
	core    *core.Core
	log     *wal.Log
	logger  *log.Logger
	roster  roster
	links   map[uint64]*link
	events  chan func(*Node)
	// done is closed when the loop has ended and takes no more events.
	done chan struct{}
	// waiting are the requests that have not been answered, by number.
	waiting map[uint64]chan<- core.Reply
	// next numbers requests.
	next uint64
}

// Run runs a node on listeners, which it closes, until the context ends.
func Run(ctx context.Context, options Options, clients, peers net.Listener, logger *log.Logger) error {
	n, err := open(options, logger)
	if err != nil {
		return errors.Join(err, clients.Close(), peers.Close())
	}
	server := &http.Server{
		Handler:           &handler{node: n, timeout: options.Timeout},
		ReadHeaderTimeout: 10 * time.Second,
		ErrorLog:          logger,
	}
	group, ctx := errgroup.WithContext(ctx)
	// The loop outlives the requests that wait for it.
	loopCtx, stopLoop := context.WithCancel(context.WithoutCancel(ctx))
	group.Go(func() error {
		// Nothing is served by a node whose loop has ended.
		defer server.Close()
		return n.loop(loopCtx)
	})
	for _, l := range n.links {
		group.Go(func() error { return l.run(loopCtx) })
	}
	group.Go(func() error { return n.accept(loopCtx, peers) })
	group.Go(func() error {
		if err := server.Serve(clients); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serve clients: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		defer stopLoop()
		grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTimeout)
		defer cancel()
		if server.Shutdown(grace) != nil {
			// Requests that did not end in time are cut off: unknown.
			_ = server.Close()
		}
		return nil
	})
	err = group.Wait()
	return errors.Join(err, n.log.Close())
}

// open recovers a node from its folder.
func open(options Options, logger *log.Logger) (*Node, error) {
	if err := os.MkdirAll(options.Data, 0o700); err != nil {
		return nil, fmt.Errorf("data folder: %w", err)
	}
	bugs := options.planted()
	disk, found, cut, err := wal.Open(options.Data, bugs.wal)
	if err != nil {
		return nil, err
	}
	if cut > 0 {
		logger.Printf("recovery: the log ended in %d bytes of a torn write", cut)
	}
	var seed [16]byte
	// Read never fails (package crypto/rand).
	_, _ = rand.Read(seed[:])
	roster := newRoster(options)
	c, err := core.New(core.Config{
		ID:            roster.ids[options.ID],
		Voters:        roster.voters(),
		Incarnation:   binary.LittleEndian.Uint64(seed[:8]),
		Seed:          binary.LittleEndian.Uint64(seed[8:]),
		ElectionTicks: options.Election,
		KeyTTL:        options.KeyTTL,
		SnapshotEvery: options.SnapshotEvery,
		Bugs:          bugs.core,
		Log:           &raft.DefaultLogger{Logger: logger},
		Recovered:     found,
	})
	if err != nil {
		return nil, errors.Join(err, disk.Close())
	}
	n := &Node{
		options: options,
		core:    c,
		log:     disk,
		logger:  logger,
		roster:  roster,
		links:   make(map[uint64]*link),
		events:  make(chan func(*Node), 2*maxEvents),
		done:    make(chan struct{}),
		waiting: make(map[uint64]chan<- core.Reply),
	}
	for name, addr := range options.Peers {
		id := roster.ids[name]
		n.links[id] = newLink(n, id, addr)
	}
	return n, nil
}

// loop feeds events to the core and does what it asks for.
func (n *Node) loop(ctx context.Context) error {
	defer close(n.done)
	tick := time.NewTicker(n.options.Tick)
	defer tick.Stop()
	flush := time.NewTicker(flushEvery)
	defer flush.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			n.core.Tick()
		case <-flush.C:
			if err := n.log.Flush(); err != nil {
				return err
			}
		case event := <-n.events:
			event(n)
			n.drain()
		}
		if err := n.settle(); err != nil {
			return err
		}
	}
}

// drain takes the events that are already there.
func (n *Node) drain() {
	for range maxEvents {
		select {
		case event := <-n.events:
			event(n)
		default:
			return
		}
	}
}

// settle does what the core asks for until it asks for nothing more.
func (n *Node) settle() error {
	for {
		effects, err := n.core.Take()
		if err != nil {
			return err
		}
		if effects.Empty() {
			return nil
		}
		for _, m := range effects.Messages {
			n.links[m.GetTo()].send(m)
		}
		for _, reply := range effects.Replies {
			if waiting := n.waiting[reply.Request]; waiting != nil {
				delete(n.waiting, reply.Request)
				waiting <- reply
			}
		}
		if effects.Write != nil {
			if err := n.log.Write(*effects.Write); err != nil {
				return err
			}
			n.core.Persisted()
		}
	}
}

// errStopped says that the node is ending.
var errStopped = errors.New("node is stopping")

// post hands an event to the loop, unless the context or the loop ends first.
func (n *Node) post(ctx context.Context, event func(*Node)) error {
	select {
	case n.events <- event:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-n.done:
		return errStopped
	}
}

// ask puts a request to the core and waits for its answer. An error leaves open
// whether the request was or will be done.
func (n *Node) ask(ctx context.Context, put func(*core.Core, uint64)) (core.Reply, error) {
	answer := make(chan core.Reply, 1)
	var id uint64
	err := n.post(ctx, func(n *Node) {
		n.next++
		id = n.next
		n.waiting[id] = answer
		put(n.core, id)
	})
	if err != nil {
		return core.Reply{}, err
	}
	select {
	case reply := <-answer:
		return reply, nil
	case <-n.done:
		return core.Reply{}, errStopped
	case <-ctx.Done():
	}
	// The context of the request has ended, but this must reach the loop: the
	// request's key would count as in flight for ever.
	_ = n.post(context.WithoutCancel(ctx), func(n *Node) {
		delete(n.waiting, id)
		n.core.Forget(id)
	})
	return core.Reply{}, ctx.Err()
}

// status returns what the core knows of itself.
func (n *Node) status(ctx context.Context) (core.Status, error) {
	answer := make(chan core.Status, 1)
	if err := n.post(ctx, func(n *Node) { answer <- n.core.Status() }); err != nil {
		return core.Status{}, err
	}
	select {
	case status := <-answer:
		return status, nil
	case <-n.done:
		return core.Status{}, errStopped
	case <-ctx.Done():
		return core.Status{}, ctx.Err()
	}
}
