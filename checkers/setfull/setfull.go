// Package setfull judges sets to which elements are added and which are read as
// a whole, one timeline for each element.
//
// Operations, with the set as their Key:
//
//	f     value of invocation  value of an ok completion
//	add   the element          anything
//	read  nil                  the list of all elements
//
// # The property
//
// An element is known from the return of its first acknowledged add, or of the
// first read that shows it, if that is earlier. A read that was called later and
// lacks it is stale. It is lost if such a read was called after all reads that
// show it had returned; never read if no read was called after it was known;
// duplicated if a read has it twice; and resurrected if it came back, that is,
// if it is not lost and is lacking in a read that was called after another had
// shown it. An element without an add that was called before a read returned,
// and did not fail, cannot be in it.
//
// Lost, duplicated and unexpected elements are always invalid. Stale reads are
// measured only, unless the set is [Linearizable]. Reads of a set that is not
// prove a loss only once its nodes had caught up. A run of Tertium says when
// that is, see [Settled]; in a history without phases each read counts, as in
// Jepsen, so that one which ends without a read to rely on should not be judged
// as lost.
//
// Jepsen's set-full orders reads by their calls alone. Here a read that lacks an
// element proves its loss only if no read that shows it was concurrent, and
// duplicates are found.
//
// # Why it is exact
//
// Elements are independent. Of a linearizable element what counts is the moment
// at which it got in: after the call of its first add that did not fail, and
// before anyone knew it; after the calls of all reads that lack it, and before
// the returns of all that show it. Such a moment exists just if the latest of
// the former is before the earliest of the latter, and any is one of some add.
// Otherwise what counts is whether, in some order of the reads that respects
// time, one that shows the element comes after all that lack it and must not; in
// none does just if one of these was called after the others had returned. The
// latest read that lacks an element is all that is needed. To find it, reads are
// gone through backwards with a list of the elements that none has lacked so
// far, which is never longer than the read before was: time is linear in what
// was read.
package setfull

import (
	"context"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/checkers/internal/settled"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker judges sets. Make one with [New].
type Checker struct {
	linearizable bool
	settled      []string
	rules        rules
}

// Option changes what [New] returns.
type Option func(*Checker)

// Linearizable says that a read shows all that was known before it was called.
func Linearizable() Option { return func(c *Checker) { c.linearizable = true } }

// Settled names the phases that begin once the nodes have caught up with each
// other, so that reads called after that show all that was known before. A phase
// whose event has an error did not begin so. The default is "drain" and "final".
func Settled(phases ...string) Option {
	return func(c *Checker) { c.settled = slices.Clone(phases) }
}

// New returns a checker.
func New(options ...Option) *Checker {
	c := &Checker{settled: settled.Phases(), rules: allRules}
	for _, option := range options {
		option(c)
	}
	return c
}

// Name is "set-full".
func (*Checker) Name() string { return "set-full" }

// bytesPerOperation is what the judging holds on to.
const bytesPerOperation = 256

// Check judges the history. It is unknown if an element was acknowledged and no
// read that can be relied on was called later.
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "each element that was added stays in the set, once",
		Method:   "one timeline for each element, by the last read that lacks it",
	}
	if c.linearizable {
		report.Property = "each element that was added is in all later reads, once"
	}
	return judgement.Report(ctx, h, budget, report, bytesPerOperation,
		func(ctx context.Context, ops []history.Operation) (judgement.Judgement, error) {
			return c.judge(ctx, ops, c.settling(h))
		})
}

// settling returns the moment up to which what was known must show in a read, or
// -1 if nothing must.
func (c *Checker) settling(h *history.History) func(op *history.Operation) int {
	phases := slices.ContainsFunc(h.Events, func(e history.Event) bool { return e.Kind == history.Phase })
	if c.linearizable || !phases {
		return func(op *history.Operation) int { return op.Call }
	}
	points := settled.Of(h, c.settled)
	return func(op *history.Operation) int { return points.Before(op.Call) }
}

// rules are the parts of the property. A checker has all of them; tests take
// them out one by one to see that each is needed.
type rules uint32

const (
	// ruleUnexpected: what is read was added.
	ruleUnexpected rules = 1 << iota
	// ruleFailed: what failed is not read.
	ruleFailed
	// ruleEarly: nothing is read before it was added.
	ruleEarly
	// ruleOnce: a read has an element once.
	ruleOnce
	// ruleAckedStays: what was acknowledged does not vanish.
	ruleAckedStays
	// ruleSeenStays: what was read does not vanish.
	ruleSeenStays
	// ruleAckedShows: what was acknowledged is in later reads.
	ruleAckedShows
	// ruleSeenShows: what was read is in later reads.
	ruleSeenShows

	allRules = 1<<iota - 1
)
