// Package causalreverse judges whether a write was ever visible without one that
// had happened before it was even called: an anomaly of systems that are
// serializable and not strictly so.
//
// Operations, with the group of registers or rows that a read covers as their
// Key:
//
//	f      value of invocation  value of an ok completion
//	write  the value, unique    anything
//	read   nil                  the list of all values that are there
//
// # The property
//
// A write has certainly happened by the return of its acknowledgement, or of the
// first read that shows it. A read that shows a write must show all writes that
// had certainly happened before that write was called. What is never taken away
// and was there before must still be there, so a history that breaks this is not
// strictly serializable; nor can the clocks or the order of a causally
// consistent system explain it, if a client saw the first before it sent the
// second. What one read shows and another does not is no matter here, nor is
// what was never written, or only later.
//
// Jepsen's causal-reverse takes only acknowledgements as certain.
//
// # Why it is exact
//
// It is the property, word by word: of the writes that a read shows, only the one
// called last matters, because what had happened before the call of another had
// happened before its call too. With writes in the order in which they became
// certain, those that must be shown are the first so many, and a read shows them
// all just if it shows that many of them. Time is O(w log w) in writes and linear
// in what was read.
package causalreverse

import (
	"context"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker looks for causal reversals. Make one with [New].
type Checker struct{ rules rules }

// Option changes what [New] returns.
type Option func(*Checker)

// New returns a checker.
func New(options ...Option) *Checker {
	c := &Checker{rules: allRules}
	for _, option := range options {
		option(c)
	}
	return c
}

// rules are the parts of the property. A checker has all of them; tests take
// them out one by one to see that each is needed.
type rules uint32

const (
	// ruleAcked: what was acknowledged has happened.
	ruleAcked rules = 1 << iota
	// ruleSeen: what was read has happened.
	ruleSeen

	allRules = 1<<iota - 1
)

// Name is "causal-reverse".
func (*Checker) Name() string { return "causal-reverse" }

// bytesPerOperation is what the judging holds on to.
const bytesPerOperation = 224

// Check judges the history. It is unknown if no read showed a write that was
// called after another had certainly happened.
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "no write is visible without those that had happened before it was called",
		Method:   "writes by when they were certain, counted in each read",
	}
	return judgement.Report(ctx, h, budget, report, bytesPerOperation, c.judge)
}
