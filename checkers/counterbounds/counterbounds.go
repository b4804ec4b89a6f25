// Package counterbounds judges counters by the bounds of what each read can have
// seen.
//
// Operations, with the counter as their Key:
//
//	f          value of invocation           value of an ok completion
//	add        the amount, of any sign       anything
//	increment  the amount, or nil for 1      anything
//	decrement  the amount, or nil for 1      anything
//	read       nil                           the sum
//
// # The property
//
// An addition certainly happened before a read if it was acknowledged before the
// read was called. It may have happened before the read if it did not fail and
// was called before the read returned. A read is within its bounds if its sum is
// not below that of the certain ones with all uncertain negative ones, nor above
// that of the certain ones with all uncertain positive ones.
//
// A linearizable counter keeps these bounds, and one that loses additions for a
// while, or counts them twice, often does not. They say nothing on whether
// uncertain additions of 5 can make up 3, nor on what reads say of each other:
// for that there is the linearizable counter. Jepsen's counter has the same
// bounds, for amounts that are not negative.
//
// # Why the sums are right
//
// Let p and n be the sums of positive and of negative amounts, certain at a
// moment (acknowledged by then) or called by then. The uncertain negative
// additions of a read are those called by its return but not certain at its
// call, so its lower bound is
//
//	p(certain at call) + n(certain at call) + n(called by return) - n(certain at call)
//
// which is p(certain at call) + n(called by return); and likewise its upper
// bound is n(certain at call) + p(called by return). One pass over the events
// has all four. Sums have 128 bits, which no history can overflow.
package counterbounds

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker judges counters. Make one with [New].
type Checker struct {
	initial int64
	unread  bool
	rules   rules
}

// Option changes what [New] returns.
type Option func(*Checker)

// Initial is what every counter starts with. The default is 0.
func Initial(sum int64) Option { return func(c *Checker) { c.initial = sum } }

// AcceptUnread makes a history of additions that nobody read valid, as it is for
// Jepsen's checker: nothing contradicts it. Without this it is unknown.
func AcceptUnread() Option { return func(c *Checker) { c.unread = true } }

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
	// ruleLower and ruleUpper are the bounds.
	ruleLower rules = 1 << iota
	ruleUpper
	// ruleFailed: what failed counts for nothing.
	ruleFailed
	// ruleCalled: what was called after a read counts for nothing.
	ruleCalled

	allRules = 1<<iota - 1
)

// Name is "counter".
func (*Checker) Name() string { return "counter" }

// bytesPerOperation is what the judging holds on to.
const bytesPerOperation = 128

// Check judges the history. It is unknown if no read is ok, see [AcceptUnread].
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "each read of a counter is within the bounds of what was added",
		Method:   "four running sums in one pass",
	}
	return judgement.Report(ctx, h, budget, report, bytesPerOperation, c.judge)
}

// amount returns what an operation adds.
func amount(op *history.Operation) (int64, error) {
	n, ok := op.Input.(int64)
	if op.Input == nil && op.F != "add" {
		n, ok = 1, true
	}
	switch {
	case !ok:
		return 0, fmt.Errorf("its amount is %v, not an integer", op.Input)
	case op.F != "decrement":
		return n, nil
	case n == math.MinInt64:
		return 0, errors.New("its amount cannot be negated in 64 bits")
	}
	return -n, nil
}
