package proxy

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
)

// half is one direction of a connection. Toxiproxy reads from it what its source
// sends, passes that through the toxics, and writes to it what its destination
// is to get.
//
// The end of a direction travels through the pipeline behind its last bytes: a
// source that is reset has its destination reset, but not before what it sent
// has arrived.
type half struct {
	conn     *conn
	reply    bool
	from, to *net.TCPConn

	// gone ends when the destination can take no more.
	gone     chan struct{}
	goneOnce sync.Once

	broken atomic.Bool // the source ended with an error
	failed bool        // the destination did; the writer's own
	// dooms says that the connection ends behind the last bytes of this half.
	// The toxic sets it before it closes its output, which is what makes the
	// writer read it.
	dooms bool
}

func newHalf(c *conn, reply bool, from, to *net.TCPConn) *half {
	return &half{conn: c, reply: reply, from: from, to: to, gone: make(chan struct{})}
}

func (h *half) index() int {
	if h.reply {
		return 1
	}
	return 0
}

// Read reads from the source.
func (h *half) Read(p []byte) (int, error) {
	n, err := h.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		h.broken.Store(true)
		// Who was reset can take nothing more either.
		h.conn.halves[1-h.index()].lose()
	}
	return n, err
}

// WriteTo is how Toxiproxy reads, with a buffer that outlives the connection.
func (h *half) WriteTo(w io.Writer) (int64, error) {
	return copyBuffered(w, struct{ io.Reader }{h})
}

// ReadFrom is how Toxiproxy writes.
func (h *half) ReadFrom(r io.Reader) (int64, error) {
	return copyBuffered(struct{ io.Writer }{h}, r)
}

// bufferSize is that of the buffers that [io.Copy] would make for each
// connection.
const bufferSize = 32 << 10

var buffers = sync.Pool{New: func() any { return new([bufferSize]byte) }}

func copyBuffered(w io.Writer, r io.Reader) (int64, error) {
	buffer, ok := buffers.Get().(*[bufferSize]byte)
	if !ok {
		return io.Copy(w, r)
	}
	defer buffers.Put(buffer)
	return io.CopyBuffer(w, r, buffer[:])
}

// Write writes to the destination.
func (h *half) Write(p []byte) (int, error) {
	n, err := h.to.Write(p)
	if err != nil {
		h.failed = true
		h.lose()
	}
	return n, err
}

// Close is called when everything has been written, or nothing more can be.
func (h *half) Close() error {
	defer h.conn.link.running.Done()
	switch doom := h.conn.doom(); {
	case h.failed:
		h.conn.end(withReset)
	case h.broken.Load():
		settle(h.to)
		h.conn.end(withReset)
	case h.dooms:
		if doom == withReset {
			settle(h.to)
		}
		h.conn.end(doom)
	case doom != 0:
		// The other half is about to end the connection.
	default:
		h.conn.drain(h)
	}
	return nil
}

// lose notes that the destination can take no more.
func (h *half) lose() { h.goneOnce.Do(func() { close(h.gone) }) }
