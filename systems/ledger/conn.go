package ledger

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/systems/internal/idle"
)

// maxReply bounds a reply: a page is far smaller.
const maxReply = 16 << 20

// errNeverSent says that no byte of a request has left.
var errNeverSent = errors.New("never-sent")

// wire is one connection, opened when needed, with one request on it at a time.
// It sends each request at most once.
type wire struct {
	addr   string
	conn   net.Conn
	reader *bufio.Reader
}

// answer is a whole reply.
type answer struct {
	status   int
	replayed bool
	body     []byte
}

// roundTrip sends a request and returns its reply. An error that is
// errNeverSent proves that the request was not sent; after any other its fate is
// unknown.
func (w *wire) roundTrip(ctx context.Context, method, path, key string, body []byte) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, method, "http://"+w.addr+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", errNeverSent, err)
	}
	request.Header.Set("User-Agent", "tertium")
	if len(body) > 0 {
		request.Header.Set("Content-Type", "application/json")
	}
	if strings.ContainsFunc(key, unfit) {
		return answer{}, fmt.Errorf("%w: key %q does not fit into a header", errNeverSent, key)
	}
	if key != "" {
		request.Header.Set("Idempotency-Key", `"`+key+`"`)
	}
	var written bytes.Buffer
	if err := request.Write(&written); err != nil {
		return answer{}, fmt.Errorf("%w: %w", errNeverSent, err)
	}
	if err := w.connect(ctx); err != nil {
		return answer{}, fmt.Errorf("%w: %w", errNeverSent, err)
	}
	reply, err := w.exchange(ctx, request, written.Bytes())
	if err != nil {
		// A late reply on this connection would be taken for that of the next
		// request.
		w.close()
	}
	return reply, err
}

// connect makes sure that there is a connection that the other side has not
// closed as far as can be seen from here.
func (w *wire) connect(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if w.conn != nil && w.reader.Buffered() == 0 && w.conn.SetDeadline(time.Time{}) == nil && idle.Open(w.conn) {
		return nil
	}
	w.close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", w.addr)
	if err != nil {
		return err
	}
	w.conn, w.reader = conn, bufio.NewReader(conn)
	return nil
}

// exchange writes a request and reads its reply.
func (w *wire) exchange(ctx context.Context, request *http.Request, bytes []byte) (answer, error) {
	conn := w.conn
	if err := conn.SetDeadline(deadline(ctx)); err != nil {
		return answer{}, fmt.Errorf("%w: %w", errNeverSent, err)
	}
	// The context may also be cancelled before its deadline.
	defer context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })()
	if n, err := conn.Write(bytes); err != nil {
		if n == 0 {
			return answer{}, fmt.Errorf("%w: %w", errNeverSent, err)
		}
		return answer{}, err
	}
	reply, err := http.ReadResponse(w.reader, request)
	if err != nil {
		return answer{}, err
	}
	defer reply.Body.Close()
	body, err := io.ReadAll(io.LimitReader(reply.Body, maxReply))
	if err != nil {
		return answer{}, err
	}
	if reply.Close {
		w.close()
	}
	return answer{
		status:   reply.StatusCode,
		replayed: reply.Header.Get("Idempotency-Replayed") == "true",
		body:     body,
	}, nil
}

// unfit is true of what cannot stand in a string of RFC 8941 unescaped.
// [http.Request.Write] would silently put another key in its place.
func unfit(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }

func (w *wire) close() {
	if w.conn != nil {
		// Whatever it says, the connection is not used again.
		_ = w.conn.Close()
		w.conn, w.reader = nil, nil
	}
}

// deadline returns that of a context, or none.
func deadline(ctx context.Context) time.Time {
	at, _ := ctx.Deadline()
	return at
}
