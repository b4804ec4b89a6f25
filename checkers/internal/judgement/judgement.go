// Package judgement turns what a checker of one pass found out into its report.
package judgement

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Judgement is what a checker came to.
type Judgement struct {
	// Judged is how many operations it rests on.
	Judged int
	// Found are the counterexamples; nil is none.
	Found *findings.Set
	// Figures come before the counts of counterexamples.
	Figures []verdict.Figure
	// Doubts are reasons why the history cannot be called valid though nothing
	// was found, each a clause without a full stop.
	Doubts []string
	// Covered says what a valid history was checked for.
	Covered string
}

// Poll is how many steps a checker takes between two looks at its context.
const Poll = 1 << 14

// Within bounds a context by the time of a budget, if it has any.
func Within(ctx context.Context, budget verdict.Budget) (context.Context, context.CancelFunc) {
	if budget.Time <= 0 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, budget.Time)
}

// Report judges the operations of a history within a budget, and completes a
// report that says whose it is. A memory budget is compared with the number of
// operations times bytesPerOperation, which does not count the history itself.
//
// An error of judge ends it early: what it had found until then is kept. The
// verdict is invalid if there are counterexamples, else unknown if there are
// doubts or nothing was judged, else valid.
func Report(
	ctx context.Context, h *history.History, budget verdict.Budget, report verdict.Report, bytesPerOperation int64,
	judge func(ctx context.Context, ops []history.Operation) (Judgement, error),
) verdict.Report {
	ctx, cancel := Within(ctx, budget)
	defer cancel()
	ops, err := operations(ctx, h, budget, bytesPerOperation)
	if err != nil {
		report.Cause = "not judged: " + err.Error()
		return report
	}
	j, err := judge(ctx, ops)
	report.Judged = j.Judged
	report.Figures = j.Figures
	if j.Found != nil {
		for _, f := range j.Found.Sorted() {
			report.Findings = append(report.Findings, reduce(ctx, ops, f, judge))
		}
		report.Figures = append(report.Figures, j.Found.Figures()...)
	}
	switch {
	case len(report.Findings) > 0:
		report.Verdict, report.Cause = verdict.Invalid, report.Findings[0].Summary
	case err != nil:
		report.Cause = fmt.Sprintf("judging was ended early (%v); allow it more time", err)
	case len(j.Doubts) > 0:
		report.Cause = doubtful(j.Doubts)
	case j.Judged == 0:
		report.Cause = "there was nothing to judge"
	default:
		report.Verdict, report.Cause = verdict.Valid, j.Covered
	}
	return report
}

// doubtsTold is how many doubts a cause has room for. A history that makes no
// sense gives rise to one for each of its operations.
const doubtsTold = 8

func doubtful(doubts []string) string {
	if len(doubts) <= doubtsTold {
		return strings.Join(doubts, "; ")
	}
	return fmt.Sprintf("%s; and %d more doubts", strings.Join(doubts[:doubtsTold], "; "), len(doubts)-doubtsTold)
}

func operations(ctx context.Context, h *history.History, budget verdict.Budget, bytesPerOperation int64) ([]history.Operation, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("there was no time to begin (%w); allow it more", err)
	}
	for i := range h.Events {
		if h.Events[i].Index != i {
			return nil, errors.New("the events are not numbered from 0 without gaps; make the history with history.New")
		}
	}
	ops := h.Operations()
	if need := int64(len(ops)) * bytesPerOperation; budget.Memory > 0 && need > budget.Memory {
		return nil, fmt.Errorf("%d operations take about %d MB of memory; allow it more", len(ops), need>>20+1)
	}
	return ops, nil
}

// Count is a figure without a unit.
func Count(name string, n int) verdict.Figure {
	return verdict.Figure{Name: name, Value: float64(n)}
}

// Operations is a figure that counts operations.
func Operations(name string, n int) verdict.Figure {
	return verdict.Figure{Name: name, Value: float64(n), Unit: "ops"}
}
