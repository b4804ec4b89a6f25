package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/stream"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/port"
)

// dialTimeout bounds how long a connection to a node may take. On one machine
// it takes that long only if the node's queue of connections is full.
const dialTimeout = 10 * time.Second

// Link is one directed link. Its methods may be called from several goroutines
// at once.
type Link struct {
	set      *Set
	from, to string
	port     string
	framer   cluster.Framer
	rules    rules
	near     *port.Port

	// starting is held while a connection is handed to Toxiproxy, so that each
	// toxic knows whose state it is asked for.
	starting sync.Mutex
	proxy    *toxiproxy.Proxy
	toxics   [2]*toxic // by direction: requests, replies

	running sync.WaitGroup // accept loops, and connections until they are over
	misread misreads

	mu       sync.Mutex
	listener *net.TCPListener // nil while connections are refused
	conns    map[*conn]struct{}
	next     uint64
	closed   bool
}

var (
	_ cluster.Link      = (*Link)(nil)
	_ cluster.Misreader = (*Link)(nil)
)

func open(s *Set, from, to, portName string, framer cluster.Framer) (*Link, error) {
	near, err := port.Hold()
	if err != nil {
		return nil, err
	}
	l := &Link{
		set: s, from: from, to: to, port: portName, framer: framer, near: near,
		conns: map[*conn]struct{}{},
	}
	name := from + "→" + to
	l.proxy = toxiproxy.NewProxy(s.server, name, near.Addr(), to+":"+portName)
	for reply, direction := range directions {
		if l.toxics[reply], err = install(l.proxy, direction); err != nil {
			return nil, errors.Join(err, near.Release())
		}
	}
	// Toxiproxy's proxy is not started: the link accepts and dials in its
	// stead, which is what lets it refuse, reset and time out.
	if err := s.server.Collection.Add(l.proxy, false); err != nil {
		return nil, errors.Join(err, near.Release())
	}
	if err := l.accept(); err != nil {
		return nil, errors.Join(err, near.Release())
	}
	return l, nil
}

// directions are Toxiproxy's words for requests and replies.
var directions = [2]stream.Direction{stream.Upstream, stream.Downstream}

// install puts our toxic at the end of a proxy's pipeline in one direction.
// This is done once, before the first client: Toxiproxy cannot change the
// pipeline of an open connection safely.
func install(p *toxiproxy.Proxy, direction stream.Direction) (*toxic, error) {
	config := fmt.Sprintf(`{"type":%q,"stream":%q,"toxicity":1}`, toxicName, direction)
	wrapper, err := p.Toxics.AddToxicJson(bytes.NewBufferString(config))
	if err != nil {
		return nil, fmt.Errorf("installing the toxic: %w", err)
	}
	t, ok := wrapper.Toxic.(*toxic)
	if !ok {
		return nil, fmt.Errorf("toxiproxy made a %T of toxic %s", wrapper.Toxic, toxicName)
	}
	return t, nil
}

// From is the node that opens connections here, or [cluster.Client].
func (l *Link) From() string { return l.from }

// To is the node that they reach.
func (l *Link) To() string { return l.to }

// Addr is where From dials.
func (l *Link) Addr() string { return l.near.Addr() }

// Add puts a rule on the link. Taking it off again resets the connections that
// lost bytes to it and to no other rule: they cannot go on where they stopped.
func (l *Link) Add(rule cluster.Rule) (remove func()) {
	e := l.rules.add(rule)
	return func() {
		if !l.rules.remove(e) {
			return
		}
		for _, c := range l.opened() {
			c.mend(e)
		}
	}
}

// Reset ends every open connection with a TCP reset.
func (l *Link) Reset() int {
	n := 0
	for _, c := range l.opened() {
		if c.end(withReset) {
			n++
		}
	}
	return n
}

// Misread returns how many connections were not in the protocol that the
// framer knows, and the first reason. They were passed as chunks from there on.
func (l *Link) Misread() (int64, error) { return l.misread.get() }

// accept opens the near end.
func (l *Link) accept() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return errClosed
	}
	if l.listener != nil {
		return nil
	}
	listener, err := l.near.Listen()
	if err != nil {
		return err
	}
	l.listener = listener
	l.running.Add(1)
	go l.serve(listener)
	return nil
}

