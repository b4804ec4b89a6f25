package etcd

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// listen hands every connection to serve.
func listen(t *testing.T, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				serve(c)
			}()
		}
	}()
	return l.Addr().String()
}

func open(t *testing.T, addr string, config plan.Config) harness.Client {
	t.Helper()
	c, err := System{}.Open("n1", addr, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

var write = harness.Invocation{F: "write", Key: "r", Value: int64(3)}

// A server that ends a connection that has served before, just as a request
// arrives on it, is where Go's own transport would send the request again. So
// that it is seen, each request is counted, and the first of each connection
// answered.
func TestNothingIsSentTwice(t *testing.T) {
	var requests, connections atomic.Int64
	addr := listen(t, func(c net.Conn) {
		connections.Add(1)
		r := bufio.NewReader(c)
		for first := true; ; first = false {
			request, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			requests.Add(1)
			if !first {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
		}
	})
	c := open(t, addr, plan.Config{})
	const rounds = 20
	for range rounds {
		require.Equal(t, history.OK, c.Invoke(t.Context(), write).Outcome)
		got := c.Invoke(t.Context(), write)
		require.Equal(t, history.Unknown, got.Outcome)
		require.Contains(t, got.Error, "no-reply")
	}
	require.EqualValues(t, 2*rounds, requests.Load(), "one request an operation")
	require.EqualValues(t, rounds, connections.Load(), "one connection while it lasts")
}

// A redirection is an answer like any other that nobody thought of.
func TestNoRedirects(t *testing.T) {
	var requests atomic.Int64
	addr := listen(t, func(c net.Conn) {
		r := bufio.NewReader(c)
		for {
			request, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, _ = io.Copy(io.Discard, request.Body)
			requests.Add(1)
			_, _ = io.WriteString(c, "HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n")
		}
	})
	got := open(t, addr, plan.Config{}).Invoke(t.Context(), write)
	require.Equal(t, history.Unknown, got.Outcome)
	require.Contains(t, got.Error, "status-307")
	require.EqualValues(t, 1, requests.Load())
}

func TestWhatWasNeverSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	for _, addr := range []string{l.Addr().String(), "nowhere", "bad host:1"} {
		got := open(t, addr, plan.Config{}).Invoke(t.Context(), write)
		require.Equal(t, history.Fail, got.Outcome, got.Error)
		require.Contains(t, got.Error, "not-sent")
		require.True(t, got.Backoff)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	got := open(t, l.Addr().String(), plan.Config{}).Invoke(ctx, write)
	require.Equal(t, history.Fail, got.Outcome)
}

// What is cut off in the middle is of unknown outcome.
func TestBrokenReplies(t *testing.T) {
	for name, reply := range map[string]string{
		"nothing":           "",
		"half a header":     "HTTP/1.1 200 OK\r\nContent-Le",
		"half a body":       "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{",
		"half a chunk":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
		"half an error":     "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 20\r\n\r\n{",
		"no JSON":           "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n<",
		"no HTTP":           "etcd\r\n\r\n",
		"a refusal in HTML": "HTTP/1.1 400 Bad Request\r\nContent-Length: 1\r\n\r\n<",
	} {
		t.Run(name, func(t *testing.T) {
			addr := listen(t, func(c net.Conn) {
				if request, err := http.ReadRequest(bufio.NewReader(c)); err == nil {
					_, _ = io.Copy(io.Discard, request.Body)
					_, _ = io.WriteString(c, reply)
				}
			})
			got := open(t, addr, plan.Config{}).Invoke(t.Context(), write)
			require.Equal(t, history.Unknown, got.Outcome, got.Error)
		})
	}
}

func TestNoReply(t *testing.T) {
	addr := listen(t, func(c net.Conn) { _, _ = io.Copy(io.Discard, c) })
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	got := open(t, addr, plan.Config{}).Invoke(ctx, write)
	require.Equal(t, history.Unknown, got.Outcome)
	require.Contains(t, got.Error, "timeout")
}
