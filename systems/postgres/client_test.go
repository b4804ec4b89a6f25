package postgres

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// open returns a client of a fake server.
func open(t *testing.T, answers map[string]answer, config plan.Config) (*fake, *client) {
	t.Helper()
	f, addr := serve(t, answers)
	opened, err := System{}.Open("n1", addr, config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	return f, opened.(*client)
}

// patience returns the context of an operation, which is short if an answer will
// not come.
func patience(t *testing.T, answers map[string]answer) context.Context {
	limit := time.Minute
	for _, a := range answers {
		if a == nil {
			limit = 500 * time.Millisecond
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	return ctx
}

// What a client makes of the answer to a statement by itself.
func TestWhatIsMadeOfAnswers(t *testing.T) {
	read := harness.Invocation{F: "read", Key: "r"}
	write := harness.Invocation{F: "write", Key: "r", Value: int64(3)}
	cas := harness.Invocation{F: "cas", Key: "r", Value: []any{int64(3), int64(4)}}
	add := harness.Invocation{F: "add", Key: "r", Value: int64(3)}
	contains := harness.Invocation{F: "contains", Key: "r", Value: int64(3)}
	for name, test := range map[string]struct {
		op      harness.Invocation
		answer  answer
		outcome history.Outcome
		value   any
		says    string
	}{
		"read":                         {read, number("7"), history.OK, int64(7), ""},
		"read of nothing":              {read, none, history.OK, nil, ""},
		"write":                        {write, inserted, history.OK, nil, ""},
		"write that is only here":      {write, warned(inserted), history.Unknown, nil, "warned: canceling wait"},
		"cas":                          {cas, number("4"), history.OK, nil, ""},
		"cas that sees another":        {cas, number("9"), history.Fail, int64(9), "mismatch"},
		"cas that sees the old one":    {cas, number("3"), history.Fail, int64(3), "mismatch"},
		"cas of nothing":               {cas, none, history.Fail, nil, "mismatch"},
		"increment":                    {harness.Invocation{F: "increment", Key: "r"}, inserted, history.OK, nil, ""},
		"increment by two":             {harness.Invocation{F: "increment", Key: "r", Value: int64(2)}, inserted, history.Fail, nil, "not-sent"},
		"add":                          {add, inserted, history.OK, true, ""},
		"add of what is in":            {add, tagged("INSERT 0 0"), history.OK, false, ""},
		"remove":                       {harness.Invocation{F: "remove", Key: "r", Value: int64(3)}, tagged("DELETE 1"), history.OK, true, ""},
		"contains":                     {contains, table(column{boolOID, []string{"t"}}), history.OK, true, ""},
		"balance":                      {harness.Invocation{F: "balance", Key: "t1/a1"}, number("12"), history.OK, int64(12), ""},
		"serialization failure":        {write, refusal("40001"), history.Fail, nil, "sqlstate-40001"},
		"completion unknown":           {write, refusal("40003"), history.Unknown, nil, "sqlstate-40003"},
		"read-only server":             {write, refusal("25006"), history.Fail, nil, "sqlstate-25006"},
		"in a failed transaction":      {write, refusal("25P02"), history.Unknown, nil, "sqlstate-25P02"},
		"disk full":                    {write, refusal("53100"), history.Fail, nil, "sqlstate-53100"},
		"shut down by its owner":       {write, refusal("57P01"), history.Unknown, nil, "sqlstate-57P01"},
		"crash of another process":     {write, refusal("57P02"), history.Unknown, nil, "sqlstate-57P02"},
		"connection failure":           {write, refusal("08006"), history.Unknown, nil, "sqlstate-08006"},
		"internal error":               {write, refusal("XX000"), history.Unknown, nil, "sqlstate-XX000"},
		"end of the connection":        {write, ends, history.Unknown, nil, "no-reply"},
		"end in an answer":             {read, number("7")[:4], history.Unknown, nil, "no-reply"},
		"no answer":                    {write, hangs, history.Unknown, nil, "timeout"},
		"an operation that is unknown": {harness.Invocation{F: "withdraw"}, inserted, history.Fail, nil, "not-sent"},
		"a cas without a pair":         {harness.Invocation{F: "cas", Value: int64(1)}, inserted, history.Fail, nil, "not-sent"},
	} {
		t.Run(name, func(t *testing.T) {
			answers := map[string]answer{"": test.answer}
			f, c := open(t, answers, plan.Config{})
			got := c.Invoke(patience(t, answers), test.op)
			require.Equal(t, test.outcome, got.Outcome, got.Error)
			require.Equal(t, test.value, got.Value)
			require.True(t, strings.HasPrefix(got.Error, test.says), got.Error)
			require.LessOrEqual(t, f.connections(), 1, "nothing is cancelled on another connection")
		})
	}
}

// What reads and sets hold is up to the workload.
func TestReadsByWorkload(t *testing.T) {
	read := harness.Invocation{F: "read", Key: "k"}
	numbers := table(column{bigOID, []string{"3", "4"}})
	for workload, test := range map[string]struct {
		sql    string
		answer answer
		value  any
	}{
		"set":                  {"SELECT element FROM elements", numbers, []any{int64(3), int64(4)}},
		"set+ledger":           {"SELECT element FROM elements", none, []any{}},
		"counter":              {"SELECT coalesce((SELECT value FROM counters", number("2"), int64(2)},
		"register":             {"SELECT value FROM registers", number("2"), int64(2)},
		"register+list-append": {"SELECT value FROM registers", none, nil},
	} {
		_, c := open(t, map[string]answer{test.sql: test.answer}, plan.Config{Workload: workload})
		require.Equal(t, harness.Completion{Outcome: history.OK, Value: test.value}, c.Invoke(t.Context(), read), workload)
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

// A client of a replica does nothing there, or only what reads, until the replica
// is promoted.
func TestReplicas(t *testing.T) {
	asked := "SELECT pg_is_in_recovery()"
	is := func(replica string) answer { return table(column{boolOID, []string{replica}}) }
	several := func(reads string) plan.Config {
		return plan.Config{Nodes: []string{"n1", "n2"}, Options: map[string]string{"reads": reads}, Workload: "list-append"}
	}
	read := harness.Invocation{F: "txn", Value: []any{[]any{"r", "l1", nil}}}
	write := harness.Invocation{F: "txn", Value: []any{[]any{"append", "l1", int64(1)}}}
	lists := table(column{listOID, []string{"{1}"}})
	told := []any{[]any{"r", "l1", []any{int64(1)}}}

	for _, op := range []harness.Invocation{read, write} {
		f, c := open(t, map[string]answer{asked: is("t")}, several(""))
		want := harness.Completion{Outcome: history.Fail, Error: "read-only: the node is a replica", Backoff: true}
		require.Equal(t, want, c.Invoke(t.Context(), op))
		require.Equal(t, want, c.Invoke(t.Context(), op))
		require.Equal(t, []string{asked, asked}, f.heard())
	}
	f, c := open(t, map[string]answer{asked: is("t"), "SELECT elements": lists}, several("any"))
	require.Equal(t, harness.Completion{Outcome: history.Fail, Error: "read-only: the node is a replica"}, c.Invoke(t.Context(), write))
	require.Equal(t, harness.Completion{Outcome: history.OK, Value: told}, c.Invoke(t.Context(), read))
	require.Equal(t, []string{asked, asked, "BEGIN", "SELECT elements", "COMMIT"}, f.heard())
	require.Equal(t, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", c.begin(true), "replicas know nothing higher")

	f, c = open(t, map[string]answer{asked: is("f"), "UPDATE lists": tagged("UPDATE 1"), "SELECT elements": lists}, several(""))
	require.Equal(t, history.OK, c.Invoke(t.Context(), write).Outcome)
	require.Equal(t, history.OK, c.Invoke(t.Context(), read).Outcome)
	require.Equal(t, []string{asked, "BEGIN", "UPDATE lists", "COMMIT", "BEGIN", "SELECT elements", "COMMIT"}, f.heard(), "a primary is asked once")
	require.Equal(t, "BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY", c.begin(true))

	answers := map[string]answer{asked: hangs}
	_, c = open(t, answers, several(""))
	got := c.Invoke(patience(t, answers), write)
	require.Equal(t, history.Fail, got.Outcome, "nothing was sent but the question")
	require.Contains(t, got.Error, "not-sent: asking whether the node is a replica")
	require.True(t, got.Backoff)
}
