package postgres

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// stored is the answer to the question what is remembered under a key.
func stored(payload, code, id, balance string) answer {
	return table(column{textOID, []string{payload}}, column{textOID, []string{code}}, column{bigOID, []string{id}}, column{bigOID, []string{balance}})
}

func TestPayments(t *testing.T) {
	const key, known, lock, debit, credit, enter, note = "INSERT INTO requests", "SELECT payload", "SELECT account, balance",
		"UPDATE accounts", "INSERT INTO accounts", "INSERT INTO entries", "UPDATE requests"
	deposit := harness.Invocation{
		F: "deposit", Key: "t1/a1", Idem: "t1/deposit/k1", Value: map[string]any{"tenant": "t1", "account": "a1", "amount": int64(5)},
	}
	transfer := harness.Invocation{
		F: "transfer", Key: "t1/a1", Idem: "t1/transfer/k1",
		Value: map[string]any{"tenant": "t1", "from": "a1", "to": "a2", "amount": int64(5)},
	}
	held := func(balance string) answer {
		return table(column{textOID, []string{"a1", "a2"}}, column{bigOID, []string{balance, "0"}})
	}
	twice := tagged("INSERT 0 0")
	okay := func(value map[string]any) harness.Completion {
		return harness.Completion{Outcome: history.OK, Value: value}
	}
	fail := func(code string) harness.Completion {
		return harness.Completion{Outcome: history.Fail, Error: code}
	}
	deposited := okay(map[string]any{"id": int64(9), "account": "a1", "amount": int64(5), "balance": int64(15)})
	transferred := okay(map[string]any{"id": int64(9), "from": "a1", "to": "a2", "amount": int64(5), "balance": int64(2)})
	for name, test := range map[string]struct {
		op      harness.Invocation
		answers map[string]answer
		want    harness.Completion
		heard   []string
	}{
		"deposit": {
			deposit, map[string]answer{key: inserted, credit: number("15"), enter: number("9"), note: tagged("UPDATE 1")},
			deposited, []string{"BEGIN", key, credit, enter, note, "COMMIT"},
		},
		"deposit again": {
			deposit, map[string]answer{key: twice, known: stored("a1  5", "", "9", "15")},
			deposited, []string{"BEGIN", key, known, "ROLLBACK"},
		},
		"another payload": {
			deposit, map[string]answer{key: twice, known: stored("a1  6", "", "9", "15")},
			fail("conflict"), []string{"BEGIN", key, known, "ROLLBACK"},
		},
		"transfer": {
			transfer, map[string]answer{key: inserted, lock: held("7"), debit: number("2"), credit: number("5"), enter: number("9"), note: tagged("UPDATE 1")},
			transferred, []string{"BEGIN", key, lock, debit, credit, enter, note, "COMMIT"},
		},
		"transfer again": {
			transfer, map[string]answer{key: twice, known: stored("a1 a2 5", "", "9", "2")},
			transferred, []string{"BEGIN", key, known, "ROLLBACK"},
		},
		"too much": {
			transfer, map[string]answer{key: inserted, lock: held("4"), note: tagged("UPDATE 1")},
			fail("insufficient-funds"), []string{"BEGIN", key, lock, note, "COMMIT"},
		},
		"too much again": {
			transfer, map[string]answer{key: twice, known: stored("a1 a2 5", "insufficient-funds", "0", "0")},
			fail("insufficient-funds"), []string{"BEGIN", key, known, "ROLLBACK"},
		},
		"too much, as far as this node knows": {
			transfer, map[string]answer{key: inserted, lock: held("4"), note: tagged("UPDATE 1"), "COMMIT": warned(tag("COMMIT"))},
			harness.Completion{Error: "warned: canceling wait for synchronous replication due to user request"},
			[]string{"BEGIN", key, lock, note, "COMMIT"},
		},
		"in the way of another": {
			deposit, map[string]answer{key: inserted, credit: refusal("40P01")},
			fail("sqlstate-40P01: no"), []string{"BEGIN", key, credit, "ROLLBACK"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f, c := open(t, test.answers, plan.Config{})
			require.Equal(t, test.want, c.Invoke(t.Context(), test.op))
			require.Equal(t, test.heard, f.heard())
		})
	}

	const loose = "INSERT INTO loose_requests"
	config := plan.Config{Options: map[string]string{"dedupe": "check-then-insert"}}
	f, c := open(t, map[string]answer{known: none, credit: number("15"), enter: number("9"), loose: inserted}, config)
	require.Equal(t, deposited, c.Invoke(t.Context(), deposit))
	require.Equal(t, []string{"BEGIN", known, credit, enter, loose, "COMMIT"}, f.heard(), "the key comes last")
	f, c = open(t, map[string]answer{known: stored("a1  5", "", "9", "15")}, config)
	require.Equal(t, deposited, c.Invoke(t.Context(), deposit))
	require.Equal(t, []string{"BEGIN", known, "ROLLBACK"}, f.heard())

	for _, change := range []func(*harness.Invocation){
		func(op *harness.Invocation) { op.Idem = "k1" },
		func(op *harness.Invocation) { op.Idem = "t2/transfer/k1" },
		func(op *harness.Invocation) { op.Idem = "t1/deposit/k1" },
		func(op *harness.Invocation) { op.Value = nil },
		func(op *harness.Invocation) {
			op.Value = map[string]any{"tenant": "t1", "from": "a1", "to": "a1", "amount": int64(5)}
		},
		func(op *harness.Invocation) {
			op.Value = map[string]any{"tenant": "t1", "from": "a1", "to": "a2", "amount": int64(0)}
		},
	} {
		op := transfer
		change(&op)
		require.Contains(t, c.Invoke(t.Context(), op).Error, "not-sent")
	}
}

func TestBooks(t *testing.T) {
	_, c := open(t, map[string]answer{
		"SELECT account, balance": table(column{textOID, []string{"a1", "a2"}}, column{bigOID, []string{"7", "0"}}),
		"SELECT id": table(
			column{bigOID, []string{"1", "4"}}, column{textOID, []string{"deposit", "transfer"}}, column{textOID, []string{"k1", "k2"}},
			column{textOID, []string{"a1", "a1"}}, column{textOID, []string{"", "a2"}}, column{bigOID, []string{"5", "3"}}),
	}, plan.Config{})
	require.Equal(t, harness.Completion{Outcome: history.OK, Value: []any{
		map[string]any{"account": "a1", "balance": int64(7)}, map[string]any{"account": "a2", "balance": int64(0)},
	}}, c.Invoke(t.Context(), harness.Invocation{F: "accounts", Key: "t1"}))
	require.Equal(t, harness.Completion{Outcome: history.OK, Value: []any{
		map[string]any{"id": int64(1), "operation": "deposit", "key": "k1", "account": "a1", "amount": int64(5)},
		map[string]any{"id": int64(4), "operation": "transfer", "key": "k2", "from": "a1", "to": "a2", "amount": int64(3)},
	}}, c.Invoke(t.Context(), harness.Invocation{F: "entries", Key: "t1"}))

	_, c = open(t, map[string]answer{"SELECT": refusal("57P01")}, plan.Config{})
	require.Equal(t, history.Unknown, c.Invoke(t.Context(), harness.Invocation{F: "entries", Key: "t1"}).Outcome)
}
