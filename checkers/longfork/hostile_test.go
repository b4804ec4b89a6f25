package longfork_test

import (
	"context"
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/checkers/longfork"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func TestHostile(t *testing.T) {
	txn := func(value ...any) checktest.Op {
		return checktest.Op{F: "txn", Input: value, Output: value, Outcome: history.OK}
	}
	checktest.Hostile(t, checktest.Sizes{
		Op: func(i, n int) checktest.Op {
			if i < n/2 {
				return txn([]any{"r", "x", nil}, []any{"r", "y", nil})
			}
			return txn([]any{"r", "x", one}, []any{"r", "y", nil})
		},
		Keyed: func(i, _ int) checktest.Op {
			key := checktest.Key(i / 2)
			return []checktest.Op{txn([]any{"w", key, one}), txn([]any{"r", key, one})}[i%2]
		},
		Broken:   func(int) checktest.Op { return txn([]any{"r", "x", nil}, []any{"r", "y", one}) },
		BrokenIs: verdict.Invalid,
		OneKey:   verdict.Valid, ManyKeys: verdict.Valid, ManyProcesses: verdict.Valid, Together: verdict.Valid,
	}, func(h *history.History) verdict.Report {
		return longfork.Checker{}.Check(context.Background(), h, verdict.Budget{})
	})
}
