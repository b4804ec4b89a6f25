package results

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/harness/plan"
)

// Input is all that a result depends on.
type Input struct {
	Facts
	// Plan is nil for a history that came without one.
	Plan     *plan.Plan
	PlanHash string
	// History is nil if the run ended before there was one.
	History *history.History
	// Head is the last link of the history's hash chain.
	Head string
	// Sealed is whether the history is known to be whole: closed after the run.
	Sealed bool
	// Reports are those of the checkers, in the order in which they should be
	// told if they are of equal weight.
	Reports []verdict.Report
}

// Judge makes the result of a run. It is pure: it reads no clock and no file.
//
// The verdict is that of all reports together, but never valid while there is
// a doubt: something that was planned did not happen, or nobody can tell.
func Judge(in Input) Result {
	if in.History == nil {
		in.History = new(history.History)
	}
	operations := in.History.Operations()
	r := Result{
		Schema: Schema,
		Facts:  in.Facts.normal(),
		History: Extent{
			Events:   len(in.History.Events),
			Head:     in.Head,
			Duration: duration(in.History),
			Sealed:   in.Sealed,
			Torn:     in.History.Torn,
		},
		PlanHash:   in.PlanHash,
		Reports:    sorted(in.Reports),
		Statistics: statisticsOf(operations),
	}
	var planned []plan.Fault
	if in.Plan != nil {
		r.Seed, r.Config, planned = in.Plan.Seed, normal(in.Plan.Config), in.Plan.Faults
	}
	r.Faults = faultsOf(planned, in.History, operations)
	r.Doubts = doubts(r)
	r.Verdict = composed(r)
	r.Cause = cause(r)
	r.Evident = evident(r, operations)
	r.Exit = Ending{
		Verdict:     r.Verdict,
		Setup:       r.SetupError != "",
		Interrupted: r.Interrupted,
		Internal:    r.InternalError != "",
	}.Exit()
	return r
}

// normal returns the config as it is once it was written and read again.
func normal(c plan.Config) *plan.Config {
	c.Nodes, c.Faults = list(c.Nodes), list(c.Faults)
	return &c
}

// list returns s, or an empty slice for nil: a list of the schema is never
// null.
func list[T any](s []T) []T {
	if s == nil {
		return []T{}
	}
	return s
}

// evident returns when the last operation of the first counterexample ended.
func evident(r Result, operations []history.Operation) (at time.Duration) {
	if r.Verdict != verdict.Invalid || len(r.Reports[0].Findings) == 0 {
		return 0
	}
	shown := r.Reports[0].Findings[0].Operations
	for _, op := range operations {
		if slices.Contains(shown, op.Call) {
			at = max(at, op.End)
		}
	}
	return at
}

// sorted returns the reports in the order of the result: the gravest first,
// among them those that have a counterexample. Figures that JSON cannot say are
// left out, and a report that judged nothing is not valid.
func sorted(reports []verdict.Report) []verdict.Report {
	reports = slices.Clone(reports)
	for i := range reports {
		report := &reports[i]
		if report.Verdict == verdict.Valid && report.Judged == 0 {
			report.Verdict = verdict.Unknown
			report.Cause = "nothing was judged: " + report.Cause
		}
		report.Figures = slices.DeleteFunc(slices.Clone(report.Figures), func(f verdict.Figure) bool {
			return math.IsNaN(f.Value) || math.IsInf(f.Value, 0)
		})
	}
	slices.SortStableFunc(reports, func(a, b verdict.Report) int {
		return cmp.Or(
			cmp.Compare(gravity(a.Verdict), gravity(b.Verdict)),
			cmp.Compare(btoi(len(b.Findings) > 0), btoi(len(a.Findings) > 0)),
		)
	})
	return list(reports)
}

func gravity(v verdict.Verdict) int {
	return slices.Index([]verdict.Verdict{verdict.Invalid, verdict.Unknown, verdict.Valid}, v)
}

// doubts are the reasons, other than those of checkers, why the verdict cannot
// be valid.
func doubts(r Result) []string {
	doubts := []string{}
	doubt := func(is bool, format string, args ...any) {
		if is {
			doubts = append(doubts, fmt.Sprintf(format, args...))
		}
	}
	doubt(r.InternalError != "", "Tertium itself failed: %s", r.InternalError)
	doubt(r.Interrupted, "the run was interrupted before its end")
	doubt(r.SetupError != "", "the system or a fault could not be set up: %s", r.SetupError)
	doubt(!r.History.Sealed, "the history was never closed: the harness died before the end of the run")
	for _, trouble := range r.Trouble {
		doubt(true, "%s", trouble)
	}
	for _, fault := range r.Faults {
		doubt(!fault.Bit, "fault %s %s", fault.Name(), fault.WhyNot())
	}
	for _, unconfirmed := range unconfirmed(r) {
		doubt(true, "%s", unconfirmed)
	}
	doubt(len(r.Reports) == 0, "no checker judged the history")
	doubt(r.Config != nil && r.Statistics.Total.OK == 0, "no operation succeeded, so nothing was tested")
	return doubts
}

func composed(r Result) verdict.Verdict {
	parts := make([]verdict.Verdict, len(r.Reports))
	for i, report := range r.Reports {
		parts[i] = report.Verdict
	}
	if len(r.Doubts) > 0 {
		parts = append(parts, verdict.Unknown)
	}
	return verdict.Compose(parts...)
}

// cause is the one sentence that stands beside the verdict.
func cause(r Result) string {
	if r.Verdict == verdict.Unknown && len(r.Doubts) > 0 {
		return r.Doubts[0] + and(len(r.Doubts)-1, "more doubt", "more doubts")
	}
	if r.Verdict == verdict.Valid {
		return validCause(r)
	}
	// The first report has the verdict of the whole, as they are sorted.
	first := r.Reports[0]
	text := first.Cause
	if text == "" {
		text = first.Property
	}
	return first.Checker + ": " + text
}

func validCause(r Result) string {
	names := make([]string, len(r.Reports))
	for i, report := range r.Reports {
		names[i] = report.Checker
	}
	text := fmt.Sprintf("%s held over %s", strings.Join(names, ", "), plural(r.Statistics.Total.Sum(), "operation"))
	if len(r.Faults) > 0 {
		text += fmt.Sprintf(" under %s, each of which took effect", plural(len(r.Faults), "fault"))
	}
	return text
}

func and(n int, one, many string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return " (and 1 " + one + ")"
	}
	return fmt.Sprintf(" (and %d %s)", n, many)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return Number(n) + " " + noun + "s"
}
