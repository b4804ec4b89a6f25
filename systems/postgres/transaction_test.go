package postgres

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

func answers(more map[string]answer) map[string]answer {
	all := map[string]answer{
		"UPDATE lists": tagged("UPDATE 1"), "SELECT elements": table(column{listOID, []string{"{4,5}"}}),
	}
	for sql, a := range more {
		all[sql] = a
	}
	return all
}

func tag(text string) answer { return answer{&pgproto3.CommandComplete{CommandTag: []byte(text)}} }

// Nothing proves that a transaction is not committed but its end before COMMIT,
// or a refusal of COMMIT.
func TestTransactions(t *testing.T) {
	list := []any{[]any{"append", "l1", int64(5)}, []any{"r", "l1", nil}}
	told := []any{[]any{"append", "l1", int64(5)}, []any{"r", "l1", []any{int64(4), int64(5)}}}
	whole := []string{"BEGIN", "UPDATE lists", "SELECT elements", "COMMIT"}
	for name, test := range map[string]struct {
		answers map[string]answer
		outcome history.Outcome
		says    string
		heard   []string
	}{
		"done":                     {nil, history.OK, "", whole},
		"a new list":               {map[string]answer{"UPDATE lists": tagged("UPDATE 0"), "INSERT INTO lists": inserted}, history.OK, "", []string{"BEGIN", "UPDATE lists", "INSERT INTO lists", "SELECT elements", "COMMIT"}},
		"BEGIN refused":            {map[string]answer{"BEGIN": refusal("0A000")}, history.Fail, "sqlstate-0A000", []string{"BEGIN"}},
		"BEGIN without effect":     {map[string]answer{"BEGIN": tag("SET")}, history.Fail, "not-committed", []string{"BEGIN"}},
		"BEGIN unanswered":         {map[string]answer{"BEGIN": hangs}, history.Fail, "not-committed", []string{"BEGIN"}},
		"serialization failure":    {map[string]answer{"UPDATE lists": refusal("40001")}, history.Fail, "sqlstate-40001", []string{"BEGIN", "UPDATE lists", "ROLLBACK"}},
		"deadlock":                 {map[string]answer{"SELECT elements": refusal("40P01")}, history.Fail, "sqlstate-40P01", []string{"BEGIN", "UPDATE lists", "SELECT elements", "ROLLBACK"}},
		"shut down in the middle":  {map[string]answer{"SELECT elements": refusal("57P01")}, history.Fail, "sqlstate-57P01", []string{"BEGIN", "UPDATE lists", "SELECT elements", "ROLLBACK"}},
		"ended in the middle":      {map[string]answer{"UPDATE lists": ends}, history.Fail, "not-committed", []string{"BEGIN", "UPDATE lists"}},
		"unanswered in the middle": {map[string]answer{"UPDATE lists": hangs}, history.Fail, "not-committed", []string{"BEGIN", "UPDATE lists"}},
		"COMMIT refused":           {map[string]answer{"COMMIT": refusal("40001")}, history.Fail, "sqlstate-40001", whole},
		"COMMIT rolled back":       {map[string]answer{"COMMIT": tag("ROLLBACK")}, history.Fail, "not-committed", whole},
		"COMMIT in doubt":          {map[string]answer{"COMMIT": refusal("40003")}, history.Unknown, "sqlstate-40003", whole},
		"COMMIT and no space":      {map[string]answer{"COMMIT": refusal("53100")}, history.Unknown, "sqlstate-53100", whole},
		"COMMIT and shut down":     {map[string]answer{"COMMIT": refusal("57P01")}, history.Unknown, "sqlstate-57P01", whole},
		"COMMIT unanswered":        {map[string]answer{"COMMIT": hangs}, history.Unknown, "timeout", whole},
		"COMMIT and the end":       {map[string]answer{"COMMIT": ends}, history.Unknown, "no-reply", whole},
		"COMMIT that is only here": {map[string]answer{"COMMIT": warned(tag("COMMIT"))}, history.Unknown, "warned: canceling wait", whole},
		"COMMIT answered oddly":    {map[string]answer{"COMMIT": tag("PREPARE TRANSACTION")}, history.Unknown, "bad-reply", whole},
	} {
		t.Run(name, func(t *testing.T) {
			f, c := open(t, answers(test.answers), plan.Config{Workload: "list-append"})
			got := c.Invoke(patience(t, test.answers), harness.Invocation{F: "txn", Value: list})
			require.Equal(t, test.outcome, got.Outcome, got.Error)
			require.True(t, strings.HasPrefix(got.Error, test.says), got.Error)
			if test.outcome == history.OK {
				require.Equal(t, told, got.Value)
			}
			require.Equal(t, test.heard, f.heard())
			require.Equal(t, 1, f.connections())
		})
	}
}

