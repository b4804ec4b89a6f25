package postgres

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// row is the answer of a server to a query: a row with one number.
func row(value string) []pgproto3.BackendMessage {
	return []pgproto3.BackendMessage{
		&pgproto3.ParseComplete{}, &pgproto3.BindComplete{},
		&pgproto3.RowDescription{Fields: []pgproto3.FieldDescription{{Name: []byte("value"), DataTypeOID: 20, DataTypeSize: 8}}},
		&pgproto3.DataRow{Values: [][]byte{[]byte(value)}}, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 1")},
	}
}

func refusal(code string) []pgproto3.BackendMessage {
	return []pgproto3.BackendMessage{&pgproto3.ErrorResponse{Severity: "ERROR", Code: code, Message: "no"}}
}

var (
	nothing = []pgproto3.BackendMessage{
		&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, &pgproto3.NoData{}, &pgproto3.CommandComplete{CommandTag: []byte("SELECT 0")},
	}
	done = []pgproto3.BackendMessage{
		&pgproto3.ParseComplete{}, &pgproto3.BindComplete{}, &pgproto3.NoData{}, &pgproto3.CommandComplete{CommandTag: []byte("INSERT 0 1")},
	}
)

// serve greets clients as PostgreSQL does, and answers every statement with the
// same; nil hangs, and what is empty ends the connection.
func serve(t *testing.T, answer []pgproto3.BackendMessage) (addr string) {
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
			go converse(c, answer)
		}
	}()
	return l.Addr().String()
}

func converse(c net.Conn, answer []pgproto3.BackendMessage) {
	defer c.Close()
	b := pgproto3.NewBackend(c, c)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return
	}
	b.Send(&pgproto3.AuthenticationOk{})
	b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
	if b.Flush() != nil {
		return
	}
	for {
		m, err := b.Receive()
		if err != nil {
			return
		}
		switch m.(type) {
		case *pgproto3.Terminate:
			return
		case *pgproto3.Sync:
			if answer == nil {
				continue
			}
			if len(answer) == 0 {
				return
			}
			for _, part := range answer {
				b.Send(part)
			}
			b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			if b.Flush() != nil {
				return
			}
		}
	}
}

func TestWhatIsMadeOfAnswers(t *testing.T) {
	read := harness.Invocation{F: "read", Key: "r"}
	write := harness.Invocation{F: "write", Key: "r", Value: int64(3)}
	cas := harness.Invocation{F: "cas", Key: "r", Value: []any{int64(3), int64(4)}}
	for name, test := range map[string]struct {
		op      harness.Invocation
		answer  []pgproto3.BackendMessage
		outcome history.Outcome
		value   any
		says    string
	}{
		"read":                         {read, row("7"), history.OK, int64(7), ""},
		"read of nothing":              {read, nothing, history.OK, nil, ""},
		"write":                        {write, done, history.OK, nil, ""},
		"cas":                          {cas, row("4"), history.OK, nil, ""},
		"cas that sees another":        {cas, row("9"), history.Fail, int64(9), "mismatch"},
		"cas that sees the old one":    {cas, row("3"), history.Fail, int64(3), "mismatch"},
		"cas of nothing":               {cas, nothing, history.Fail, nil, "mismatch"},
		"serialization failure":        {write, refusal("40001"), history.Fail, nil, "sqlstate-40001"},
		"completion unknown":           {write, refusal("40003"), history.Unknown, nil, "sqlstate-40003"},
		"read-only server":             {write, refusal("25006"), history.Fail, nil, "sqlstate-25006"},
		"in a failed transaction":      {write, refusal("25P02"), history.Unknown, nil, "sqlstate-25P02"},
		"disk full":                    {write, refusal("53100"), history.Fail, nil, "sqlstate-53100"},
		"shut down by its owner":       {write, refusal("57P01"), history.Unknown, nil, "sqlstate-57P01"},
		"crash of another process":     {write, refusal("57P02"), history.Unknown, nil, "sqlstate-57P02"},
		"connection failure":           {write, refusal("08006"), history.Unknown, nil, "sqlstate-08006"},
		"internal error":               {write, refusal("XX000"), history.Unknown, nil, "sqlstate-XX000"},
		"end of the connection":        {write, []pgproto3.BackendMessage{}, history.Unknown, nil, "no-reply"},
		"no answer":                    {write, nil, history.Unknown, nil, "timeout"},
		"an operation that is unknown": {harness.Invocation{F: "withdraw"}, done, history.Fail, nil, "not-sent"},
		"a cas without a pair":         {harness.Invocation{F: "cas", Value: int64(1)}, done, history.Fail, nil, "not-sent"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := System{}.Open("n1", serve(t, test.answer), plan.Config{})
			require.NoError(t, err)
			defer c.Close()
			limit := 30 * time.Second
			if test.answer == nil {
				limit = 300 * time.Millisecond
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			got := c.Invoke(ctx, test.op)
			require.Equal(t, test.outcome, got.Outcome, got.Error)
			require.Equal(t, test.value, got.Value)
			require.True(t, strings.HasPrefix(got.Error, test.says), got.Error)
		})
	}
}

func TestWhatWasNeverSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	for _, addr := range []string{l.Addr().String(), "nowhere", "127.0.0.1:http"} {
		c, err := System{}.Open("n1", addr, plan.Config{})
		require.NoError(t, err)
		got := c.Invoke(t.Context(), harness.Invocation{F: "write", Key: "r", Value: int64(3)})
		require.Equal(t, history.Fail, got.Outcome)
		require.Contains(t, got.Error, "not-sent")
		require.True(t, got.Backoff)
		require.NoError(t, c.Close())
	}
}
