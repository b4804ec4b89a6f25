// Package online judges one object while its history goes on.
//
// Each type takes the calls and returns of one object, in their order, and says
// of each return whether an order of what happened so far still exists. An
// operation that is open or whose outcome is unknown may take effect at any
// moment after its call, or never. A return that leaves no order is final: what
// follows can only add to what must be explained. So a history has an order
// exactly if none of its returns was refused, and the refusal comes with the
// first event by which there is none.
//
// The types hold what an operation that is open, or one that is yet to come, can
// still be answered with: the state of the object, what happened since the
// oldest open operation was called, and the optional operations that nobody saw.
//
// Times are positions in the history. Calls and returns have different ones.
package online

import (
	"math"
	"slices"
)

// Never is later than all positions.
const Never = math.MaxInt

// None is what the methods return if an order still exists. Everything else
// says why there is none, as the end of a sentence that began with what was
// answered.
const None = ""

// window is the calls of the operations that are open, ascending.
type window struct{ calls []int }

func (w *window) call(at int) { w.calls = append(w.calls, at) }

func (w *window) leave(call int) {
	if i, found := slices.BinarySearch(w.calls, call); found {
		w.calls = slices.Delete(w.calls, i, i+1)
	}
}

// oldest is the first call of an open operation. What returns from now on was
// not called before.
func (w *window) oldest() int {
	if len(w.calls) == 0 {
		return Never
	}
	return w.calls[0]
}