// After a transaction that failed the next one is one of its own.
func TestTransactionAfterFailure(t *testing.T) {
	f, c := open(t, answers(map[string]answer{"UPDATE lists": refusal("40001")}), plan.Config{Workload: "list-append"})
	write := harness.Invocation{F: "txn", Value: []any{[]any{"append", "l1", int64(5)}}}
	read := harness.Invocation{F: "txn", Value: []any{[]any{"r", "l1", nil}}}
	require.Equal(t, history.Fail, c.Invoke(t.Context(), write).Outcome)
	require.Equal(t, history.OK, c.Invoke(t.Context(), read).Outcome)
	require.Equal(t, 1, f.connections())

	f, c = open(t, answers(map[string]answer{"UPDATE lists": refusal("40001"), "ROLLBACK": refusal("XX000")}), plan.Config{Workload: "list-append"})
	require.Equal(t, history.Fail, c.Invoke(t.Context(), write).Outcome)
	require.Equal(t, history.OK, c.Invoke(t.Context(), read).Outcome)
	require.Equal(t, 2, f.connections(), "the connection was still in a transaction")
}

func TestRegistersInTransactions(t *testing.T) {
	f, c := open(t, map[string]answer{
		"UPDATE registers": tagged("UPDATE 1"), "SELECT value FROM registers": number("7"),
	}, plan.Config{Workload: "rw-register", Options: map[string]string{"isolation": "read-committed"}})
	list := []any{[]any{"r", "x1", nil}, []any{"w", "x1", int64(7)}}
	want := []any{[]any{"r", "x1", int64(7)}, []any{"w", "x1", int64(7)}}
	require.Equal(t, harness.Completion{Outcome: history.OK, Value: want}, c.Invoke(t.Context(), harness.Invocation{F: "txn", Value: list}))
	require.Equal(t, []string{"BEGIN", "SELECT value FROM registers", "UPDATE registers", "COMMIT"}, f.heard())
	require.Equal(t, "BEGIN ISOLATION LEVEL READ COMMITTED", c.begin(false))

	for _, strange := range []any{nil, int64(1), []any{int64(1)}, []any{[]any{"r", "x"}}, []any{[]any{"x", "x", nil}}, []any{[]any{"r", int64(1), nil}}} {
		got := c.Invoke(t.Context(), harness.Invocation{F: "txn", Value: strange})
		require.Equal(t, history.Fail, got.Outcome)
		require.Contains(t, got.Error, "not-sent: a transaction: ")
	}
}

func TestBank(t *testing.T) {
	held := table(column{textOID, []string{"a1"}}, column{bigOID, []string{"3"}})
	f, c := open(t, map[string]answer{
		"SELECT name, balance": held, "UPDATE savings": tagged("UPDATE 1"),
	}, plan.Config{Workload: "bank"})
	transfer := func(from, to string, amount int64) harness.Completion {
		return c.Invoke(t.Context(), harness.Invocation{F: "transfer", Value: map[string]any{"from": from, "to": to, "amount": amount}})
	}
	require.Equal(t,
		harness.Completion{Outcome: history.OK, Value: map[string]any{"a0": int64(10), "a1": int64(3)}},
		c.Invoke(t.Context(), harness.Invocation{F: "read", Value: []any{"a0", "a1"}}))
	require.Equal(t, harness.Completion{Outcome: history.Fail, Error: "insufficient-funds"}, transfer("a1", "a0", 4))
	require.Equal(t, harness.Completion{Outcome: history.OK}, transfer("a1", "a0", 3))
	require.Equal(t, []string{
		"BEGIN", "SELECT name, balance", "COMMIT",
		"BEGIN", "SELECT name, balance", "ROLLBACK",
		"BEGIN", "SELECT name, balance", "UPDATE savings", "UPDATE savings", "COMMIT",
	}, f.heard())
	require.Contains(t, transfer("a1", "a1", 1).Error, "not-sent")
	require.Contains(t, c.Invoke(t.Context(), harness.Invocation{F: "read", Value: []any{int64(1)}}).Error, "not-sent")
	require.Contains(t, c.Invoke(t.Context(), harness.Invocation{F: "read"}).Error, "not-sent")
}
