package conservation

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/checkers/internal/settled"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker judges the books of the ledger workload. Make one with [New].
type Checker struct {
	settled []string
	rules   rules
}

// Option changes what [New] returns.
type Option func(*Checker)

// Settled names the phases that begin once the nodes have settled, so that
// read-backs after that show, at any node, everything that was certain before.
// A phase whose event has an error did not begin so. The default is "drain" and
// "final".
func Settled(phases ...string) Option {
	return func(c *Checker) { c.settled = slices.Clone(phases) }
}

// StaleBalances says that balances may be told as they once were, so that they
// need not show what was done before they were asked for.
func StaleBalances() Option { return func(c *Checker) { c.rules &^= ruleUpper | ruleLower } }

// New returns a checker.
func New(options ...Option) *Checker {
	c := &Checker{settled: settled.Phases(), rules: allRules}
	for _, option := range options {
		option(c)
	}
	return c
}

// Name is "conservation".
func (*Checker) Name() string { return "conservation" }

// bytesPerOperation is what the judging holds on to, the history itself not
// counted.
const bytesPerOperation = 300

// Check judges the history.
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	ctx, cancel := judgement.Within(ctx, budget)
	defer cancel()
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "money is neither made nor lost: every balance is the sum of its entries, at every node alike",
		Method:   "each effect as an interval of time; sums over what is certain and over what is possible",
	}
	if need := int64(len(h.Events)) * bytesPerOperation; len(h.Events) >= math.MaxInt32 || budget.Memory > 0 && need > budget.Memory {
		report.Cause = fmt.Sprintf("judging %d events takes about %d MB of memory; allow it more", len(h.Events), need>>20)
		return report
	}
	j, err := c.judge(ctx, h, h.Operations())
	report.Judged = len(j.attempts) + len(j.entries) + len(j.accountReads)
	report.Findings = j.findings.Sorted()
	report.Figures = append(j.figures(), j.findings.Figures()...)
	var misread *unreadable
	switch {
	case len(report.Findings) > 0:
		report.Verdict, report.Cause = verdict.Invalid, report.Findings[0].Summary
	case errors.As(err, &misread):
		report.Cause = misread.Error()
	case err != nil:
		report.Cause = fmt.Sprintf("judging was ended early (%v); allow it more time", err)
	default:
		report.Verdict, report.Cause = j.conclude()
	}
	return report
}

// judge returns what was judged, also where it ended with an error.
func (c *Checker) judge(ctx context.Context, h *history.History, ops []history.Operation) (*judge, error) {
	j, err := newJudge(ctx, ops, len(h.Events), settled.Of(h, c.settled), c.rules)
	if err != nil {
		return j, err
	}
	return j, j.all(ctx)
}

// conclude says whether a history without a finding was judged as a whole.
func (j *judge) conclude() (verdict.Verdict, string) {
	if len(j.attempts) == 0 {
		return verdict.Unknown, "no deposit or transfer was invoked"
	}
	done := make([]bool, len(j.tenants))
	for i := range j.effects {
		if e := &j.effects[i]; e.hi != never {
			done[j.requests[e.request].tenant] = true
		}
	}
	if !slices.Contains(done, true) {
		return verdict.Unknown, "no deposit or transfer was acknowledged or seen in the books, so there was nothing to judge"
	}
	for _, kind := range []struct {
		name  string
		reads []reading
	}{{"entries", j.entries}, {"accounts", j.accountReads}} {
		covered := make([]bool, len(j.tenants))
		for i := range kind.reads {
			covered[kind.reads[i].tenant] = covered[kind.reads[i].tenant] || kind.reads[i].since != none
		}
		for tenant, name := range j.tenants {
			if done[tenant] && !covered[tenant] {
				return verdict.Unknown, fmt.Sprintf("the %s of %s were not read back after the nodes had settled", kind.name, name)
			}
		}
	}
	return verdict.Valid, fmt.Sprintf(
		"%d requests; %d balances that were read back are the sums of their entries, %d of them exactly and the others within what was under way; %d that were told can have been",
		len(j.requests), j.counts.balances, j.counts.exact, j.counts.told)
}

func (j *judge) figures() []verdict.Figure {
	certain := 0
	for i := range j.effects {
		if j.effects[i].hi != never {
			certain++
		}
	}
	figure := func(name string, n int, unit string) verdict.Figure {
		return verdict.Figure{Name: name, Value: float64(n), Unit: unit}
	}
	return []verdict.Figure{
		figure("requests", len(j.requests), ""),
		figure("effects", certain, ""),
		figure("effects never seen", len(j.effects)-certain, ""),
		figure("balances read back", j.counts.balances, ""),
		figure("balances that are exact", j.counts.exact, ""),
		figure("balances told", j.counts.told, "ops"),
		figure("readings of entries", len(j.entries), "ops"),
		figure("readings of accounts", len(j.accountReads), "ops"),
	}
}
