package idempotent

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/faults"
	"github.com/tertium-dev/tertium/checkers/internal/settled"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker judges idempotent requests. Make one with [New].
type Checker struct {
	reading     Reading
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
func Read(r Reading) Option { return func(c *Checker) { c.reading = r } }

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
		settled: settled.Phases(),
		copies:  func(kind string) bool { return strings.HasPrefix(kind, "duplicate") },
		rules:   allRules,
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
	if budget.Time > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, budget.Time)
		defer cancel()
	}
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "each idempotency key has at most one effect, exactly one once acknowledged, and one reply",
		Method:   "attempts grouped by key; one interval of time for each key's effect",
	}
	if c.repliesOnly {
		report.Property = "all attempts under an idempotency key are answered as one request"
	}
	j, err := c.judge(ctx, h, budget)
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

// judge returns nil with an error if it did not begin, and findings so far with
// an error if it was ended early.
func (c *Checker) judge(ctx context.Context, h *history.History, budget verdict.Budget) (*judge, error) {
	if c.totals != nil && c.ttl > 0 {
		return nil, errors.New("totals cannot be judged where keys expire; let the workload end before they do")
	}
	if len(h.Events) > maxEvents {
		return nil, fmt.Errorf("the history has %d events, and at most %d can be judged; cut it in parts", len(h.Events), maxEvents)
	}
	ops := h.Operations()
	if need := int64(len(ops)) * bytesPerAttempt; budget.Memory > 0 && need > budget.Memory {
		return nil, fmt.Errorf("judging %d operations takes about %d MB of memory; allow it more", len(ops), need>>20)
	}
	return c.judgeOperations(ctx, h, ops)
}

func (c *Checker) judgeOperations(ctx context.Context, h *history.History, ops []history.Operation) (*judge, error) {
	t, err := newTable(ctx, c.reading, ops, c.copied(h))
	if err != nil {
		return nil, fmt.Errorf("grouping the attempts was ended early (%w); allow it more time", err)
	}
	j := &judge{table: t, books: &books{seen: make([]sighting, len(t.keys))}, rules: c.rules, findings: newFindings(), ttl: c.ttl, events: h.Events}
	if n := len(h.Events); n > 0 {
		j.end = h.Events[n-1].Time
	}
	if !c.repliesOnly {
		b, err := readBooks(ctx, t, c.totals, c.settling(h))
		if err != nil {
			return j, err
		}
		j.books = b
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
func (c *Checker) copied(h *history.History) func(call, ret int) bool {
	var windows []faults.Window
	read := false
	return func(call, ret int) bool {
		// Few histories have an attempt that makes it worth to look.
		if !read {
			windows = slices.DeleteFunc(faults.Of(h), func(w faults.Window) bool { return w.Missed || !c.copies(w.Kind) })
			read = true
		}
		return slices.ContainsFunc(windows, func(w faults.Window) bool { return w.Inject < ret && call < w.Heal })
	}
}

// settling returns when the nodes had last settled before a read-back.
func (c *Checker) settling(h *history.History) settling {
	if c.strong {
		return func(op *history.Operation) int32 { return int32(op.Call) }
	}
	points := settled.Of(h, c.settled)
	return func(op *history.Operation) int32 { return int32(points.Before(op.Call)) }
}

// conclude says whether a history without a finding was judged as a whole.
func (c *Checker) conclude(j *judge) (verdict.Verdict, string) {
	seen, done := 0, 0
	for i := range j.keys {
		if j.seen[i].ret != 0 {
			seen++
		}
		if j.done[i].acked != never {
			done++
		}
	}
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
	for i := range j.keys {
		if scope := j.keys[i].scope; j.done[i].acked != never && !covered[scope] {
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
	seen := 0
	for i := range j.seen {
		if j.seen[i].ret != 0 {
			seen++
		}
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
		figure("keys in the books", seen, ""),
	}
}
