package uniqueids

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
			return generate(int64(i))
		},
		Keyed: func(i, n int) checktest.Op {
			op := generate(int64(i % 2))
			op.Key = checktest.Key(i / 2)
			return op
		},
		Broken:   func(n int) checktest.Op { return generate(int64(n / 2)) },
		BrokenIs: verdict.Invalid,
		OneKey:   verdict.Valid, ManyKeys: verdict.Valid, ManyProcesses: verdict.Valid, Together: verdict.Valid,
	}, func(h *history.History) verdict.Report {
		return New().Check(context.Background(), h, verdict.Budget{})
	})
}