// refuse closes the near end, if its port is safe from others meanwhile.
// Otherwise connections are accepted and reset at once.
func (l *Link) refuse() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener == nil || !l.near.Held() {
		return
	}
	l.listener.Close() // an error could only say that it is closed
	l.listener = nil
}

func (l *Link) close() error {
	l.refuse()
	l.mu.Lock()
	l.closed = true
	if l.listener != nil {
		l.listener.Close()
		l.listener = nil
	}
	l.mu.Unlock()
	for _, c := range l.opened() {
		c.end(withReset)
	}
	l.running.Wait()
	return l.near.Release()
}

// serve accepts connections until the listener is closed.
func (l *Link) serve(listener *net.TCPListener) {
	defer l.running.Done()
	for {
		client, err := listener.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			// Such as too many open files, which may pass.
			select {
			case <-time.After(10 * time.Millisecond):
				continue
			case <-l.set.ctx.Done():
				return
			}
		}
		if c := l.admit(client); c != nil {
			go l.connect(c)
		}
	}
}

// admit numbers a connection and remembers it, unless the link is closed.
func (l *Link) admit(client *net.TCPConn) *conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		client.Close()
		return nil
	}
	c := newConn(l, l.next, client)
	l.next++
	l.conns[c] = struct{}{}
	l.running.Add(2) // taken off by forget and by connect
	return c
}

func (l *Link) forget(c *conn) {
	l.mu.Lock()
	delete(l.conns, c)
	l.mu.Unlock()
	l.running.Done()
}

// opened lists the connections that are open.
func (l *Link) opened() []*conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]*conn, 0, len(l.conns))
	for c := range l.conns {
		out = append(out, c)
	}
	return out
}

// connect does what the rules say of a new connection: passes it to the node,
// resets it, or lets it hang.
func (l *Link) connect(c *conn) {
	defer l.running.Done()
	s := l.rules.dial()
	if s.Delay > 0 && !c.wait(s.Delay) {
		return
	}
	if s.Before != nil {
		s.Before()
	}
	switch {
	case s.Reset, s.ResetAfter:
		c.end(withReset)
		return
	case s.Drop:
		c.tear(0, s.droppedBy)
		c.swallow()
		return
	}
	server, err := l.dial(c)
	if err != nil {
		// The node is down or its address unknown. The client sees a reset,
		// which is all that is left once its connection was accepted.
		c.end(withReset)
		return
	}
	if c.attach(server) {
		l.start(c)
	}
}

// dial opens the far side of a connection, for as long as its near side is
// there.
func (l *Link) dial(c *conn) (*net.TCPConn, error) {
	addr, err := l.set.bound(l, c)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(c.ctx, dialTimeout)
	defer cancel()
	return dialTCP(ctx, net.Dialer{KeepAlive: -1, Control: l.set.way.Control}, addr)
}

// dialTCP is shared with the copies.
func dialTCP(ctx context.Context, dialer net.Dialer, addr string) (*net.TCPConn, error) {
	conn, err := dialer.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("dialing %s gave a %T", addr, conn), conn.Close())
	}
	return tcp, nil
}

// start hands both directions of a connection to Toxiproxy's pipeline.
func (l *Link) start(c *conn) {
	l.starting.Lock()
	defer l.starting.Unlock()
	name := strconv.FormatUint(c.id, 10)
	l.running.Add(4) // for each direction the toxic and the writer behind it
	for reply, h := range c.halves {
		l.toxics[reply].next = h
		l.proxy.Toxics.StartLink(l.set.server, name+directions[reply].String(), h, h, directions[reply])
	}
}

// misreads counts streams that a framer did not understand.
type misreads struct {
	count atomic.Int64
	first atomic.Pointer[error]
}

func (m *misreads) add(err error) {
	m.first.CompareAndSwap(nil, &err)
	m.count.Add(1)
}

func (m *misreads) get() (int64, error) {
	if err := m.first.Load(); err != nil {
		return m.count.Load(), *err
	}
	return 0, nil
}
