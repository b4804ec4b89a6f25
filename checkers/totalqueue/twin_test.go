package totalqueue

import (
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
)

// twin is a second checker, which shares nothing with the first: it runs every
// queue that keeps its promises through the history, step by step, and drops
// each that cannot have said what the history says.
type twin struct {
	delivery Delivery
	ops      []history.Operation
	// steps are single effects: one for each put, each element taken.
	steps []step
	// deadlines has for each step that is an acknowledged put when it must have
	// gone, or -1.
	deadlines []int
}

// step is one effect of an operation. A take of an unknown operation takes
// anything.
type step struct {
	op     int
	put    bool
	any    bool
	value  any
	repeat bool
}

// world is what one possible queue has done: which steps were made, and which
// puts among them came out.
type world struct{ made, out uint32 }

func newTwin(h *history.History, d Delivery, drained bool) *twin {
	t := &twin{delivery: d, ops: h.Operations()}
	for i, op := range t.ops {
		switch {
		case op.Outcome == history.Fail:
		case op.F == "enqueue":
			t.steps = append(t.steps, step{op: i, put: true, value: op.Input})
		case op.Outcome == history.Unknown:
			t.steps = append(t.steps, step{op: i, any: true, repeat: op.F == "drain"})
		case op.F == "drain":
			for _, value := range op.Output.([]any) {
				t.steps = append(t.steps, step{op: i, value: value})
			}
		case op.Output != nil:
			t.steps = append(t.steps, step{op: i, value: op.Output})
		}
	}
	for _, s := range t.steps {
		deadline := -1
		op := t.ops[s.op]
		if s.put && op.Outcome == history.OK {
			for _, other := range t.ops {
				if other.F == "drain" && other.Outcome == history.OK && other.Call > op.Return {
					deadline = max(deadline, other.Return)
				}
			}
			if drained {
				deadline = len(h.Events)
			}
		}
		t.deadlines = append(t.deadlines, deadline)
	}
	return t
}

func (t *twin) possible(events int) bool {
	worlds := []world{{}}
	for now := range events {
		at := slices.IndexFunc(t.ops, func(op history.Operation) bool { return op.Outcome == history.OK && op.Return == now })
		if at < 0 {
			continue
		}
		due := uint32(0)
		for i, s := range t.steps {
			if s.op == at {
				due |= 1 << i
			}
		}
		worlds = slices.DeleteFunc(t.closure(worlds, now), func(w world) bool { return w.made&due != due })
	}
	due := uint32(0)
	for i, deadline := range t.deadlines {
		if deadline >= 0 && t.delivery != AtMostOnce {
			due |= 1 << i
		}
	}
	return slices.ContainsFunc(t.closure(worlds, events), func(w world) bool { return w.out&due == due })
}

// closure adds what can have been done before an event.
func (t *twin) closure(worlds []world, now int) []world {
	for at := 0; at < len(worlds); at++ {
		for i := range t.steps {
			if t.ops[t.steps[i].op].Call >= now || worlds[at].made&(1<<i) != 0 {
				continue
			}
			for _, next := range t.after(worlds[at], i, now) {
				if !slices.Contains(worlds, next) {
					worlds = append(worlds, next)
				}
			}
		}
	}
	return worlds
}

// after returns the worlds in which one more step was made.
func (t *twin) after(w world, i, now int) []world {
	s := t.steps[i]
	if s.put {
		return []world{{w.made | 1<<i, w.out}}
	}
	var next []world
	for p, other := range t.steps {
		if !other.put || w.made&(1<<p) == 0 {
			continue
		}
		gone := w.out&(1<<p) != 0
		made := w.made | 1<<i
		switch {
		case s.any && !gone && (t.deadlines[p] < 0 || now <= t.deadlines[p]):
			if s.repeat {
				made = w.made
			}
			next = append(next, world{made, w.out | 1<<p})
		case !s.any && other.value == s.value && (!gone || t.delivery == AtLeastOnce):
			next = append(next, world{made, w.out | 1<<p})
		}
	}
	return next
}
