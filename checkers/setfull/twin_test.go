package setfull

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
)

// dense returns a small history of which nothing is sure.
func dense(r *rand.Rand) *history.History {
	var ops []checktest.Op
	elements := 1 + r.IntN(2)
	for range r.IntN(4) {
		ops = append(ops, checktest.Op{F: "add", Process: -1, Input: int64(r.IntN(elements)), Outcome: checktest.Outcome(r)})
	}
	for range r.IntN(5) {
		op := checktest.Op{F: "read", Process: -1, Outcome: checktest.Outcome(r)}
		list := []any{}
		for e := range elements {
			for range checktest.Pick(r, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 2) {
				list = append(list, int64(e))
			}
		}
		if op.Outcome == history.OK {
			op.Output = list
		}
		ops = append(ops, op)
	}
	h := checktest.Weave(r, ops)
	for range checktest.Pick(r, 0, 0, 0, 0, 1, 2) {
		phase := history.Event{
			Kind: history.Phase, Process: history.NoProcess, F: checktest.Pick(r, "final", "final", "final", "faults"),
			Error: checktest.Pick(r, "", "", "", "the nodes did not settle"),
		}
		h = history.New(slices.Insert(h.Events, r.IntN(len(h.Events)+1), phase))
	}
	for i := range h.Events {
		h.Events[i].Time = time.Duration(i) * time.Second
	}
	return h
}

// twin is a second checker, which shares nothing with the first: it tries all
// moments at which an element can have got in, or all orders of the reads.
type twin struct {
	events []history.Event
	ops    []history.Operation
}

func possible(h *history.History, linearizable bool) bool {
	t := twin{h.Events, h.Operations()}
	for e := range int64(2) {
		switch {
		case !t.origin(e):
			return false
		case linearizable && !t.moment(e):
			return false
		case !linearizable && !t.stays(e):
			return false
		}
	}
	return true
}

// shows is how often a read has an element, or -1 if the operation is no ok read.
func shows(op *history.Operation, e int64) int {
	if op.F != "read" || op.Outcome != history.OK {
		return -1
	}
	n := 0
	for _, value := range op.Output.([]any) {
		if value == e {
			n++
		}
	}
	return n
}

// origin reports whether each read that shows an element shows it once, and can
// have it from some add.
func (t twin) origin(e int64) bool {
	for i := range t.ops {
		read := &t.ops[i]
		n := shows(read, e)
		if n > 1 || n == 1 && !slices.ContainsFunc(t.ops, func(op history.Operation) bool {
			return op.F == "add" && op.Input == e && op.Outcome != history.Fail && op.Call < read.Return
		}) {
			return false
		}
	}
	return true
}

// moment reports whether an element can have got in at some moment, given as the
// number of events before it, or never.
func (t twin) moment(e int64) bool {
	for at := range len(t.events) + 2 {
		never := at > len(t.events)
		fits, added := true, false
		for i := range t.ops {
			op := &t.ops[i]
			switch n := shows(op, e); {
			case n > 0:
				fits = fits && !never && at <= op.Return
			case n == 0:
				fits = fits && (never || op.Call < at)
			case op.F == "add" && op.Input == e && op.Outcome == history.OK:
				fits = fits && at <= op.Return
				added = added || op.Call < at
			case op.F == "add" && op.Input == e && op.Outcome == history.Unknown:
				added = added || op.Call < at
			}
		}
		if fits && (added || never) {
			return true
		}
	}
	return false
}

// stays reports whether, in some order of the reads, an element is not gone
// after the last read that must have it.
func (t twin) stays(e int64) bool {
	known := history.Never
	var reads []*history.Operation
	for i := range t.ops {
		op := &t.ops[i]
		if shows(op, e) > 0 || op.F == "add" && op.Input == e && op.Outcome == history.OK {
			known = min(known, op.Return)
		}
		if shows(op, e) >= 0 {
			reads = append(reads, op)
		}
	}
	must := func(op *history.Operation) bool {
		phases, since := false, -1
		for i, event := range t.events {
			if event.Kind == history.Phase {
				phases = true
				if i < op.Call && event.F == "final" && event.Error == "" {
					since = i
				}
			}
		}
		if !phases {
			since = op.Call
		}
		return since > known
	}
	return orders(reads, nil, func(order []*history.Operation) bool {
		gone := false
		for _, op := range order {
			if shows(op, e) > 0 {
				gone = false
			} else if must(op) {
				gone = true
			}
		}
		return !gone
	})
}

// orders reports whether a condition holds for some order that respects time.
func orders(rest, order []*history.Operation, holds func([]*history.Operation) bool) bool {
	if len(rest) == 0 {
		return holds(order)
	}
	for i, op := range rest {
		if slices.ContainsFunc(rest, func(other *history.Operation) bool { return other.Return < op.Call }) {
			continue
		}
		if orders(slices.Delete(slices.Clone(rest), i, i+1), append(slices.Clone(order), op), holds) {
			return true
		}
	}
	return false
}
