package mariadb

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// ask has a fresh client of a fake server do an operation.
func ask(t *testing.T, s *server, workload string, nodes int, op harness.Invocation, limit time.Duration) harness.Completion {
	t.Helper()
	c, err := System{}.Open("n1", s.addr, plan.Config{Workload: workload, Nodes: make([]string, nodes)})
	require.NoError(t, err)
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	return c.Invoke(ctx, op)
}

func limitFor(a answer) time.Duration {
	if a.hangs {
		return 300 * time.Millisecond
	}
	return 30 * time.Second
}

func TestWhatIsMadeOfAnswers(t *testing.T) {
	read := harness.Invocation{F: "read", Key: "k"}
	write := harness.Invocation{F: "write", Key: "k", Value: int64(3)}
	cas := harness.Invocation{F: "cas", Key: "k", Value: []any{int64(3), int64(4)}}
	increment := harness.Invocation{F: "increment", Key: "k"}
	element := func(f string) harness.Invocation { return harness.Invocation{F: f, Key: "k", Value: int64(3)} }
	for _, test := range []struct {
		workload string
		op       harness.Invocation
		answer   answer
		outcome  history.Outcome
		value    any
		says     string
	}{
		{"register", read, row("7"), history.OK, int64(7), ""},
		{"register", read, rows(), history.OK, nil, ""},
		{"register", read, row("x"), history.Unknown, nil, "bad-reply"},
		{"register", write, okay(1), history.OK, nil, ""},
		{"register", cas, okay(1), history.OK, nil, ""},
		{"register", cas, okay(0), history.Fail, nil, "mismatch"},
		{"register", write, refuses(1213), history.Fail, nil, "error-1213"},
		{"register", write, refuses(1205), history.Fail, nil, "error-1205"},
		{"register", cas, refuses(1020), history.Fail, nil, "error-1020"},
		{"register", write, refuses(1064), history.Fail, nil, "error-1064"},
		{"register", write, refuses(1290), history.Fail, nil, "error-1290"},
		{"register", write, refuses(1180), history.Unknown, nil, "error-1180"},
		{"register", write, refuses(1053), history.Unknown, nil, "error-1053"},
		{"register", write, refuses(1317), history.Unknown, nil, "error-1317"},
		{"register", write, refuses(1927), history.Unknown, nil, "error-1927"},
		{"register", write, refuses(1026), history.Unknown, nil, "error-1026"},
		{"register", write, ends, history.Unknown, nil, "no-reply"},
		{"register", write, hangs, history.Unknown, nil, "timeout"},
		{"register", read, hangs, history.Unknown, nil, "timeout"},
		{"register", harness.Invocation{F: "withdraw"}, okay(1), history.Fail, nil, "not-sent"},
		{"register", harness.Invocation{F: "cas", Value: int64(1)}, okay(1), history.Fail, nil, "not-sent"},

		{"set", read, row("7"), history.OK, []any{int64(7)}, ""},
		{"set", read, rows(), history.OK, []any{}, ""},
		{"set", read, row("x"), history.Unknown, nil, "bad-reply"},
		{"set", element("add"), okay(1), history.OK, true, ""},
		{"set", element("add"), refuses(1062), history.OK, false, ""},
		{"set", element("add"), refuses(1213), history.Fail, nil, "error-1213"},
		{"set", element("add"), ends, history.Unknown, nil, "no-reply"},
		{"membership", element("remove"), okay(1), history.OK, true, ""},
		{"membership", element("remove"), okay(0), history.OK, false, ""},
		{"membership", element("contains"), row("3"), history.OK, true, ""},
		{"membership", element("contains"), rows(), history.OK, false, ""},
		{"counter", read, rows(), history.OK, int64(0), ""},
		{"counter", read, row("17"), history.OK, int64(17), ""},
		{"counter", increment, okay(2), history.OK, nil, ""},
		{"counter", increment, hangs, history.Unknown, nil, "timeout"},
		{"counter", element("increment"), okay(2), history.Fail, nil, "not-sent"},
	} {
		t.Run(fmt.Sprint(test.workload, " ", test.op.F, " ", test.answer), func(t *testing.T) {
			done := ask(t, serve(t, always(test.answer)), test.workload, 1, test.op, limitFor(test.answer))
			require.Equal(t, test.outcome, done.Outcome, done.Error)
			require.Equal(t, test.value, done.Value)
			require.True(t, strings.HasPrefix(done.Error, test.says), done.Error)
		})
	}
}

