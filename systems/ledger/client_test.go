package ledger_test

import (
	"bufio"
	"context"
	"fmt"
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
	"github.com/tertium-dev/tertium/systems/ledger"
)

// fakeNode answers each request with what serve writes to its connection, and
// keeps the requests that it got.
type fakeNode struct {
	addr     string
	requests chan *http.Request
}

func newFakeNode(t *testing.T, serve func(net.Conn, *http.Request) (goOn bool)) *fakeNode {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	node := &fakeNode{addr: listener.Addr().String(), requests: make(chan *http.Request, 100)}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for reader := bufio.NewReader(conn); ; {
					request, err := http.ReadRequest(reader)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, request.Body)
					node.requests <- request
					if !serve(conn, request) {
						return
					}
				}
			}()
		}
	}()
	return node
}

// replyWith returns a reply as it goes over the wire.
func replyWith(status int, body string) string {
	return fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		status, http.StatusText(status), len(body), body)
}

func openClient(t *testing.T, addr string) harness.Client {
	client, err := ledger.System{}.Open("n1", addr, plan.Config{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	return client
}

var (
	read    = harness.Invocation{F: "read", Key: "r0"}
	write   = harness.Invocation{F: "write", Key: "r0", Value: int64(7)}
	cas     = harness.Invocation{F: "cas", Key: "r0", Value: []any{nil, int64(7)}}
	deposit = harness.Invocation{
		F: "deposit", Key: "t1/a1", Idem: "t1/deposit/k/1",
		Value: map[string]any{"tenant": "t1", "account": "a1", "amount": int64(5)},
	}
	balance = harness.Invocation{F: "balance", Key: "t1/a1"}
)

// What a client takes from what it sees.
func TestOutcomes(t *testing.T) {
	hold := func(io.Writer) bool { return true }
	send := func(text string) func(io.Writer) bool {
		return func(w io.Writer) bool {
			_, err := io.WriteString(w, text)
			return err == nil
		}
	}
	sendAndEnd := func(text string) func(io.Writer) bool {
		return func(w io.Writer) bool {
			_, _ = io.WriteString(w, text)
			return false
		}
	}
	for name, test := range map[string]struct {
		op    harness.Invocation
		serve func(io.Writer) bool
		want  history.Outcome
		error string
		value any
	}{
		"read":                           {read, send(replyWith(200, `{"key":"r0","value":9007199254740993}`)), history.OK, "", int64(9007199254740993)},
		"read of nothing":                {read, send(replyWith(200, `{"key":"r0","value":null}`)), history.OK, "", nil},
		"read of another reply":          {read, send(replyWith(200, `{}`)), history.Unknown, "bad-reply", nil},
		"write":                          {write, send(replyWith(200, `{"key":"r0","value":7}`)), history.OK, "", nil},
		"cas":                            {cas, send(replyWith(200, `{"key":"r0","value":7}`)), history.OK, "", nil},
		"cas, mismatch":                  {cas, send(replyWith(412, `{"code":"mismatch","value":3}`)), history.Fail, "mismatch", int64(3)},
		"cas, mismatch with nothing":     {cas, send(replyWith(412, `{"code":"mismatch"}`)), history.Fail, "mismatch", nil},
		"deposit":                        {deposit, send(replyWith(201, `{"id":1,"account":"a1","amount":5,"balance":5}`)), history.OK, "", map[string]any{"id": int64(1), "account": "a1", "amount": int64(5), "balance": int64(5)}},
		"deposit without an id":          {deposit, send(replyWith(201, `{}`)), history.Unknown, "bad-reply", nil},
		"deposit with half an id":        {deposit, send(replyWith(201, `{"id":1.5}`)), history.Unknown, "bad-reply", nil},
		"deposit in flight elsewhere":    {deposit, send(replyWith(409, `{"code":"in-flight"}`)), history.Unknown, "in-flight", nil},
		"conflict":                       {deposit, send(replyWith(422, `{"code":"conflict"}`)), history.Fail, "conflict", nil},
		"insufficient funds":             {deposit, send(replyWith(402, `{"code":"insufficient-funds"}`)), history.Fail, "insufficient-funds", nil},
		"no key":                         {deposit, send(replyWith(400, `{"code":"no-key"}`)), history.Fail, "no-key", nil},
		"no leader":                      {write, send(replyWith(421, `{"code":"no-leader"}`)), history.Fail, "no-leader", nil},
		"no leader now":                  {deposit, send(replyWith(421, `{"code":"no-leader"}`)), history.Unknown, "no-leader", nil},
		"no leader, says a proxy":        {deposit, send(replyWith(503, `{"code":"no-leader"}`)), history.Unknown, "status-503", nil},
		"unknown, says the service":      {deposit, send(replyWith(503, `{"code":"unknown"}`)), history.Unknown, "status-503", nil},
		"server error":                   {deposit, send(replyWith(500, `oops`)), history.Unknown, "bad-reply", nil},
		"4xx that nobody thought of":     {deposit, send(replyWith(418, `{"code":"teapot"}`)), history.Unknown, "status-418", nil},
		"redirect":                       {deposit, send(replyWith(307, `{}`)), history.Unknown, "status-307", nil},
		"balance":                        {balance, send(replyWith(200, `{"account":"a1","balance":12}`)), history.OK, "", int64(12)},
		"balance of another reply":       {balance, send(replyWith(200, `{"account":"a1"}`)), history.Unknown, "bad-reply", nil},
		"no reply":                       {deposit, hold, history.Unknown, "timeout", nil},
		"end before the reply":           {deposit, sendAndEnd(""), history.Unknown, "no-reply", nil},
		"end in the head":                {deposit, sendAndEnd("HTTP/1.1 201 Cre"), history.Unknown, "no-reply", nil},
		"end in the body":                {deposit, sendAndEnd(replyWith(201, `{"id":1}`)[:70]), history.Unknown, "no-reply", nil},
		"not HTTP":                       {deposit, sendAndEnd("SSH-2.0-OpenSSH\r\n\r\n"), history.Unknown, "no-reply", nil},
		"silence in the body":            {deposit, send(replyWith(201, `{"id":1}`)[:70]), history.Unknown, "timeout", nil},
		"operation that nobody knows":    {harness.Invocation{F: "dance"}, hold, history.Fail, "never-sent", nil},
		"write of something else":        {harness.Invocation{F: "write", Key: "r0", Value: "seven"}, hold, history.Fail, "never-sent", nil},
		"cas of something else":          {harness.Invocation{F: "cas", Key: "r0", Value: int64(1)}, hold, history.Fail, "never-sent", nil},
		"deposit of something else":      {harness.Invocation{F: "deposit", Value: nil}, hold, history.Fail, "never-sent", nil},
		"register with a line break":     {harness.Invocation{F: "read", Key: "a\r\nb"}, hold, history.Fail, "never-sent", nil},
		"idempotency key with a newline": {harness.Invocation{F: "deposit", Idem: "t1/deposit/a\nb", Value: deposit.Value}, hold, history.Fail, "never-sent", nil},
	} {
		t.Run(name, func(t *testing.T) {
			node := newFakeNode(t, func(conn net.Conn, _ *http.Request) bool { return test.serve(conn) })
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			if test.error == "timeout" {
				ctx, cancel = context.WithTimeout(t.Context(), 50*time.Millisecond)
			}
			defer cancel()
			got := openClient(t, node.addr).Invoke(ctx, test.op)
			require.Equal(t, test.want, got.Outcome, "%+v", got)
			require.Equal(t, test.value, got.Value)
			if test.error == "" {
				require.Empty(t, got.Error)
			} else {
				require.Regexp(t, "^"+test.error+"(:|$)", got.Error)
			}
		})
	}
}

func TestNeverSent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	client := openClient(t, listener.Addr().String())
	got := client.Invoke(t.Context(), deposit)
	require.Equal(t, history.Fail, got.Outcome)
	require.Regexp(t, "^never-sent: ", got.Error)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	node := newFakeNode(t, func(net.Conn, *http.Request) bool { return true })
	got = openClient(t, node.addr).Invoke(ctx, deposit)
	require.Equal(t, history.Fail, got.Outcome)
	require.Empty(t, node.requests)
}

// A request whose connection breaks is not sent again, not even the kind that
// net/http would send again: on a connection used before, under a key.
func TestNoRetries(t *testing.T) {
	for _, op := range []harness.Invocation{deposit, write, read} {
		t.Run(op.F, func(t *testing.T) {
			var served atomic.Int64
			node := newFakeNode(t, func(conn net.Conn, _ *http.Request) bool {
				if served.Add(1) == 2 {
					return false
				}
				_, err := io.WriteString(conn, replyWith(200, `{"id":1,"key":"r0","value":1}`))
				return err == nil
			})
			client := openClient(t, node.addr)
			require.Equal(t, history.OK, client.Invoke(t.Context(), op).Outcome)
			require.Equal(t, history.Unknown, client.Invoke(t.Context(), op).Outcome)
			require.Len(t, node.requests, 2)
			require.Equal(t, history.OK, client.Invoke(t.Context(), op).Outcome, "on a connection of its own")
		})
	}
}

// An idle connection that the node has closed is not used: the request goes over
// another one and its outcome is known.
func TestClosedWhileIdle(t *testing.T) {
	ended := make(chan struct{}, 1)
	node := newFakeNode(t, func(conn net.Conn, _ *http.Request) bool {
		_, _ = io.WriteString(conn, replyWith(200, `{"key":"r0","value":1}`))
		_ = conn.Close()
		ended <- struct{}{}
		return false
	})
	client := openClient(t, node.addr)
	for range 20 {
		require.Equal(t, history.OK, client.Invoke(t.Context(), read).Outcome)
		<-ended
	}
	require.Len(t, node.requests, 20)
}

// A reply that nobody waits for any more is not taken for that of the next
// request.
func TestLateReply(t *testing.T) {
	second := make(chan struct{})
	node := newFakeNode(t, func(conn net.Conn, r *http.Request) bool {
		if r.URL.Path == "/v1/registers/late" {
			<-second
		}
		_, _ = io.WriteString(conn, replyWith(200, `{"key":"`+r.URL.Path+`","value":1}`))
		return true
	})
	client := openClient(t, node.addr)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	got := client.Invoke(ctx, harness.Invocation{F: "read", Key: "late"})
	require.Equal(t, history.Unknown, got.Outcome)
	close(second)
	got = client.Invoke(t.Context(), harness.Invocation{F: "balance", Key: "t1/a"})
	require.Equal(t, history.Unknown, got.Outcome, "its own reply has no balance: %+v", got)
	require.Contains(t, got.Error, "no balance")
}

// What a request looks like on the wire.
func TestRequests(t *testing.T) {
	node := newFakeNode(t, func(conn net.Conn, _ *http.Request) bool {
		_, err := io.WriteString(conn, replyWith(200, `{"id":1}`))
		return err == nil
	})
	client := openClient(t, node.addr)
	client.Invoke(t.Context(), deposit)
	r := <-node.requests
	require.Equal(t, "POST /v1/t1/deposits", r.Method+" "+r.URL.Path)
	require.Equal(t, `"k/1"`, r.Header.Get("Idempotency-Key"), "all that follows tenant and operation")
	require.Equal(t, "application/json", r.Header.Get("Content-Type"))

	client.Invoke(t.Context(), write)
	require.Empty(t, (<-node.requests).Header.Values("Idempotency-Key"), "so that nobody delivers it twice")

	client.Invoke(t.Context(), harness.Invocation{F: "deposit", Value: deposit.Value})
	require.Empty(t, (<-node.requests).Header.Values("Idempotency-Key"))
}
