package harness

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// ColumnChecker is a checker that can judge the columnar view of a history too,
// with the same report. One for which it takes longer to make the view than to
// do without has a method WorthColumns() bool that returns false.
type ColumnChecker interface {
	Checker
	CheckColumns(ctx context.Context, view *columns.Columns, budget Budget) Report
}

// Check lets every checker judge the history, as many at once as there are
// processors, each within the budget. Reports are in the order of the checkers.
// A checker that panics gives an unknown report, not a lost run.
//
// If some [ColumnChecker] is the faster for it, the columnar view is made, once,
// and shared by all that can judge it.
func Check(ctx context.Context, h *history.History, checkers []Checker, budget Budget) []Report {
	var view *columns.Columns
	if slices.ContainsFunc(checkers, worthColumns) {
		// Without a view, the checkers say themselves what is wrong with the
		// history.
		view, _ = columns.Of(h)
	}
	reports := make([]Report, len(checkers))
	var group errgroup.Group
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, checker := range checkers {
		group.Go(func() error {
			judge := func() Report { return checker.Check(ctx, h, budget) }
			if columnar, can := checker.(ColumnChecker); can && view != nil {
				judge = func() Report { return columnar.CheckColumns(ctx, view, budget) }
			}
			reports[i] = checkOne(checker, judge)
			return nil
		})
	}
	_ = group.Wait() // no checker returns an error
	return reports
}

func worthColumns(c Checker) bool {
	if choosy, can := c.(interface{ WorthColumns() bool }); can && !choosy.WorthColumns() {
		return false
	}
	_, can := c.(ColumnChecker)
	return can
}

// CheckColumns lets one checker judge a view, as [Check] does a history.
func CheckColumns(ctx context.Context, view *columns.Columns, checker ColumnChecker, budget Budget) Report {
	return checkOne(checker, func() Report { return checker.CheckColumns(ctx, view, budget) })
}

func checkOne(checker Checker, judge func() Report) (report Report) {
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
	report = judge()
	if report.Verdict == verdict.Valid && report.Judged == 0 {
		report.Verdict = verdict.Unknown
		report.Cause = "nothing was judged: " + report.Cause
	}
	return report
}
