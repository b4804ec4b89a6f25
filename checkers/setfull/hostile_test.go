package setfull

import (
	"context"
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func TestHostile(t *testing.T) {
	checktest.Hostile(t, checktest.Sizes{
		Op: func(i, n int) checktest.Op {
			if i < n-1 {
				return add(int64(i))
			}
			return readAll(checktest.Numbers(n - 1)...)
		},
		Keyed: func(i, n int) checktest.Op {
			op := []checktest.Op{add("a"), readAll("a")}[i%2]
			op.Key = checktest.Key(i / 2)
			return op
		},
		Broken:   func(n int) checktest.Op { return readAll(checktest.Numbers(n - 2)...) },
		BrokenIs: verdict.Invalid,
		OneKey:   verdict.Valid, ManyKeys: verdict.Valid, ManyProcesses: verdict.Valid, Together: verdict.Unknown,
	}, func(h *history.History) verdict.Report {
		return New().Check(context.Background(), h, verdict.Budget{})
	})
}
