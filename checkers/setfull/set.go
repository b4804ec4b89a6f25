package setfull

import (
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/intern"
	"github.com/tertium-dev/tertium/harness/history"
)

// none is no operation.
const none = -1

// element is the timeline of one element. Its fields are operations, or none.
type element struct {
	value int32
	// add is the first that did not fail and failed one that did.
	add, failed int32
	// acked is the add that was acknowledged first.
	acked int32
	// shown is the read with the earliest return that shows it, and last the one
	// with the latest.
	shown, last int32
	// lacking is the read with the latest call that lacks it.
	lacking int32
	// twice is a read that has it twice.
	twice int32
	// stamp is the number of the last read looked at that has it.
	stamp int32
}

// read is an ok read.
type read struct {
	op int32
	// elements are what it shows, each once.
	elements []int32
}

// set is what was done with one set.
type set struct {
	key      string
	elements []element
	reads    []read
	doubts   []string
}

// reader reads sets, one after the other.
type reader struct {
	ops   []history.Operation
	table *intern.Table
	// slots find the element of a value in the set of that number.
	slots []slot
}

type slot struct{ set, element int32 }

// element returns the number of an element of a set, by its value.
func (r *reader) element(s *set, number int32, value any) int32 {
	id := r.table.ID(value)
	for int(id) >= len(r.slots) {
		r.slots = append(r.slots, slot{none, none})
	}
	at := &r.slots[id]
	if at.set != number {
		*at = slot{number, int32(len(s.elements))}
		s.elements = append(s.elements, element{
			value: id, add: none, failed: none, acked: none, shown: none, last: none, lacking: none, twice: none, stamp: none,
		})
	}
	return at.element
}

// read reads the set of some number from its operations.
func (r *reader) read(number int32, key string, at []int32) *set {
	s := &set{key: key}
	for _, i := range at {
		op := &r.ops[i]
		switch {
		case op.F == "add" && op.Input == nil:
			s.doubts = append(s.doubts, fmt.Sprintf("the add at event %d has no element", op.Call))
		case op.F == "add":
			r.add(&s.elements[r.element(s, number, op.Input)], i)
		case op.Outcome != history.OK:
		default:
			list, ok := op.Output.([]any)
			if !ok {
				s.doubts = append(s.doubts, fmt.Sprintf("the read at event %d says no list of elements", op.Call))
				continue
			}
			r.show(s, number, i, list)
		}
	}
	r.lack(s)
	return s
}

func (r *reader) add(e *element, at int32) {
	op := &r.ops[at]
	if op.Outcome == history.Fail {
		e.failed = at
		return
	}
	if e.add == none {
		e.add = at
	}
	if op.Outcome == history.OK && (e.acked == none || op.Return < r.ops[e.acked].Return) {
		e.acked = at
	}
}

// show notes what a read shows.
func (r *reader) show(s *set, number, at int32, list []any) {
	op := &r.ops[at]
	n := int32(len(s.reads))
	elements := make([]int32, 0, len(list))
	for _, value := range list {
		id := r.element(s, number, value)
		e := &s.elements[id]
		if e.stamp == n {
			if e.twice == none {
				e.twice = at
			}
			continue
		}
		e.stamp = n
		elements = append(elements, id)
		if e.shown == none || op.Return < r.ops[e.shown].Return {
			e.shown = at
		}
		if e.last == none || op.Return > r.ops[e.last].Return {
			e.last = at
		}
	}
	s.reads = append(s.reads, read{at, elements})
}

// lack finds the last read that lacks each element. Those still open have been
// in all reads so far, which bounds the time by what was read.
func (r *reader) lack(s *set) {
	for i := range s.elements {
		s.elements[i].stamp = none
	}
	var open []int32
	for i := range s.elements {
		open = append(open, int32(i))
	}
	for n, read := range slices.Backward(s.reads) {
		for _, id := range read.elements {
			s.elements[id].stamp = int32(n)
		}
		open = slices.DeleteFunc(open, func(id int32) bool {
			e := &s.elements[id]
			if e.stamp == int32(n) {
				return false
			}
			e.lacking = read.op
			return true
		})
		if len(open) == 0 {
			return
		}
	}
}

// known returns the operation whose return makes an element known, or none, and
// when that is.
func (r *reader) known(e *element) (by int32, at int) {
	by, at = none, history.Never
	for _, op := range [2]int32{e.acked, e.shown} {
		if op != none && r.ops[op].Return < at {
			by, at = op, r.ops[op].Return
		}
	}
	return by, at
}
