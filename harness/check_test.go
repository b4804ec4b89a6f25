package harness_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// plainChecker says that it judged a history.
type plainChecker struct{}

func (plainChecker) Name() string { return "fake" }

func (plainChecker) Check(context.Context, *history.History, harness.Budget) harness.Report {
	return harness.Report{Checker: "fake", Verdict: verdict.Valid, Judged: 1, Method: "history"}
}

// columnChecker says which view it judged, if it had one.
type columnChecker struct {
	plainChecker
	worth bool
	views chan *columns.Columns
}

func (c columnChecker) WorthColumns() bool { return c.worth }

func (c columnChecker) CheckColumns(_ context.Context, view *columns.Columns, _ harness.Budget) harness.Report {
	c.views <- view
	return harness.Report{Checker: "fake", Verdict: verdict.Valid, Judged: 1, Method: "columns"}
}

// methods are what the checkers judged.
func methods(h *history.History, checkers ...harness.Checker) []string {
	var all []string
	for _, report := range harness.Check(context.Background(), h, checkers, harness.Budget{}) {
		all = append(all, report.Method)
	}
	return all
}

func TestColumnsAreMadeOnceForThoseThatAreFasterByThem(t *testing.T) {
	h := history.New([]history.Event{{Kind: history.Invoke, F: "read"}, {Kind: history.Complete, F: "read", Outcome: history.OK}})
	views := make(chan *columns.Columns, 2)
	eager, choosy := columnChecker{worth: true, views: views}, columnChecker{views: views}
	require.Equal(t, []string{"columns", "history", "columns"}, methods(h, eager, plainChecker{}, choosy))
	first := <-views
	require.Equal(t, 1, first.Operations())
	require.Same(t, first, <-views)
	require.Equal(t, []string{"history"}, methods(h, choosy))
}

func TestAHistoryWithoutColumnsIsJudgedAllTheSame(t *testing.T) {
	broken := history.New([]history.Event{{Kind: history.Complete, F: "read", Outcome: history.OK}})
	_, err := columns.Of(broken)
	require.Error(t, err)
	require.Equal(t, []string{"history"}, methods(broken, columnChecker{worth: true}))
}

// brokenChecker panics whatever it is given.
type brokenChecker struct{ plainChecker }

func (brokenChecker) CheckColumns(context.Context, *columns.Columns, harness.Budget) harness.Report {
	panic("no")
}

func TestACheckerThatPanicsOnAViewGivesAReport(t *testing.T) {
	report := harness.CheckColumns(t.Context(), &columns.Columns{}, brokenChecker{}, harness.Budget{})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "bug of Tertium")
}
