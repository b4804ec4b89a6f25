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

func answer(c net.Conn, reply string) {
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
		switch {
		case name == "HELLO" || name == "CLIENT":
			fmt.Fprint(c, "-ERR unknown command\r\n") // as servers before version 6
		case reply == "hang":
			time.Sleep(time.Minute)
		case reply == "":
			return
		default:
			fmt.Fprint(c, reply)
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
