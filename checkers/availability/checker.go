package availability

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker says whether service came back after every fault. Make one with
// [New].
type Checker struct {
	bound time.Duration
}

// Option changes what [New] returns.
type Option func(*Checker)

// Within asks that service comes back before it has been tried for this long.
// Without it a system that never comes back is not invalid but unknown, because
// a history that ends cannot tell never from not yet.
func Within(bound time.Duration) Option { return func(c *Checker) { c.bound = bound } }

// New returns a checker.
func New(options ...Option) *Checker {
	c := &Checker{}
	for _, option := range options {
		option(c)
	}
	return c
}

// Name is "availability".
func (*Checker) Name() string { return "availability" }

// Check is valid if some operation was ok after each fault that was healed, in
// time if there is a bound; invalid if a bound was exceeded; and unknown if
// there is nothing to judge or service did not come back while it was tried.
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	ctx, cancel := judgement.Within(ctx, budget)
	defer cancel()
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "after each fault is healed, operations succeed again",
		Method:   "one pass over the events",
	}
	if c.bound > 0 {
		report.Property += fmt.Sprintf(" before they have been tried for %v", c.bound)
	}
	rows, err := of(ctx, h)
	if err != nil {
		report.Cause = fmt.Sprintf("measuring was ended early (%v); allow it more time", err)
		return report
	}
	for i := range h.Events {
		if h.Events[i].Kind == history.Invoke {
			report.Judged++
		}
	}
	report.Figures = figures(rows)
	if slices.ContainsFunc(rows, c.late) {
		w := newWitnesses(h, rows)
		for _, row := range rows {
			if c.late(row) {
				report.Findings = append(report.Findings, c.finding(&row, w.of(&row, c.bound)))
			}
		}
	}
	report.Verdict, report.Cause = c.conclude(rows, report.Findings)
	return report
}

// late reports whether service came back too late. Time tried that a bound is
// held against has passed, so it does not matter whether it came back later.
func (c *Checker) late(r Row) bool { return c.bound > 0 && r.Healed && r.Tried > c.bound }

func (c *Checker) conclude(rows []Row, late []verdict.Finding) (verdict.Verdict, string) {
	if len(late) > 0 {
		return verdict.Invalid, late[0].Summary
	}
	healed := 0
	worst := &Row{}
	for i := range rows {
		r := &rows[i]
		if !r.Healed {
			continue
		}
		healed++
		if !r.Returned {
			if r.Tried == 0 {
				return verdict.Unknown, fmt.Sprintf("no operation was tried after %s was healed", r.Name())
			}
			return verdict.Unknown, fmt.Sprintf(
				"after %s was healed no operation succeeded, but it was tried for only %v before the history ends",
				r.Name(), round(r.Tried))
		}
		if healed == 1 || r.Back > worst.Back {
			worst = r
		}
	}
	if healed == 0 {
		return verdict.Unknown, "no fault was injected and healed, so there was nothing to come back from"
	}
	return verdict.Valid, fmt.Sprintf("service came back after each of %d faults; it took longest, %v, after %s",
		healed, round(worst.Back), worst.Name())
}

func (c *Checker) finding(r *Row, operations []int) verdict.Finding {
	came := "did not come back before the history ends"
	if r.Returned {
		came = fmt.Sprintf("came back only %v after it", round(r.Back))
	}
	steps := []string{
		fmt.Sprintf("[%v] %s was healed", round(r.To), r.Name()),
		fmt.Sprintf("until [%v] no operation succeeded; for %v of that time no fault was in place and at least one operation waited for its reply",
			round(r.To+r.Back), round(r.Tried)),
	}
	if r.Returned {
		steps = append(steps, fmt.Sprintf("[%v] the first operation succeeded", round(r.To+r.Back)))
	}
	return verdict.Finding{
		Anomaly: "unavailable",
		Summary: fmt.Sprintf("after %s was healed, service was tried for %v, longer than %v, and %s",
			r.Name(), round(r.Tried), c.bound, came),
		Steps:      steps,
		Operations: operations,
		Culprit:    -1,
	}
}

func round(d time.Duration) time.Duration { return d.Round(time.Millisecond) }

// figures are the worst of all faults, then each fault's own.
func figures(rows []Row) []verdict.Figure {
	if len(rows) == 0 {
		return nil
	}
	var gap, back, recovery time.Duration
	for i := range rows {
		gap = max(gap, rows[i].Gap)
		if rows[i].Returned {
			back = max(back, rows[i].Back)
		}
		if rows[i].Recovered {
			recovery = max(recovery, rows[i].Recovery)
		}
	}
	seconds := func(name string, d time.Duration) verdict.Figure {
		return verdict.Figure{Name: name, Value: d.Seconds(), Unit: "s"}
	}
	figures := []verdict.Figure{
		seconds("longest gap", gap), seconds("longest time back to service", back),
		seconds("longest time back to half the rate", recovery),
	}
	for i := range rows {
		r := &rows[i]
		name := r.Name()
		figures = append(figures, seconds(name+": longest gap", r.Gap))
		for _, node := range r.Nodes {
			figures = append(figures, seconds(name+": longest gap at "+node.Node, node.Gap))
		}
		if r.Returned {
			figures = append(figures, seconds(name+": back to service", r.Back))
		}
		if r.Recovered {
			figures = append(figures, seconds(name+": back to half the rate", r.Recovery))
		}
	}
	return figures
}
