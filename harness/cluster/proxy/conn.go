package proxy

import (
	"context"
	"io"
	"net"
	"slices"
	"sync"
	"time"
)

// conn is one connection through a link: two sockets, with a half for each
// direction between them.
type conn struct {
	link   *Link
	id     uint64
	client *net.TCPConn
	halves [2]*half // requests, replies
	pairs  pairing

	ctx    context.Context // ends when the connection is over
	cancel context.CancelFunc

	mu      sync.Mutex
	server  *net.TCPConn // nil until attached
	drained [2]bool      // by direction: nothing more will come
	torn    [2]bool      // by direction: bytes in the midst of it were lost
	tornBy  []*entry     // the rules that they were lost to
	doomed  manner       // how it is about to end
	isOver  bool
}

// manner is how a connection is ended by its link. Zero leaves that to its two
// ends.
type manner int

const (
	// orderly ends both directions as a close does.
	orderly manner = iota + 1
	// withReset ends both directions with a TCP reset.
	withReset
)

func newConn(l *Link, id uint64, client *net.TCPConn) *conn {
	c := &conn{link: l, id: id, client: client}
	c.ctx, c.cancel = context.WithCancel(context.Background())
	c.pairs.raw = make(chan struct{})
	if greets(l.framer) {
		c.pairs.asked(0, nil)
	}
	return c
}

// attach gives the connection its far side, unless it is over.
func (c *conn) attach(server *net.TCPConn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isOver {
		server.Close()
		return false
	}
	c.server = server
	c.halves[0] = newHalf(c, false, c.client, server)
	c.halves[1] = newHalf(c, true, server, c.client)
	return true
}

// end ends the connection in both directions and says whether it was still
// open.
func (c *conn) end(how manner) bool {
	c.mu.Lock()
	if c.isOver {
		c.mu.Unlock()
		return false
	}
	c.isOver = true
	server := c.server
	c.mu.Unlock()

	c.cancel()
	for _, socket := range []*net.TCPConn{c.client, server} {
		if socket == nil {
			continue
		}
		if how == withReset {
			// No lingering makes close send a reset and forget what is unsent.
			socket.SetLinger(0)
		}
		socket.Close()
	}
	c.link.forget(c)
	return true
}

// condemn says how the connection will end, once one half has passed on its
// last bytes. Nothing passes in the other direction from now on. It fails if
// that half is condemned already.
func (c *conn) condemn(how manner) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.doomed != 0 || c.isOver {
		return false
	}
	c.doomed = how
	time.AfterFunc(finishWithin, func() { c.end(how) })
	return true
}

func (c *conn) doom() manner {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.doomed
}

// drain notes that nothing more will come in one direction. It passes the end
// on, unless bytes before it were lost, and ends the connection when the other
// direction is drained too.
func (c *conn) drain(h *half) {
	c.mu.Lock()
	c.drained[h.index()] = true
	both := c.drained[0] && c.drained[1]
	torn := c.torn[h.index()]
	over := c.isOver
	c.mu.Unlock()
	switch {
	case over:
	case both:
		c.end(orderly)
	case !torn:
		h.to.CloseWrite() // fails only if the connection is no more
	}
}

// tear notes that bytes in the midst of one direction were lost to these rules.
func (c *conn) tear(direction int, by []*entry) {
	c.mu.Lock()
	c.torn[direction] = true
	for _, e := range by {
		if !slices.Contains(c.tornBy, e) {
			c.tornBy = append(c.tornBy, e)
		}
	}
	c.mu.Unlock()
	// A rule that was taken off since it judged has already mended all that it
	// knew of.
	there := c.link.rules.all()
	for _, e := range by {
		if !slices.Contains(there, e) {
			c.mend(e)
		}
	}
}

// mend is called when a rule was taken off. A connection that lost bytes to it,
// and to no rule that is still there, is reset: to go on after the gap would
// show the peer a stream that nobody sent.
func (c *conn) mend(e *entry) {
	c.mu.Lock()
	i := slices.Index(c.tornBy, e)
	if i >= 0 {
		c.tornBy = slices.Delete(c.tornBy, i, i+1)
	}
	healed := i >= 0 && len(c.tornBy) == 0
	c.mu.Unlock()
	if healed {
		c.end(withReset)
	}
}

// hasGap says whether what comes now in that direction would follow on a gap.
func (c *conn) hasGap(direction int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.torn[direction]
}

// swallow reads what a client sends on a connection that leads nowhere, until
// the client or the link ends it.
func (c *conn) swallow() {
	_, err := io.Copy(io.Discard, c.client)
	if err != nil {
		c.end(withReset)
		return
	}
	c.end(orderly)
}

// wait waits that long and says whether the connection is still open.
func (c *conn) wait(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-c.ctx.Done():
		return false
	}
}
