// Package stats counts what a history holds: operations by function, phase and
// outcome, their rates, and how long clients waited.
//
// Unknown outcomes are counted apart from failures, and so are their waiting
// times: an operation that timed out says how patient its client was, not how
// fast the system is. Quantiles are exact, by nearest rank: the p-quantile of n
// values is the ⌈p·n⌉-th smallest.
//
// The verdict is valid if each function that was invoked succeeded at least
// once. Otherwise it is unknown, never invalid, because a function that never
// succeeded was not tested: it broke no promise, and no other checker's valid
// means anything for it.
package stats

import (
	"context"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// Summary is what [Of] counted. Its JSON form is the same for equal histories.
type Summary struct {
	// Elapsed is the time of the last event.
	Elapsed time.Duration `json:"elapsed_ns"`
	// Total is over all operations.
	Total Row `json:"total"`
	// Functions has one row a function, by name.
	Functions []Row `json:"functions"`
	// Phases has one entry a phase, in order of time.
	Phases []Phase `json:"phases"`
	// Errors are the reasons why operations were not ok, by function, then the
	// most frequent first.
	Errors []Error `json:"errors"`
}

// Phase is one phase of a run.
type Phase struct {
	// Name is empty for what came before the first phase began.
	Name string `json:"name"`
	// From and To bound it.
	From time.Duration `json:"from_ns"`
	To   time.Duration `json:"to_ns"`
	// Total is over the operations that were invoked in it and Functions has
	// one row a function, by name.
	Total     Row   `json:"total"`
	Functions []Row `json:"functions"`
}

// Row counts some operations.
type Row struct {
	// F is their function, or empty for all.
	F string `json:"f,omitempty"`
	// OK, Fail and Unknown are how many had that outcome.
	OK      int `json:"ok"`
	Fail    int `json:"fail"`
	Unknown int `json:"unknown"`
	// UnknownRatio is the share of operations whose outcome is unknown.
	UnknownRatio float64 `json:"unknown_ratio"`
	// Rate is how many operations a second came to a known outcome, over the
	// time that the row is about; 0 if that is no time at all.
	Rate float64 `json:"rate"`
	// Latency is that of the ok operations. Waited is how long clients waited
	// for those whose outcome is unknown. Failures are in neither, because many
	// are refused without any work.
	Latency Quantiles `json:"latency"`
	Waited  Quantiles `json:"waited"`
}

// Count is the number of operations.
func (r *Row) Count() int { return r.OK + r.Fail + r.Unknown }

// Error is one reason why operations of one function were not ok.
type Error struct {
	F string `json:"f"`
	// Outcome is "fail" or "unknown".
	Outcome string `json:"outcome"`
	// Code is the error up to its first colon.
	Code  string `json:"code"`
	Count int    `json:"count"`
}

// Of counts the operations of a history. It takes one pass over it, and sorts
// the waiting times.
func Of(h *history.History) Summary {
	summary, _ := of(context.Background(), h)
	return summary
}

// of gives up with the context's error.
func of(ctx context.Context, h *history.History) (Summary, error) {
	operations := h.Operations()
	c := newCounter(h)
	for i := range operations {
		if i%checkEvery == 0 && ctx.Err() != nil {
			return Summary{}, ctx.Err()
		}
		c.add(&operations[i])
	}
	return c.summary(), ctx.Err()
}

// checkEvery is how many operations are counted between two looks at the
// context.
const checkEvery = 1 << 16