// A node of a cluster says deadlock also when it lost the others.
func TestWhatIsMadeOfAnswersOfACluster(t *testing.T) {
	write := harness.Invocation{F: "write", Key: "k", Value: int64(3)}
	for number, outcome := range map[uint16]history.Outcome{
		1213: history.Unknown, 1205: history.Unknown, 1180: history.Unknown, 1047: history.Fail, 1062: history.Fail,
	} {
		done := ask(t, serve(t, always(refuses(number))), "register", 3, write, 30*time.Second)
		require.Equal(t, outcome, done.Outcome, done.Error)
		require.Equal(t, number == 1047, done.Backoff)
	}
}

// What becomes of a transaction depends on how far it came: if COMMIT was not
// sent, it never is.
func TestTransactionsThatFail(t *testing.T) {
	txn := harness.Invocation{F: "txn", Value: []any{[]any{"append", "l1", int64(4)}, []any{"append", "l2", int64(5)}}}
	const begin, commit, rollback = "START TRANSACTION", "COMMIT", "ROLLBACK"
	for _, test := range []struct {
		at      string
		answer  answer
		nodes   int
		outcome history.Outcome
		says    string
		last    string // statement
	}{
		{begin, refuses(1047), 3, history.Fail, "error-1047", rollback},
		{begin, ends, 1, history.Fail, "no-reply", begin},
		{"'l1'", refuses(1205), 1, history.Fail, "error-1205", rollback},
		{"'l2'", refuses(1213), 1, history.Fail, "error-1213", rollback},
		{"'l2'", refuses(1213), 3, history.Fail, "error-1213", rollback},
		{"'l2'", refuses(1020), 1, history.Fail, "error-1020", rollback},
		{"'l2'", refuses(1927), 1, history.Fail, "error-1927", rollback},
		{"'l2'", ends, 1, history.Fail, "no-reply", "'l2'"},
		{"'l2'", hangs, 1, history.Fail, "timeout", "'l2'"},
		{commit, refuses(1213), 1, history.Fail, "error-1213", commit},
		{commit, refuses(1213), 3, history.Unknown, "error-1213", commit},
		{commit, refuses(1047), 3, history.Fail, "error-1047", commit},
		{commit, refuses(1205), 1, history.Unknown, "error-1205", commit},
		{commit, refuses(1180), 1, history.Unknown, "error-1180", commit},
		{commit, ends, 1, history.Unknown, "no-reply", commit},
		{commit, hangs, 1, history.Unknown, "timeout", commit},
		{"nowhere", hangs, 1, history.OK, "", commit},
	} {
		t.Run(fmt.Sprint(test.at, " ", test.answer, " ", test.nodes), func(t *testing.T) {
			s := serve(t, func(statement string) answer {
				if strings.Contains(statement, test.at) {
					return test.answer
				}
				return okay(1)
			})
			limit := 30 * time.Second
			if test.answer.hangs && test.at != "nowhere" {
				limit = 2 * time.Second
			}
			done := ask(t, s, "list-append", test.nodes, txn, limit)
			require.Equal(t, test.outcome, done.Outcome, done.Error)
			require.True(t, strings.HasPrefix(done.Error, test.says), done.Error)
			got := s.got()
			require.Contains(t, got[len(got)-1], test.last)
			if test.outcome == history.Fail && test.at != commit {
				require.NotContains(t, got, commit)
			}
		})
	}
}

