package staleness

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
			if i%2 == 0 {
				return write(int64(i))
			}
			return readOf(int64(i - 1))
		},
		Keyed: func(i, n int) checktest.Op {
			op := []checktest.Op{write("a"), readOf("a")}[i%2]
			op.Key = checktest.Key(i / 2)
			return op
		},
		OneKey: verdict.Valid, ManyKeys: verdict.Valid, ManyProcesses: verdict.Valid, Together: verdict.Valid,
	}, func(h *history.History) verdict.Report {
		return New().Check(context.Background(), h, verdict.Budget{})
	})
}
