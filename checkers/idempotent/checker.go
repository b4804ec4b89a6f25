package idempotent

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/faults"
	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/checkers/internal/settled"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker judges idempotent requests. Make one with [New].
type Checker struct {
	reading Reading
	// columnar is whether the reading is that of ledgers, which is known for
	// columns too.
	columnar    bool
	settled     []string
	strong      bool
	repliesOnly bool
	ttl         time.Duration
	totals      *Totals
	copies      func(kind string) bool
	rules       rules
}

// Option changes what [New] returns.
type Option func(*Checker)

// Read sets how requests and effects show in the history. The default is
// [Ledger].
func Read(r Reading) Option {
	return func(c *Checker) { c.reading, c.columnar = r, false }
}

// Settled names the phases that begin once the nodes have settled, so that
// read-backs after that show, at any node, everything that was certain before.
// A phase whose event has an error did not begin so. The default is "drain" and
// "final".
func Settled(phases ...string) Option {
	return func(c *Checker) { c.settled = slices.Clone(phases) }
}

// StrongReads says that read-backs are linearizable: each shows, at any node
// and at any time, everything that was certain before it was called.
func StrongReads() Option { return func(c *Checker) { c.strong = true } }

// RepliesOnly judges the replies alone, for services whose effects cannot be
// read back. Without it such a history is unknown.
func RepliesOnly() Option { return func(c *Checker) { c.repliesOnly = true } }

// Expiry says that the service may forget a key, and do it again, once it was
// done this long ago. The default is never.
func Expiry(after time.Duration) Option { return func(c *Checker) { c.ttl = after } }

// ReadTotals says that the books can be read back as totals, beside or in place
// of entries. It does not go with [Expiry]: a key that was done again legally
// cannot be told from one that was not.
func ReadTotals(t Totals) Option { return func(c *Checker) { c.totals = &t } }

// Copies says which kinds of faults make the network deliver a request twice.
// The default is all whose name begins with "duplicate".
func Copies(kind func(string) bool) Option { return func(c *Checker) { c.copies = kind } }

// New returns a checker for the ledger workload, but for what the options say.
func New(options ...Option) *Checker {
	c := &Checker{
		reading: Ledger(),

		columnar: true,
		settled:  settled.Phases(),
		copies:   func(kind string) bool { return strings.HasPrefix(kind, "duplicate") },
		rules:    allRules,
	}
	for _, option := range options {
		option(c)
	}
	return c
}

// Name is "idempotent".
func (*Checker) Name() string { return "idempotent" }

// Check judges the history.
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	return c.check(ctx, budget, func(ctx context.Context) (*judge, error) {
		if len(h.Events) > maxEvents {
			return nil, tooManyEvents(len(h.Events))
		}
		ops := h.Operations()
		if err := fits(len(ops), budget); err != nil {
			return nil, err
		}
		return c.judgeOperations(ctx, h, ops)
	})
}

// CheckColumns is [Checker.Check] for the columnar view of a history, and gives
// the same report. It is several times faster for the [Ledger] reading without
// totals; others get their operations in full.
func (c *Checker) CheckColumns(ctx context.Context, view *columns.Columns, budget verdict.Budget) verdict.Report {
	return c.check(ctx, budget, func(ctx context.Context) (*judge, error) {
		if len(view.Events) > maxEvents {
			return nil, tooManyEvents(len(view.Events))
		}
		if err := fits(view.Operations(), budget); err != nil {
			return nil, err
		}
		from := source(nil)
		if c.columnar && c.totals == nil {
			from = newLedgerColumns(ctx, view, !c.repliesOnly)
		} else {
			from = newListed(c.reading, view.Pick(every(view.Operations())))
		}
		return c.judgeSource(ctx, aroundColumns(view), from)
	})
}

// WorthColumns is false: requests and replies are objects with several fields,
// and to put them into columns takes longer than to judge them.
func (c *Checker) WorthColumns() bool { return false }

// every returns the numbers below n.
func every(n int) []uint32 {
	all := make([]uint32, n)
	for i := range all {
		all[i] = uint32(i)
	}
	return all
}

// check puts what a judge finds into a report. The judge is nil with an error
// if it did not begin, and has findings so far with an error if it was ended
// early.
func (c *Checker) check(ctx context.Context, budget verdict.Budget, judging func(context.Context) (*judge, error)) verdict.Report {
	ctx, cancel := judgement.Within(ctx, budget)
	defer cancel()
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "each idempotency key has at most one effect, exactly one once acknowledged, and one reply",
		Method:   "attempts grouped by key; one interval of time for each key's effect",
	}
	if c.repliesOnly {
		report.Property = "all attempts under an idempotency key are answered as one request"
	}
	if c.totals != nil && c.ttl > 0 {
		report.Cause = "totals cannot be judged where keys expire; let the workload end before they do"
		return report
	}
	j, err := judging(ctx)
	switch {
	case j == nil:
		report.Cause = err.Error()
		return report
	case err != nil:
		report.Cause = fmt.Sprintf("judging was ended early (%v); allow it more time", err)
	}
	report.Judged = len(j.attempts)
	report.Findings = j.findings.Sorted()
	report.Figures = append(j.figures(), j.findings.Figures()...)
	if len(report.Findings) > 0 {
		report.Verdict, report.Cause = verdict.Invalid, report.Findings[0].Summary
	} else if err == nil {
		report.Verdict, report.Cause = c.conclude(j)
	}
	return report
}

// bytesPerAttempt is what the judging holds on to, the history itself not
// counted.
const bytesPerAttempt = 160

