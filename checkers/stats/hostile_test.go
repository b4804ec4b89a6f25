package stats_test

import (
	"context"
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/checkers/stats"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func TestHostile(t *testing.T) {
	checktest.Hostile(t, checktest.Sizes{
		Op: func(int, int) checktest.Op { return checktest.Op{F: "read", Outcome: history.OK} },
		// A function each takes a row each.
		Keyed:    func(i, _ int) checktest.Op { return checktest.Op{F: checktest.Key(i), Outcome: history.OK} },
		Broken:   func(int) checktest.Op { return checktest.Op{F: "write", Outcome: history.Fail} },
		BrokenIs: verdict.Unknown,
		OneKey:   verdict.Valid, ManyKeys: verdict.Valid, ManyProcesses: verdict.Valid, Together: verdict.Valid,
	}, func(h *history.History) verdict.Report {
		return stats.New().Check(context.Background(), h, verdict.Budget{})
	})
}
