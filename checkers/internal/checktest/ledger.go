package checktest

import (
	"testing"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// HostileLedger is [Hostile] for checkers of ledgers: deposits, after which the
// nodes settle and the books are read back.
func HostileLedger(t *testing.T, check func(h *history.History) verdict.Report) {
	t.Helper()
	var last Op
	input := Deposit("", 0).Input
	Hostile(t, Sizes{
		Op:     func(int, int) Op { return Deposit("k", 1) },
		Keyed:  func(i, _ int) Op { return Deposit(Key(i), i+1) },
		OneKey: verdict.Valid, ManyKeys: verdict.Valid, ManyProcesses: verdict.Valid, Together: verdict.Valid,
		// Each deposit is asked for four times, and the books of more would not fit
		// into 12 GB beside their history.
		Most: 5_000_000,
		Long: func(i, _ int) Op {
			if i%4 == 0 {
				last = Deposit(Key(i/4), i/4+1)
				last.Input = input
			}
			return last
		},
		// The effect of another deposit, and more money than there is.
		Broken: func(int) Op {
			op := Deposit("broken", 1)
			op.Output.(map[string]any)["balance"] = int64(1 << 40)
			return op
		},
		BrokenIs: verdict.Invalid,
	}, func(h *history.History) verdict.Report { return check(ReadBack(h)) })
}

// Deposit is the deposit of 1 under a key, the i-th effect.
func Deposit(key string, i int) Op {
	return Op{
		F: "deposit", Key: "t/a", Idem: "t/deposit/" + key, Outcome: history.OK,
		Input:  map[string]any{"tenant": "t", "account": "a", "amount": int64(1)},
		Output: map[string]any{"id": int64(i), "account": "a", "amount": int64(1), "balance": int64(i)},
	}
}

// ReadBack adds to a history of such deposits that the nodes settle, and what the
// books hold then.
func ReadBack(h *history.History) *history.History {
	entries := []any{}
	known := make(map[string]bool)
	for _, op := range h.Operations() {
		if op.Outcome == history.OK && !known[op.Idem] {
			known[op.Idem] = true
			entries = append(entries, map[string]any{
				"id": op.Output.(map[string]any)["id"], "operation": "deposit", "key": op.Idem[len("t/deposit/"):], "account": "a", "amount": int64(1),
			})
		}
	}
	reader := len(h.Events) + 1
	read := func(f string, value any) []history.Event {
		return []history.Event{
			{Kind: history.Invoke, Process: reader, F: f, Key: "t", Node: "n1"},
			{Kind: history.Complete, Process: reader, F: f, Outcome: history.OK, Value: value},
		}
	}
	events := append(h.Events[:len(h.Events):len(h.Events)], history.Event{Kind: history.Phase, Process: history.NoProcess, F: "final"})
	events = append(events, read("entries", entries)...)
	events = append(events, read("accounts", []any{map[string]any{"account": "a", "balance": int64(len(entries))}})...)
	return history.New(events)
}
