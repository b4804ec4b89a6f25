// Package totalqueue judges queues of which no order is expected: what goes in
// comes out, once, and nothing else does.
//
// Operations, with the queue as their Key:
//
//	f        value of invocation  value of an ok completion
//	enqueue  the element          anything
//	dequeue  nil                  the element, or nil if the queue was empty
//	drain    nil                  the list of the elements taken until it was empty
//
// Elements are best unique; if not, they count as often as they were enqueued.
//
// # The property
//
// An ok enqueue puts its element in once between its call and its return, a
// failed one never does, and one of unknown outcome does so once at any time
// after its call, or never. An element comes out after it went in. A dequeue or
// drain that is ok takes what it says. A dequeue of unknown outcome may have
// taken one element, whichever, at any time after its call, and such a drain any
// number. What was acknowledged before a drain was called has gone by the return
// of the last such drain, or comes out later. The [Delivery] says whether an
// element may come out more often than it went in, or not at all.
//
// Jepsen's total-queue counts duplicates but passes them, takes elements of
// failed enqueues, and cannot judge unknown drains.
//
// # Why it is exact
//
// No operation but a drain sees that something is absent, so a history is legal
// just if takes can be matched with puts: each ok take with a put of its element
// that was called before the take returned, each acknowledged put that a drain
// judges with a take of its element or with an unknown dequeue that was called
// before the drain's return, its deadline, and none twice. A matching that
// covers those takes and one that covers those puts give one that covers both
// (Mendelsohn and Dulmage 1958), so each side is judged by itself.
//
// Takes of one element, in the order of their returns, have nested sets of puts:
// the k-th needs k puts that were called before it returned, and that suffices
// (Hall 1935). Puts of one element likewise have nested sets of takes, and
// coverable sets of puts are a matroid: to take them by deadline, each if it
// still can be covered, leaves as few as possible before any deadline. Those left
// share the unknown dequeues, again nested: by deadline, each takes any that is
// early enough. Time is O(n log n).
package totalqueue

import (
	"context"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Delivery is what a queue promises about how often an element comes out.
type Delivery uint8

const (
	// ExactlyOnce: neither lost nor duplicated.
	ExactlyOnce Delivery = iota
	// AtLeastOnce: duplicates are allowed.
	AtLeastOnce
	// AtMostOnce: losses are allowed.
	AtMostOnce
)

// property is what is promised, in words.
func (d Delivery) property() string {
	switch d {
	case AtLeastOnce:
		return "each element that was enqueued is dequeued, at least once"
	case AtMostOnce:
		return "each element that was enqueued is dequeued at most once"
	}
	return "each element that was enqueued is dequeued, exactly once"
}

// Checker judges queues. Make one with [New].
type Checker struct {
	delivery Delivery
	drained  bool
	rules    rules
}

// Option changes what [New] returns.
type Option func(*Checker)

// Promise says how often elements come out. The default is [ExactlyOnce].
func Promise(d Delivery) Option { return func(c *Checker) { c.delivery = d } }

// Drained says that all queues were empty at the end of the history, by other
// means than a drain.
func Drained() Option { return func(c *Checker) { c.drained = true } }

// New returns a checker.
func New(options ...Option) *Checker {
	c := &Checker{rules: allRules}
	for _, option := range options {
		option(c)
	}
	return c
}

// Name is "total-queue".
func (*Checker) Name() string { return "total-queue" }

// bytesPerOperation is what the judging holds on to.
const bytesPerOperation = 320

// Check judges the history. It is unknown if something was acknowledged, did not
// come out, and no drain was called after it.
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: c.delivery.property(),
		Method:   "puts matched with takes, by element and by time; unknown dequeues to what is missing, the most urgent first",
	}
	return judgement.Report(ctx, h, budget, report, bytesPerOperation, c.judge)
}

// rules are the parts of the property. A checker has all of them; tests take
// them out one by one to see that each is needed.
type rules uint32

const (
	// ruleUnexpected: what comes out was enqueued.
	ruleUnexpected rules = 1 << iota
	// ruleFailed: what failed does not come out.
	ruleFailed
	// ruleEarly: nothing comes out before it went in.
	ruleEarly
	// ruleOnce: nothing comes out more often than it went in.
	ruleOnce
	// ruleOnceByThen: nor at any time more often than it had gone in by then.
	ruleOnceByThen
	// ruleLost: what was acknowledged comes out.
	ruleLost
	// ruleUrgent: an unknown dequeue took what it did before a drain saw it gone.
	ruleUrgent

	allRules = 1<<iota - 1
)
