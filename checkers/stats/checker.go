package stats

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker says whether each function was tested at all. Make one with [New].
type Checker struct{}

// New returns a checker. Its zero value does as well.
func New() Checker { return Checker{} }

// Name is "stats".
func (Checker) Name() string { return "stats" }

// Check is valid if every function that was invoked succeeded at least once,
// and unknown otherwise.
func (c Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	ctx, cancel := judgement.Within(ctx, budget)
	defer cancel()
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "each function that was invoked succeeded at least once",
		Method:   "counting; exact quantiles by nearest rank",
	}
	summary, err := of(ctx, h)
	if err != nil {
		report.Cause = fmt.Sprintf("counting was ended early (%v); allow it more time", err)
		return report
	}
	report.Judged = summary.Total.Count()
	report.Verdict, report.Cause = conclude(&summary)
	report.Figures = figures(&summary)
	return report
}

// namedUntested is how many functions a cause names at most. A history of anything
// may have one for each of its operations.
const namedUntested = 8

func conclude(s *Summary) (verdict.Verdict, string) {
	if s.Total.Count() == 0 {
		return verdict.Unknown, "no operation was invoked"
	}
	var untested []string
	for i := range s.Functions {
		if row := &s.Functions[i]; row.OK == 0 {
			untested = append(untested, fmt.Sprintf("%s (%d fail, %d unknown)", row.F, row.Fail, row.Unknown))
		}
	}
	if len(untested) > 0 {
		more := ""
		if n := len(untested) - namedUntested; n > 0 {
			untested, more = untested[:namedUntested], fmt.Sprintf(", and %d more", n)
		}
		return verdict.Unknown, "never succeeded, so never tested: " + strings.Join(untested, ", ") + more
	}
	return verdict.Valid, fmt.Sprintf("%d operations: %d ok, %d fail, %d unknown; each of %d functions succeeded",
		s.Total.Count(), s.Total.OK, s.Total.Fail, s.Total.Unknown, len(s.Functions))
}

// figures are the totals, then each function's.
func figures(s *Summary) []verdict.Figure {
	figures := []verdict.Figure{{Name: "elapsed", Value: s.Elapsed.Seconds(), Unit: "s"}}
	add := func(prefix string, row *Row) {
		figures = append(figures,
			verdict.Figure{Name: prefix + "ok", Value: float64(row.OK), Unit: "ops"},
			verdict.Figure{Name: prefix + "fail", Value: float64(row.Fail), Unit: "ops"},
			verdict.Figure{Name: prefix + "unknown", Value: float64(row.Unknown), Unit: "ops"},
			verdict.Figure{Name: prefix + "unknown ratio", Value: row.UnknownRatio, Unit: "ratio"},
			verdict.Figure{Name: prefix + "rate", Value: row.Rate, Unit: "1/s"},
		)
		quantiles := []struct {
			name  string
			value time.Duration
		}{
			{"p50", row.Latency.P50}, {"p90", row.Latency.P90}, {"p99", row.Latency.P99},
			{"p99.9", row.Latency.P999}, {"max", row.Latency.Max},
		}
		for _, q := range quantiles {
			figures = append(figures, verdict.Figure{
				Name: prefix + "latency " + q.name, Value: q.value.Seconds(), Unit: "s",
			})
		}
	}
	add("", &s.Total)
	for i := range s.Functions {
		add(s.Functions[i].F+": ", &s.Functions[i])
	}
	return figures
}
