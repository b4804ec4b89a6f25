package bank

import (
	"context"
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func TestHostile(t *testing.T) {
	read := func(balances map[string]any) checktest.Op {
		return checktest.Op{F: "read", Output: balances, Outcome: history.OK}
	}
	checktest.Hostile(t, checktest.Sizes{
		Op: func(i, n int) checktest.Op { return read(map[string]any{"a": int64(i), "b": int64(n - i)}) },
		// Each read sees an account of its own.
		Keyed:    func(i, _ int) checktest.Op { return read(map[string]any{checktest.Key(i): int64(1)}) },
		Broken:   func(n int) checktest.Op { return read(map[string]any{"a": int64(n), "b": int64(1)}) },
		BrokenIs: verdict.Invalid,
		OneKey:   verdict.Valid, ManyKeys: verdict.Invalid, ManyProcesses: verdict.Valid, Together: verdict.Valid,
	}, func(h *history.History) verdict.Report {
		return Checker{}.Check(context.Background(), h, verdict.Budget{})
	})
}
