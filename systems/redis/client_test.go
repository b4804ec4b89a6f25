package redis

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/nemeses/wire"
)

// serve answers the handshake as Redis does and every other command with one
// reply, or with none and the end of the connection.
func serve(t *testing.T, reply string) (addr string) {
	t.Helper()
	return serveEach(t, func(string) string { return reply })
}

// serveEach is serve with the reply to each command, by its name.
func serveEach(t *testing.T, reply func(name string) string) (addr string) {
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
			go answer(c, reply)
		}
	}()
	return l.Addr().String()
}

func answer(c net.Conn, reply func(name string) string) {
	defer c.Close()
	reader := bufio.NewReader(c)
	var sent []byte
	for {
		b, err := reader.ReadByte()
		if err != nil {
			return
		}
		sent = append(sent, b)
		n, err := wire.RESP{}.Request(sent)
		if err != nil {
			return
		}
		if n == 0 {
			continue
		}
		name := strings.ToUpper(strings.Fields(string(sent))[2])
		sent = nil
		if name == "HELLO" || name == "CLIENT" {
			fmt.Fprint(c, "-ERR unknown command\r\n") // as servers before version 6
			continue
		}
		switch says := reply(name); says {
		case "hang": // until the client has had enough
		case "":
			return
		default:
			fmt.Fprint(c, says)
		}
	}
}

