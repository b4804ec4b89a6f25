// Package sweep decides linearizability for some types in near-linear time, by
// passes over the events of a history.
//
// All algorithms are exact, also with optional operations: those that were
// invoked and never answered, and that can have taken effect at any later
// moment or never. Each says on which histories it works and why it is right.
package sweep

import "slices"

// Never is the return of an optional operation.
const Never = int(^uint(0) >> 1)

// Timeline is the order of calls and returns: each entry is an operation times
// two, plus one if it is its return. Optional operations have no return.
type Timeline []uint32

// NewTimeline orders operations by positions that are unique. Calls must
// ascend; a return of Never is none.
func NewTimeline(calls, returns []int) Timeline {
	type moment struct {
		at    int
		entry uint32
	}
	ends := make([]moment, 0, len(returns))
	for op, at := range returns {
		if at != Never {
			ends = append(ends, moment{at, uint32(op)<<1 | 1})
		}
	}
	slices.SortFunc(ends, func(a, b moment) int { return a.at - b.at })
	timeline := make(Timeline, 0, len(calls)+len(ends))
	next := 0
	for op, at := range calls {
		for next < len(ends) && ends[next].at < at {
			timeline = append(timeline, ends[next].entry)
			next++
		}
		timeline = append(timeline, uint32(op)<<1)
	}
	for _, end := range ends[next:] {
		timeline = append(timeline, end.entry)
	}
	return timeline
}

// returns has the position at which each of n operations returned, or never. It
// uses the memory of a slice.
func (t Timeline) returns(memory []int32, n int) []int32 {
	at := slices.Grow(memory[:0], n)[:n]
	for op := range at {
		at[op] = never
	}
	for i, entry := range t {
		if entry&1 == 1 {
			at[entry>>1] = int32(i)
		}
	}
	return at
}

// op returns the operation of entry i.
func (t Timeline) op(i int32) int { return int(t[i] >> 1) }
