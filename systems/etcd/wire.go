package etcd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/tertium-dev/tertium/systems/internal/idle"
)

// maxReply bounds a reply. The largest are the reads of whole sets.
const maxReply = 64 << 20

// errNeverSent says that no byte of a request has left.
var errNeverSent = errors.New("not-sent")

// wire is one connection, opened when needed, with one request on it at a time.
// It sends each request at most once, which Go's http.Transport does not promise.
type wire struct {
	addr   string
	conn   net.Conn
	reader *bufio.Reader
}

// answer is a whole reply.
type answer struct {
	status int
	body   []byte
}

// post sends a request and returns its reply. An error that is errNeverSent
// proves that the request was not sent; after any other its fate is unknown.
func (w *wire) post(ctx context.Context, path string, body []byte) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+w.addr+path, bytes.NewReader(body))
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", errNeverSent, err)
	}
	request.Header.Set("User-Agent", "tertium")
	request.Header.Set("Content-Type", "application/json")
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
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", w.addr)
	if err != nil {
		return err
	}
	w.conn, w.reader = conn, bufio.NewReader(conn)
	return nil
}

// exchange writes a request and reads its reply.
func (w *wire) exchange(ctx context.Context, request *http.Request, bytes []byte) (answer, error) {
	conn := w.conn
	deadline, _ := ctx.Deadline()
	if err := conn.SetDeadline(deadline); err != nil {
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
	return answer{reply.StatusCode, body}, nil
}

func (w *wire) close() {
	if w.conn != nil {
		// Whatever it says, the connection is not used again.
		_ = w.conn.Close()
		w.conn, w.reader = nil, nil
	}
}