// fits says whether so many operations can be judged within the budget.
func fits(operations int, budget verdict.Budget) error {
	if need := int64(operations) * bytesPerAttempt; budget.Memory > 0 && need > budget.Memory {
		return fmt.Errorf("judging %d operations takes about %d MB of memory; allow it more", operations, need>>20)
	}
	return nil
}

func tooManyEvents(events int) error {
	return fmt.Errorf("the history has %d events, and at most %d can be judged; cut it in parts", events, maxEvents)
}

func (c *Checker) judgeOperations(ctx context.Context, h *history.History, ops []history.Operation) (*judge, error) {
	return c.judgeSource(ctx, aroundHistory(h), newListed(c.reading, ops))
}

func (c *Checker) judgeSource(ctx context.Context, near around, from source) (*judge, error) {
	t, err := newTable(ctx, from, c.copied(near))
	if unread := from.ready(); err == nil {
		err = unread
	}
	if err != nil {
		return nil, fmt.Errorf("grouping the attempts was ended early (%w); allow it more time", err)
	}
	b := &books{seen: make([]sighting, len(t.keys)), totals: c.totals}
	j := &judge{table: t, books: b, rules: c.rules, findings: newFindings(), ttl: c.ttl, around: near}
	if !c.repliesOnly {
		if err := b.readAll(ctx, t, c.settling(near)); err != nil {
			return j, err
		}
	}
	return j, j.all(ctx)
}

// all judges everything, what tells most first.
func (j *judge) all(ctx context.Context) error {
	if j.rules&ruleOnce != 0 {
		j.blameRepeats()
	}
	if j.rules&rulePhantom != 0 {
		for _, p := range j.phantoms {
			j.blamePhantom(p)
		}
	}
	if j.rules&ruleTotals != 0 {
		for _, w := range j.wrongTotals {
			j.blameTotal(w)
		}
	}
	if err := j.judgeKeys(ctx); err != nil {
		return err
	}
	if err := j.judgePresence(ctx); err != nil {
		return err
	}
	if j.rules&ruleOwnID != 0 {
		j.judgeIDs()
	}
	return j.judgeSuspects(ctx)
}

// copied returns a function that says whether the network may have copied a
// request that was sent and answered between two events.
func (c *Checker) copied(near around) func(call, ret int32) bool {
	var windows []faults.Window
	read := false
	return func(call, ret int32) bool {
		// Few histories have an attempt that makes it worth to look.
		if !read {
			windows = slices.DeleteFunc(near.faults(), func(w faults.Window) bool { return w.Missed || !c.copies(w.Kind) })
			read = true
		}
		return slices.ContainsFunc(windows, func(w faults.Window) bool { return w.Inject < int(ret) && int(call) < w.Heal })
	}
}

// settling returns when the nodes had last settled before a read-back.
func (c *Checker) settling(near around) settling {
	if c.strong {
		return func(call int32) int32 { return call }
	}
	points := near.settled(c.settled)
	return func(call int32) int32 { return int32(points.Before(int(call))) }
}

// conclude says whether a history without a finding was judged as a whole.
func (c *Checker) conclude(j *judge) (verdict.Verdict, string) {
	seen, done := j.shown, j.acknowledged
	switch {
	case len(j.attempts) == 0:
		return verdict.Unknown, "no operation carried an idempotency key"
	case j.unreadable != nil:
		return verdict.Unknown, j.unreadable.Error()
	case len(j.undecided) > 0:
		return verdict.Unknown, fmt.Sprintf(
			"%d keys, such as %s, were used over so many expiry periods, or with effects that carry no id, that it could not be decided whether expiry excuses them; use keys anew for less long",
			len(j.undecided), j.name(j.undecided[0]))
	case seen+done == 0:
		return verdict.Unknown, "no attempt was acknowledged and no effect was seen, so there was nothing to judge"
	case c.repliesOnly:
		return verdict.Valid, fmt.Sprintf("%d keys in %d attempts, %d acknowledged, were answered alike", len(j.keys), len(j.attempts), done)
	case len(j.reads) == 0:
		return verdict.Unknown, "no effects were read back, so neither a second effect nor a lost one would be seen"
	}
	covered := make([]bool, len(j.scopes))
	for _, r := range j.reads {
		if r.scope != none && r.since != none && !r.partial {
			covered[r.scope] = true
		}
	}
	for scope, keys := range j.keysByScope() {
		if !covered[scope] && slices.ContainsFunc(keys, func(id int32) bool { return j.done[id].acked != never }) {
			return verdict.Unknown, fmt.Sprintf(
				"the books of %s were not read back after the nodes had settled, so a lost effect would not be seen", j.scopes[scope])
		}
	}
	return verdict.Valid, fmt.Sprintf("%d keys in %d attempts, %d acknowledged: each has at most one effect, and %d are in the books",
		len(j.keys), len(j.attempts), done, seen)
}

func (j *judge) figures() []verdict.Figure {
	figure := func(name string, n int, unit string) verdict.Figure {
		return verdict.Figure{Name: name, Value: float64(n), Unit: unit}
	}
	return []verdict.Figure{
		figure("keys", len(j.keys), ""),
		figure("attempts", len(j.attempts), "ops"),
		figure("acknowledged", j.counts.acked, "ops"),
		figure("replays", j.counts.replays, "ops"),
		figure("ambiguous", j.counts.open, "ops"),
		figure("in flight", j.counts.busy, "ops"),
		figure("conflicts", j.counts.conflicts, "ops"),
		figure("refused for good", j.counts.refused, "ops"),
		figure("read-backs", len(j.reads), "ops"),
		figure("keys in the books", j.shown, ""),
	}
}
