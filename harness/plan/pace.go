package plan

import (
	"iter"
	"math/bits"
	"strconv"
	"time"
)

// Stagger spreads operations over time at a rate of so many a second, of all
// workers together; 0 means the config's rate. Each worker cuts time into slots
// of equal length and invokes one operation at a random moment of each, so that
// the rate is exact and workers do not march in step. An operation that asks
// for a later moment by its own At gets that one.
func Stagger(perSecond int, g Generator) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return func(yield func(Op) bool) {
			rate := perSecond
			if rate <= 0 {
				rate = scope.Config.Rate
			}
			slot := scope.slot(rate)
			r := scope.Stream()
			var start, last time.Duration
			for op := range g(scope.Within("stagger")) {
				last = max(last, op.At, start+time.Duration(r.Below(int64(slot))))
				op.At = last
				if !yield(op) {
					return
				}
				start += slot
			}
		}
	}
}

// slot is the time between two operations of one worker, for so many a second
// of all together.
func (s Scope) slot(perSecond int) time.Duration {
	high, low := bits.Mul64(uint64(max(1, s.Config.Workers)), uint64(time.Second))
	if rate := uint64(max(1, perSecond)); high < rate {
		slot, _ := bits.Div64(high, low, rate)
		return time.Duration(min(slot, uint64(maxTime)))
	}
	return maxTime
}

// After begins a generator later.
func After(wait time.Duration, g Generator) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return shifted(wait, g(scope.Within("after")))
	}
}

func shifted(by time.Duration, ops iter.Seq[Op]) iter.Seq[Op] {
	return func(yield func(Op) bool) {
		for op := range ops {
			op.At += by
			if !yield(op) {
				return
			}
		}
	}
}

// TimeLimit ends a generator before the first operation whose At is the limit
// or later. It is about operations that have a time, so it belongs around
// [Stagger].
func TimeLimit(limit time.Duration, g Generator) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return func(yield func(Op) bool) {
			for op := range g(scope.Within("time-limit")) {
				if op.At >= limit || !yield(op) {
					return
				}
			}
		}
	}
}

// Phases runs generators one after the other, each worker by itself. Each
// begins at the At of the last operation before it.
func Phases(generators ...Generator) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return func(yield func(Op) bool) {
			var now time.Duration
			for i, g := range generators {
				for op := range shifted(now, g(scope.Within("phase."+strconv.Itoa(i)))) {
					if !yield(op) {
						return
					}
					now = op.At
				}
			}
		}
	}
}

// Merge runs generators side by side: each operation is the earliest of those
// that they offer, and of several at the same time the one of the first
// generator. Each generator's own operations must be in order of time.
func Merge(generators ...Generator) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return func(yield func(Op) bool) {
			type source struct {
				next func() (Op, bool)
				head Op
				more bool
			}
			sources := make([]source, len(generators))
			for i, g := range generators {
				next, stop := iter.Pull(g(scope.Within("merge." + strconv.Itoa(i))))
				defer stop()
				sources[i].next = next
				sources[i].head, sources[i].more = next()
			}
			for {
				first := -1
				for i, s := range sources {
					if s.more && (first < 0 || s.head.At < sources[first].head.At) {
						first = i
					}
				}
				if first < 0 || !yield(sources[first].head) {
					return
				}
				sources[first].head, sources[first].more = sources[first].next()
			}
		}
	}
}
