package proxy

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/Shopify/toxiproxy/v2/toxics"
	"github.com/rs/zerolog"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// Resolver returns the host:port of a node's own port, past every proxy. It is
// asked each time a connection is opened, because a runtime may give a node
// another address when it restarts.
type Resolver func(node, port string) (addr string, err error)

// Way is how connections leave a set. The zero value dials where the resolver
// says.
type Way struct {
	// Control is called with each socket before it dials, as that of
	// [net.Dialer].
	Control func(network, address string, c syscall.RawConn) error
	// Bound, if set, says where a connection was going before it was redirected
	// to a link, and so where it goes on to. Then no resolver is asked.
	Bound func(*net.TCPConn) (addr string, err error)
}

// Set is a set of links that share one Toxiproxy server.
type Set struct {
	server  *toxiproxy.ApiServer
	resolve Resolver
	way     Way
	copies  *courier

	ctx    context.Context // ends when the set is closed
	cancel context.CancelFunc

	mu     sync.Mutex
	links  []*Link
	closed bool
}

// New returns a set without links.
func New(resolve Resolver) *Set { return NewOn(Way{}, resolve) }

// NewOn returns a set without links whose connections leave it on that way.
func NewOn(way Way, resolve Resolver) *Set {
	// Toxiproxy knows toxics by name for the whole process. To register the
	// same one again changes nothing.
	toxics.Register(toxicName, new(toxic))
	ctx, cancel := context.WithCancel(context.Background())
	return &Set{
		server:  toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()),
		resolve: resolve,
		way:     way,
		copies:  newCourier(ctx, resolve),
		ctx:     ctx,
		cancel:  cancel,
	}
}

// bound is where a connection that came in on a link goes on to.
func (s *Set) bound(l *Link, c *conn) (string, error) {
	if s.way.Bound != nil {
		return s.way.Bound(c.client)
	}
	return s.resolve(l.to, l.port)
}

// Open makes the link on which from reaches that port of to. A nil framer
// leaves connections as streams of chunks. The link listens at once.
func (s *Set) Open(from, to, port string, framer cluster.Framer) (*Link, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, fmt.Errorf("link %s→%s: %w", from, to, errClosed)
	}
	for _, l := range s.links {
		if l.from == from && l.to == to {
			return nil, fmt.Errorf("link %s→%s exists already", from, to)
		}
	}
	l, err := open(s, from, to, port, framer)
	if err != nil {
		return nil, fmt.Errorf("link %s→%s: %w", from, to, err)
	}
	s.links = append(s.links, l)
	return l, nil
}

// Links are all links in the order in which they were opened.
func (s *Set) Links() []cluster.Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]cluster.Link, len(s.links))
	for i, l := range s.links {
		out[i] = l
	}
	return out
}

// Link returns the link between the two, or nil.
func (s *Set) Link(from, to string) *Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, l := range s.links {
		if l.from == from && l.to == to {
			return l
		}
	}
	return nil
}

// Down has all links to a node refuse connections, as its own port does when
// nobody listens on it. Connections that are open are left to end by
// themselves.
func (s *Set) Down(node string) {
	for _, l := range s.to(node) {
		l.refuse()
	}
}

// Up has all links to that port of a node accept connections again.
func (s *Set) Up(node, port string) error {
	var errs []error
	for _, l := range s.to(node) {
		if l.port == port {
			errs = append(errs, l.accept())
		}
	}
	return errors.Join(errs...)
}

func (s *Set) to(node string) []*Link {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []*Link
	for _, l := range s.links {
		if l.to == node {
			out = append(out, l)
		}
	}
	return out
}

// Close ends every connection and every link, and waits until nothing of them
// runs any more. It is safe to call twice.
func (s *Set) Close() error {
	s.mu.Lock()
	s.closed = true
	links := s.links
	s.mu.Unlock()
	s.cancel()
	var errs []error
	for _, l := range links {
		errs = append(errs, l.close())
	}
	s.copies.wait()
	return errors.Join(errs...)
}

var errClosed = errors.New("the links are closed")
