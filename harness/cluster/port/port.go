// Package port holds TCP ports of the loopback interface, so that a server that
// ends finds its port free when it starts again.
//
// A held port is a socket that is bound and never listens. On Linux a second
// socket may then bind and listen on the same port, if both set SO_REUSEADDR as
// nearly all servers do (see ip(7) and socket(7)). While nobody listens,
// connections are refused, as they should be when a node is down. And the
// kernel gives a held port to nobody who asks for any free one: neither to
// another harness, nor as the source of an outgoing connection, which on
// loopback could even connect to itself.
//
// Elsewhere than on Linux a port can be chosen but not held, and [Port.Held]
// says so.
package port

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
)

// Port is a port of 127.0.0.1 that is kept for one purpose.
type Port struct {
	number int

	mu   sync.Mutex
	hold holder
}

// holder keeps a port from being given to others.
type holder interface{ Close() error }

// Hold chooses a free port and holds it until Release.
func Hold() (*Port, error) {
	number, hold, err := bind()
	if err != nil {
		return nil, fmt.Errorf("holding a port of 127.0.0.1: %w", err)
	}
	return &Port{number: number, hold: hold}, nil
}

// Number is the port's number.
func (p *Port) Number() int { return p.number }

// Addr is the port as host:port.
func (p *Port) Addr() string {
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.number))
}

// Held says whether the port is safe from others while nobody listens on it.
func (p *Port) Held() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.hold != nil
}

// Listen listens on the port, which stays held. Connections it accepts have no
// keep-alive probes: between two ends on one machine they find out nothing.
func (p *Port) Listen() (*net.TCPListener, error) {
	config := net.ListenConfig{KeepAlive: -1}
	l, err := config.Listen(context.Background(), "tcp4", p.Addr())
	if err != nil {
		return nil, fmt.Errorf("listening on a held port: %w", err)
	}
	tcp, ok := l.(*net.TCPListener)
	if !ok {
		return nil, errors.Join(fmt.Errorf("listening on %s gave a %T", p.Addr(), l), l.Close())
	}
	return tcp, nil
}

// Release gives the port up. It is safe to call twice.
func (p *Port) Release() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.hold == nil {
		return nil
	}
	hold := p.hold
	p.hold = nil
	if err := hold.Close(); err != nil {
		return fmt.Errorf("releasing port %d: %w", p.number, err)
	}
	return nil
}
