// Package longfork looks for long forks, as Jepsen's workload of that name does:
// each key is written once, and transactions that only read see groups of keys.
// If one read saw x and not y, and another y and not x, then writes became
// visible in different orders, which snapshot isolation forbids and parallel
// snapshot isolation does not.
//
// Operations:
//
//	f          value of invocation      value of an ok completion
//	write, txn [[w key value]]          anything
//	read, txn  [[r key nil] …]          the same with what was read; nil if it was not written yet
//
// # Why it is exact
//
// Take the reads of one group of keys, each as the set of keys that it saw
// written. They saw writes in one order just if any two of these sets contain
// each other: then putting the keys of smaller sets first is such an order. If
// sets are sorted by their sizes it is enough that each contains the one before,
// because containing is transitive. Reads of different groups are not compared,
// as in Jepsen. Time is O(n log n) in the reads of a group, times its size.
//
// A read that is repeated in a transaction counts as its last. Keys that are
// written more than once, or that held more than one value, may lose what they
// had, so reads of them are not judged.
package longfork

import (
	"context"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker looks for long forks.
type Checker struct {
	// GroupSize is how many keys every read must have; 0 for any number.
	GroupSize int
}

// Name returns "long-fork".
func (Checker) Name() string { return "long-fork" }

// bytesPerOperation is what the judging holds on to, for groups of a few keys.
const bytesPerOperation = 512

// Check compares the reads of each group of keys. It is unknown if there are
// none, if a key is not written once, and if an operation is no transaction.
func (c Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "all reads of a group of keys saw writes in one order",
		Method:   "each read of a group against the next larger one",
	}
	return judgement.Report(ctx, h, budget, report, bytesPerOperation, c.judge)
}
