// Package staleness measures how old the values were that registers returned. It
// is a figure and no verdict: what is too old is for others to say.
//
// Operations, with the register as their Key:
//
//	f      value of invocation  value of an ok completion
//	read   nil                  the value, or nil if it was never written
//	write  the value, unique    anything
//	cas    [old new], new unique  anything; what it saw if it failed with "mismatch"
//
// A compare-and-set counts as a read and a write by themselves.
//
// # The figures
//
// Δ is the least time by which the calls of all reads would have to be earlier
// for the register to be linearizable: no value that was read had been replaced
// for longer (Golab, Li and Shah 2011). k is the least number such that, in some
// order that respects time, each read returns one of the last k values written;
// 1 is linearizable (Aiyer, Alvisi and Bazzi 2005). Δ is exact to the stamps of
// the history. k is given as two bounds, which mostly are equal: to find it in
// general is hard, and 1 is told exactly.
//
// A read that returned before the call of the only write of its value, or whose
// value nobody wrote, has no age. Such reads are counted and left out, as are
// registers to which some value was written twice.
//
// # Why they are right
//
// A cluster is a write and the reads of its value; it ends first at the earliest
// return and begins last at the latest call among them. A register with unique
// values is linearizable just if of any two clusters one can be wholly before the
// other, that is, begins last before the other ends first (Gibbons and Korach
// 1997). To shift the calls of reads by Δ makes the last beginning of a cluster
// earlier, but never earlier than the call of its write; it is a register of
// unique values still, so its least Δ is the largest over all pairs of what the
// pair needs. Whether a Δ is enough is found by one sweep over the clusters in
// the order of their first ends, and the least by halving.
//
// For k, take a read r of a value v. A write lies certainly between the write of
// v and r if it was called after v was certainly there and was certainly there
// before r was called, where a value is there by the return of its write or of
// any read of it; one more than the number of these is a lower bound. Two orders
// give upper bounds: let each write happen at the last moment at which it can, or
// at its call, and each read as early as it can.
package staleness

import (
	"context"
	"fmt"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Staleness is how old the values were that were read.
type Staleness struct {
	// Reads and Writes are how many operations were measured, and Registers of
	// how many.
	Reads, Writes, Registers int
	// Stale is how many registers are not linearizable.
	Stale int
	// Delta is how long ago a value that was read had been replaced, at most.
	Delta time.Duration
	// AtLeast and AtMost bound k; they are 0 if nothing was read.
	AtLeast, AtMost int
	// Ageless is how many reads have no age.
	Ageless int
	// Skipped is how many registers were left out, because a value was written
	// twice or an operation made no sense.
	Skipped int
}

// Checker measures staleness. Make one with [New].
type Checker struct {
	initial any
}

// Option changes what [New] returns.
type Option func(*Checker)

// Initial is what every register starts with. The default is nil.
func Initial(value any) Option { return func(c *Checker) { c.initial = value } }

// New returns a checker.
func New(options ...Option) *Checker {
	c := &Checker{}
	for _, option := range options {
		option(c)
	}
	return c
}

// Name is "staleness".
func (*Checker) Name() string { return "staleness" }

// bytesPerOperation is what the measuring holds on to.
const bytesPerOperation = 256

// Check measures the history. It is valid if something was measured, whatever
// came of it, and never invalid.
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "the age of the values that were read is measured",
		Method:   "clusters of a write and its reads; one sweep tells whether an age is enough",
	}
	return judgement.Report(ctx, h, budget, report, bytesPerOperation,
		func(ctx context.Context, ops []history.Operation) (judgement.Judgement, error) {
			s, err := c.measure(ctx, ops)
			if err != nil {
				return judgement.Judgement{}, err
			}
			return s.judgement(), nil
		})
}

func (s *Staleness) judgement() judgement.Judgement {
	j := judgement.Judgement{
		Judged: s.Reads + s.Writes,
		Figures: []verdict.Figure{
			judgement.Count("registers", s.Registers), judgement.Count("not linearizable", s.Stale), judgement.Operations("reads", s.Reads),
		},
	}
	if s.Ageless > 0 {
		j.Figures = append(j.Figures, judgement.Operations("reads without an age", s.Ageless))
	}
	if s.Skipped > 0 {
		j.Figures = append(j.Figures, judgement.Count("registers left out", s.Skipped))
	}
	if s.Reads == 0 {
		j.Doubts = append(j.Doubts, "no read of a register with unique values can be measured")
		return j
	}
	j.Figures = append(j.Figures,
		verdict.Figure{Name: "delta", Value: s.Delta.Seconds(), Unit: "s"},
		judgement.Count("k at least", s.AtLeast), judgement.Count("k at most", s.AtMost))
	k := fmt.Sprintf("%d", s.AtLeast)
	if s.AtMost > s.AtLeast {
		k = fmt.Sprintf("%d to %d", s.AtLeast, s.AtMost)
	}
	j.Covered = fmt.Sprintf("%d reads of %d registers returned one of the last %s values, replaced for at most %v", s.Reads, s.Registers, k, s.Delta)
	return j
}

// Of measures a history. Registers start with nil.
func Of(h *history.History) Staleness {
	s, _ := New().measure(context.Background(), h.Operations())
	return s
}