func TestWhatIsMadeOfAnswers(t *testing.T) {
	read := harness.Invocation{F: "read", Key: "r"}
	write := harness.Invocation{F: "write", Key: "r", Value: int64(3)}
	cas := harness.Invocation{F: "cas", Key: "r", Value: []any{int64(3), int64(4)}}
	for _, test := range []struct {
		op      harness.Invocation
		reply   string
		outcome history.Outcome
		value   any
		says    string
	}{
		{read, "$1\r\n7\r\n", history.OK, int64(7), ""},
		{read, "$-1\r\n", history.OK, nil, ""},
		{read, "$1\r\nx\r\n", history.Unknown, nil, "bad-reply"},
		{read, "-LOADING Redis is loading the dataset in memory\r\n", history.Fail, nil, "loading"},
		{write, "+OK\r\n", history.OK, nil, ""},
		{write, "-READONLY You can't write against a read only replica.\r\n", history.Fail, nil, "readonly"},
		{write, "-MISCONF Errors writing to the AOF file\r\n", history.Fail, nil, "misconf"},
		{write, "-NOREPLICAS Not enough good replicas to write.\r\n", history.Fail, nil, "noreplicas"},
		{write, "-UNBLOCKED force unblock\r\n", history.Unknown, nil, "error"},
		{write, "-TRYAGAIN later\r\n", history.Unknown, nil, "error"},
		{write, "", history.Unknown, nil, "no-reply"},
		{write, "hang", history.Unknown, nil, "timeout"},
		{cas, "*1\r\n:1\r\n", history.OK, nil, ""},
		{cas, "*2\r\n:0\r\n$1\r\n5\r\n", history.Fail, int64(5), "mismatch"},
		{cas, "*2\r\n:0\r\n$-1\r\n", history.Fail, nil, "mismatch"},
		{cas, "*2\r\n:0\r\n$1\r\nx\r\n", history.Unknown, nil, "bad-reply"},
		{cas, "", history.Unknown, nil, "no-reply"},
	} {
		t.Run(test.op.F+" "+test.reply, func(t *testing.T) {
			c, err := System{}.Open("n1", serve(t, test.reply), planConfig())
			require.NoError(t, err)
			defer c.Close()
			limit := 30 * time.Second
			if test.reply == "hang" {
				limit = 200 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			done := c.Invoke(ctx, test.op)
			require.Equal(t, test.outcome, done.Outcome, done.Error)
			require.Equal(t, test.value, done.Value)
			require.True(t, strings.HasPrefix(done.Error, test.says), done.Error)
		})
	}
}

// What is made of answers in the workloads that are told by the config.
func TestWhatIsMadeOfAnswersByWorkload(t *testing.T) {
	read := harness.Invocation{F: "read", Key: "k"}
	increment := harness.Invocation{F: "increment", Key: "k"}
	element := func(f string) harness.Invocation { return harness.Invocation{F: f, Key: "k", Value: int64(3)} }
	micro := func(f, key string, value any) []any { return []any{f, key, value} }
	txn := func(list ...any) harness.Invocation { return harness.Invocation{F: "txn", Value: list} }
	lists := txn(micro("append", "l1", int64(4)), micro("r", "l1", nil), micro("r", "l2", nil))
	registers := txn(micro("r", "x1", nil), micro("w", "x1", int64(4)), micro("r", "x2", nil))
	const oom = "OOM command not allowed when used memory > 'maxmemory'."
	bulk := func(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }
	for _, test := range []struct {
		workload string
		op       harness.Invocation
		reply    string
		outcome  history.Outcome
		value    any
		says     string
	}{
		{"set", read, "*2\r\n$1\r\n7\r\n$1\r\n5\r\n", history.OK, []any{int64(7), int64(5)}, ""},
		{"set", read, "*0\r\n", history.OK, []any{}, ""},
		{"set", read, "*1\r\n$1\r\nx\r\n", history.Unknown, nil, "bad-reply"},
		{"set", read, "", history.Unknown, nil, "no-reply"},
		{"set", element("add"), ":1\r\n", history.OK, true, ""},
		{"membership", element("add"), ":0\r\n", history.OK, false, ""},
		{"membership", element("remove"), ":1\r\n", history.OK, true, ""},
		{"membership", element("contains"), ":0\r\n", history.OK, false, ""},
		{"set", element("add"), "-" + oom + "\r\n", history.Fail, nil, "oom"},
		{"set", element("add"), "-UNBLOCKED force unblock\r\n", history.Unknown, nil, "error"},
		{"set", element("add"), "", history.Unknown, nil, "no-reply"},
		{"membership", element("remove"), "hang", history.Unknown, nil, "timeout"},
		{"counter", read, "$-1\r\n", history.OK, int64(0), ""},
		{"counter", read, "$2\r\n17\r\n", history.OK, int64(17), ""},
		{"counter", increment, ":4\r\n", history.OK, nil, ""},
		{"counter", increment, "-MISCONF Errors writing to the AOF file\r\n", history.Fail, nil, "misconf"},
		{"counter", increment, "", history.Unknown, nil, "no-reply"},
		{"counter", increment, "+what\r\n", history.Unknown, nil, "bad-reply"},

		{"list-append", lists, "*2\r\n:-1\r\n*3\r\n:1\r\n*2\r\n$1\r\n2\r\n$1\r\n4\r\n*0\r\n", history.OK,
			[]any{micro("append", "l1", int64(4)), micro("r", "l1", []any{int64(2), int64(4)}), micro("r", "l2", []any{})}, ""},
		{"rw-register", registers, "*2\r\n:-1\r\n*3\r\n$1\r\n2\r\n+OK\r\n$-1\r\n", history.OK,
			[]any{micro("r", "x1", int64(2)), micro("w", "x1", int64(4)), micro("r", "x2", nil)}, ""},
		{"list-append", lists, "*2\r\n:0\r\n" + bulk(oom), history.Fail, nil, "oom"},
		{"list-append", lists, "*2\r\n:0\r\n" + bulk("STRANGE news"), history.Unknown, nil, "error"},
		{"list-append", lists, "*2\r\n:1\r\n" + bulk(oom), history.Unknown, nil, "half-done"},
		{"list-append", lists, "*2\r\n:2\r\n" + bulk("WRONGTYPE Operation against a key"), history.Unknown, nil, "half-done"},
		{"list-append", lists, "-" + oom + "\r\n", history.Unknown, nil, "error"},
		{"list-append", lists, "-ERR not enough memory script: on @user_script:9.\r\n", history.Unknown, nil, "error"},
		{"list-append", lists, "-READONLY You can't write against a read only replica.\r\n", history.Unknown, nil, "error"},
		{"list-append", lists, "-LOADING Redis is loading the dataset in memory\r\n", history.Fail, nil, "loading"},
		{"list-append", lists, "-BUSY Redis is busy running a script.\r\n", history.Fail, nil, "busy"},
		{"list-append", lists, "*2\r\n:-1\r\n*1\r\n:1\r\n", history.Unknown, nil, "bad-reply"},
		{"list-append", lists, "*2\r\n:-1\r\n*3\r\n:1\r\n*1\r\n$1\r\nx\r\n*0\r\n", history.Unknown, nil, "bad-reply"},
		{"list-append", lists, "*2\r\n:-1\r\n*3\r\n:1\r\n*1\r\n:3\r\n*0\r\n", history.Unknown, nil, "bad-reply"},
		{"list-append", lists, "*2\r\n:-1\r\n*3\r\n:1\r\n:1\r\n*0\r\n", history.Unknown, nil, "bad-reply"},
		{"list-append", lists, "*0\r\n", history.Unknown, nil, "bad-reply"},
		{"list-append", lists, "", history.Unknown, nil, "no-reply"},
		{"list-append", lists, "hang", history.Unknown, nil, "timeout"},

		{"list-append", registers, "", history.Fail, nil, "not-sent"},
		{"rw-register", lists, "", history.Fail, nil, "not-sent"},
		{"list-append", txn(), "", history.Fail, nil, "not-sent"},
		{"list-append", txn("r"), "", history.Fail, nil, "not-sent"},
		{"list-append", txn(micro("append", "l1", nil)), "", history.Fail, nil, "not-sent"},
		{"list-append", txn([]any{"r", int64(1), nil}), "", history.Fail, nil, "not-sent"},
		{"list-append", harness.Invocation{F: "txn", Value: "r"}, "", history.Fail, nil, "not-sent"},
		{"counter", element("increment"), "", history.Fail, nil, "not-sent"},
	} {
		t.Run(test.workload+" "+test.op.F+" "+test.reply, func(t *testing.T) {
			config := planConfig()
			config.Workload = test.workload
			c, err := System{}.Open("n1", serve(t, test.reply), config)
			require.NoError(t, err)
			defer c.Close()
			limit := 30 * time.Second
			if test.reply == "hang" {
				limit = 200 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			done := c.Invoke(ctx, test.op)
			require.Equal(t, test.outcome, done.Outcome, done.Error)
			require.Equal(t, test.value, done.Value)
			require.True(t, strings.HasPrefix(done.Error, test.says), done.Error)
		})
	}
}

func TestWhatWasNeverSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	c, err := System{}.Open("n1", addr, planConfig())
	require.NoError(t, err)
	defer c.Close()
	write := harness.Invocation{F: "write", Key: "r", Value: int64(3)}
	done := c.Invoke(t.Context(), write)
	require.Equal(t, history.Fail, done.Outcome)
	require.Contains(t, done.Error, "not-sent")
	require.True(t, done.Backoff)

	done = c.Invoke(t.Context(), harness.Invocation{F: "cas", Key: "r", Value: int64(1)})
	require.Equal(t, history.Fail, done.Outcome)
	done = c.Invoke(t.Context(), harness.Invocation{F: "withdraw"})
	require.Equal(t, history.Fail, done.Outcome)
	require.Contains(t, done.Error, "no operation")
}

// A connection that was open when the operation began carried it, for all that
// is known.
func TestServerThatHangsUp(t *testing.T) {
	c, err := System{}.Open("n1", serve(t, ""), planConfig())
	require.NoError(t, err)
	defer c.Close()
	for range 3 {
		done := c.Invoke(t.Context(), harness.Invocation{F: "write", Key: "r", Value: int64(3)})
		require.Equal(t, history.Unknown, done.Outcome, done.Error)
	}
}