func TestTransactions(t *testing.T) {
	micro := func(f, key string, value any) any { return []any{f, key, value} }
	for _, test := range []struct {
		workload  string
		list      []any
		statement string
		answer    answer
		want      any
		outcome   history.Outcome
	}{
		{"list-append", []any{micro("r", "l1", nil)}, "SELECT", row("4,7"), []any{micro("r", "l1", []any{int64(4), int64(7)})}, history.OK},
		{"list-append", []any{micro("r", "l1", nil)}, "SELECT", rows(), []any{micro("r", "l1", []any{})}, history.OK},
		{"list-append", []any{micro("r", "l1", nil)}, "SELECT", row("4,"), nil, history.Fail},
		{"rw-register", []any{micro("r", "x1", nil), micro("w", "x1", int64(2))}, "SELECT", row("4"),
			[]any{micro("r", "x1", int64(4)), micro("w", "x1", int64(2))}, history.OK},
		{"long-fork", []any{micro("r", "f1", nil)}, "SELECT", rows(), []any{micro("r", "f1", nil)}, history.OK},
		{"list-append", []any{micro("w", "l1", int64(2))}, "SELECT", rows(), nil, history.Fail},
		{"rw-register", []any{micro("append", "l1", int64(2))}, "SELECT", rows(), nil, history.Fail},
		{"list-append", []any{micro("append", "l1", nil)}, "SELECT", rows(), nil, history.Fail},
		{"list-append", []any{[]any{"r"}}, "SELECT", rows(), nil, history.Fail},
		{"list-append", []any{[]any{1, 2, 3}}, "SELECT", rows(), nil, history.Fail},
		{"list-append", nil, "SELECT", rows(), nil, history.Fail},
	} {
		s := serve(t, func(statement string) answer {
			if strings.HasPrefix(statement, test.statement) {
				return test.answer
			}
			return okay(1)
		})
		done := ask(t, s, test.workload, 1, harness.Invocation{F: "txn", Value: test.list}, 30*time.Second)
		require.Equal(t, test.outcome, done.Outcome, "%v: %s", test.list, done.Error)
		require.Equal(t, test.want, done.Value)
	}
}

func TestBank(t *testing.T) {
	order := func(amount int64) any { return map[string]any{"from": "a1", "to": "a2", "amount": amount} }
	s := serve(t, func(statement string) answer {
		switch {
		case strings.Contains(statement, "'a1'") && strings.HasPrefix(statement, "SELECT"):
			return row("4")
		case strings.HasPrefix(statement, "SELECT"):
			return rows()
		}
		return okay(1)
	})
	do := func(f string, value any) harness.Completion {
		return ask(t, s, "bank", 1, harness.Invocation{F: f, Value: value}, 30*time.Second)
	}
	require.Equal(t, harness.Completion{Outcome: history.OK, Value: map[string]any{"a1": int64(4), "a2": int64(opened)}},
		do("read", []any{"a1", "a2"}))
	require.Equal(t, harness.Completion{Outcome: history.OK}, do("transfer", order(4)))
	const set = "INSERT INTO accounts VALUES ('%s', %d) ON DUPLICATE KEY UPDATE balance = VALUES(balance)"
	got := s.got()
	require.Equal(t, []string{fmt.Sprintf(set, "a1", 0), fmt.Sprintf(set, "a2", opened+4), "COMMIT"}, got[len(got)-3:])

	require.Equal(t, harness.Completion{Outcome: history.Fail, Error: "insufficient-funds"}, do("transfer", order(5)))
	got = s.got()
	require.Equal(t, "ROLLBACK", got[len(got)-1])

	for _, bad := range []any{nil, map[string]any{"from": "a1"}, map[string]any{"from": "a1", "to": "a2", "amount": "4"}} {
		require.Contains(t, do("transfer", bad).Error, "not-sent")
	}
	for _, bad := range []any{nil, []any{3}} {
		require.Contains(t, do("read", bad).Error, "not-sent")
	}
}

// A statement is sent once, whatever becomes of it and of its connection, and
// also if the connection had ended before.
func TestNothingIsTriedAgain(t *testing.T) {
	for name, a := range map[string]answer{"end": ends, "deadlock": refuses(1213), "not ready": refuses(1047)} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, always(a))
			c, err := System{}.Open("n1", s.addr, plan.Config{Workload: "counter", Nodes: []string{"n1"}})
			require.NoError(t, err)
			defer c.Close()
			for i := range 3 {
				require.NotEqual(t, history.OK, c.Invoke(t.Context(), harness.Invocation{F: "increment", Key: "k"}).Outcome)
				require.Len(t, s.got(), i+1)
			}
		})
	}
}

func TestWhatWasNeverSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	for _, addr := range []string{l.Addr().String(), "nowhere", "127.0.0.1:http"} {
		for _, f := range []string{"write", "txn"} {
			value := map[string]any{"write": int64(3), "txn": []any{[]any{"r", "l1", nil}}}[f]
			c, err := System{}.Open("n1", addr, plan.Config{})
			require.NoError(t, err)
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			got := c.Invoke(ctx, harness.Invocation{F: f, Key: "r", Value: value})
			cancel()
			require.Equal(t, history.Fail, got.Outcome)
			require.Contains(t, got.Error, "not-sent")
			require.True(t, got.Backoff)
			require.NoError(t, c.Close())
		}
	}
}
