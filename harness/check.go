package harness

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"golang.org/x/sync/errgroup"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Check lets every checker judge the history, as many at once as there are
// processors, each within the budget. Reports are in the order of the checkers.
// A checker that panics gives an unknown report, not a lost run.
func Check(ctx context.Context, h *history.History, checkers []Checker, budget Budget) []Report {
	reports := make([]Report, len(checkers))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, checker := range checkers {
		group.Go(func() error {
			reports[i] = checkOne(ctx, h, checker, budget)
			return nil
		})
	}
	_ = group.Wait() // no checker returns an error
	return reports
}

func checkOne(ctx context.Context, h *history.History, checker Checker, budget Budget) (report Report) {
	defer func() {
		if r := recover(); r != nil {
			report = Report{
				Checker: checker.Name(),
				Verdict: verdict.Unknown,
				Cause:   fmt.Sprintf("the checker itself failed, which is a bug of Tertium: %v", r),
				Method:  string(debug.Stack()),
			}
		}
	}()
	report = checker.Check(ctx, h, budget)
	if report.Verdict == verdict.Valid && report.Judged == 0 {
		report.Verdict = verdict.Unknown
		report.Cause = "nothing was judged: " + report.Cause
	}
	return report
}
