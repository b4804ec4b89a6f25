package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
)

const (
	// maxCopies bounds the copies that wait or are under way; more are refused.
	maxCopies = 4096
	// maxDeliveries bounds those that are under way; more wait.
	maxDeliveries = 64
	// deliveryTimeout is how long a copy may take to be answered.
	deliveryTimeout = 10 * time.Second
)

// courier delivers copies of requests, past every link, on connections of their
// own.
type courier struct {
	ctx     context.Context
	resolve Resolver
	waiting chan struct{}
	busy    chan struct{}
	running sync.WaitGroup
}

func newCourier(ctx context.Context, resolve Resolver) *courier {
	return &courier{
		ctx:     ctx,
		resolve: resolve,
		waiting: make(chan struct{}, maxCopies),
		busy:    make(chan struct{}, maxDeliveries),
	}
}

// send sees to the copies of a message. Whoever wanted one is told once what
// became of it. Called by the connection's own goroutines only, which end
// before wait is called.
func (c *courier) send(l *Link, h held) {
	for _, order := range h.Copies {
		if !h.Framed || h.Reply {
			tell(order, false) // nobody could say where it begins and ends
			continue
		}
		select {
		case c.waiting <- struct{}{}:
		default:
			tell(order, false)
			continue
		}
		c.running.Go(func() {
			err := c.deliver(l, order, h.Bytes)
			<-c.waiting
			tell(order, err == nil)
		})
	}
}

func tell(order cluster.Copy, delivered bool) {
	if order.Done != nil {
		order.Done(delivered)
	}
}

// wait waits for every copy to have been delivered or given up.
func (c *courier) wait() { c.running.Wait() }

func (c *courier) deliver(l *Link, order cluster.Copy, request []byte) error {
	timer := time.NewTimer(order.After)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
	select {
	case c.busy <- struct{}{}:
	case <-c.ctx.Done():
		return c.ctx.Err()
	}
	defer func() { <-c.busy }()

	to := order.To
	if to == "" {
		to = l.to
	}
	addr, err := c.resolve(to, l.port)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.ctx, deliveryTimeout)
	defer cancel()
	conn, err := dialTCP(ctx, net.Dialer{KeepAlive: -1}, addr)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	whole := func(received []byte, ended bool) (bool, error) {
		n, err := l.framer.Reply(received, request, ended)
		return n > 0, err
	}
	if c, ok := l.framer.(cluster.Correlator); ok {
		request = c.Again(request)
		whole = func(received []byte, _ bool) (bool, error) { return c.Confirmed(received) }
	}
	if _, err := conn.Write(request); err != nil {
		return err
	}
	return readReply(conn, whole)
}

// readReply reads until the reply is whole, and throws it away.
func readReply(r io.Reader, whole func(received []byte, ended bool) (bool, error)) error {
	var reply []byte
	buffer := make([]byte, 4<<10)
	for {
		n, readErr := r.Read(buffer)
		reply = append(reply, buffer[:n]...)
		ended := errors.Is(readErr, io.EOF)
		answered, err := whole(reply, ended)
		switch {
		case err != nil:
			return fmt.Errorf("reply to a copy: %w", err)
		case answered:
			return nil
		case readErr != nil:
			return fmt.Errorf("reply to a copy: %w", readErr)
		case len(reply) > maxMessage:
			return fmt.Errorf("reply to a copy: %w", errTooLong)
		}
	}
}
