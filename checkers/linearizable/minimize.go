package linearizable

import (
	"context"
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// The minimizer decides on at most so many candidates, and on a large history on
// so few that all of them together have at most so many operations, or a few
// times those of the history: a counterexample that could be smaller is better
// than one that comes late.
const (
	probes       = 2000
	probedAtOnce = 2_000_000
	probedTimes  = 16
)

// minimizer looks for few operations of an invalid history that no order
// explains, whatever the others did.
//
// It never takes operations away, as that could make a legal history illegal: a
// read without its write. It weakens them: a weak operation has an unknown
// outcome. Every order of a history is an order of the weaker one, so if the
// weaker one has none, the history has none.
type minimizer struct {
	decider
	ops []Op
	// weak[i] is the step of operation i with an unknown outcome, or nil, and
	// weakened[i] the operation, when it was asked for.
	weak     []any
	weakened []*history.Operation
	probed   int
	// room is memory for candidates.
	room []Op
}

func newMinimizer(d decider, ops []Op) *minimizer {
	m := &minimizer{decider: d, ops: ops, weak: make([]any, len(ops)), weakened: make([]*history.Operation, len(ops))}
	for i, op := range ops {
		if op.Outcome == history.Fail {
			continue // it had no effect; without its answer, it is nothing
		}
		unanswered := *op.Operation
		unanswered.Outcome, unanswered.Output, unanswered.Error, unanswered.Return = history.Unknown, nil, "", Never
		// A model that cannot read its own operation without an answer gets it
		// with its answer: then it is kept.
		if step, err := d.model.parse(&unanswered); err == nil {
			m.weak[i] = step
		} else {
			m.weak[i] = op.Step
		}
	}
	return m
}

// candidate is the history in which only some operations keep their answers.
// Operations called after the last of those returned are left out: what comes
// later changes nothing. It is lost with the next candidate.
func (m *minimizer) candidate(kept []int) []Op {
	end := 0
	for _, i := range kept {
		end = max(end, m.ops[i].Return)
	}
	all := slices.Grow(m.room[:0], len(m.ops))
	next := 0
	for i, op := range m.ops {
		switch {
		case next < len(kept) && kept[next] == i:
			next++
			all = append(all, op)
		case op.Call < end && m.weak[i] != nil:
			all = append(all, m.weaken(i))
		}
	}
	m.room = all
	return all
}

func (m *minimizer) weaken(i int) Op {
	if m.weakened[i] == nil {
		op := *m.ops[i].Operation
		op.Return = Never
		m.weakened[i] = &op
	}
	return Op{m.weakened[i], m.weak[i]}
}

// more says whether another candidate may be decided on.
func (m *minimizer) more() bool {
	return m.probed < probes && m.probed*len(m.ops) < max(probedAtOnce, probedTimes*len(m.ops))
}

func (m *minimizer) fails(ctx context.Context, kept []int) bool {
	m.probed++
	return m.decide(ctx, m.candidate(kept)).verdict == verdict.Invalid
}

// run returns the operations that keep their answers, in order. It stops early
// when the context ends; what it has is then a counterexample all the same.
func (m *minimizer) run(ctx context.Context, first decision) []int {
	witness := slices.Sorted(slices.Values(first.witness))
	witness = slices.DeleteFunc(slices.Compact(witness), func(i int) bool { return m.ops[i].Return == Never })
	if len(witness) == 0 || !m.fails(ctx, witness) {
		witness = m.prefix(ctx, first)
	}
	return m.trim(ctx, m.reduce(ctx, witness))
}

// trim shortens what is told. A counterexample of operations that keep their
// answers also tells of weak ones that those depend on. With the answers of
// these, it may do without others.
func (m *minimizer) trim(ctx context.Context, kept []int) []int {
	essential := make(map[int]bool, len(m.ops))
	for _, op := range m.essential(kept) {
		essential[op.Call] = true
	}
	var answered []int
	for i, op := range m.ops {
		if op.Return != Never && essential[op.Call] {
			answered = append(answered, i)
		}
	}
	size := len(m.essential(answered))
	var rest []int
	for i := len(answered) - 1; i >= 0 && len(answered) > 1 && m.more() && ctx.Err() == nil; i-- {
		m.probed++ // to look what is essential takes as long
		rest = append(append(rest[:0], answered[:i]...), answered[i+1:]...)
		if smaller := len(m.essential(rest)); smaller < size && m.fails(ctx, rest) {
			answered, rest, size = rest, answered, smaller
		}
	}
	return answered
}

// prefix returns the operations of the shortest time prefix that is invalid.
func (m *minimizer) prefix(ctx context.Context, first decision) []int {
	var byReturn []int
	for i, op := range m.ops {
		if op.Return != Never {
			byReturn = append(byReturn, i)
		}
	}
	slices.SortFunc(byReturn, func(a, b int) int { return m.ops[a].Return - m.ops[b].Return })
	until := func(n int) []int { return slices.Sorted(slices.Values(byReturn[:n])) }
	if first.failed >= 0 {
		return until(1 + slices.IndexFunc(byReturn, func(i int) bool { return m.ops[i].Return == first.failed }))
	}
	valid, invalid := 0, len(byReturn)
	for invalid-valid > 1 && ctx.Err() == nil {
		middle := (valid + invalid) / 2
		if m.fails(ctx, until(middle)) {
			invalid = middle
		} else {
			valid = middle
		}
	}
	return until(invalid)
}

// reduce is delta debugging (Zeller and Hildebrandt, 2002): it tries to do
// without ever smaller parts.
func (m *minimizer) reduce(ctx context.Context, kept []int) []int {
	for parts := 2; len(kept) > 1 && m.more() && ctx.Err() == nil; {
		size := (len(kept) + parts - 1) / parts
		smaller := false
		for from := 0; from < len(kept) && m.more(); from += size {
			rest := slices.Concat(kept[:from], kept[min(from+size, len(kept)):])
			if len(rest) > 0 && m.fails(ctx, rest) {
				kept, smaller = rest, true
				parts = max(parts-1, 2)
				break
			}
		}
		switch {
		case smaller:
		case size == 1:
			return kept
		default:
			parts = min(2*parts, len(kept))
		}
	}
	return kept
}

// essential is the counterexample as it is told: the operations that keep their
// answers, and the weak ones whose effect their answers could depend on. It is
// lost with the next candidate.
func (m *minimizer) essential(kept []int) []Op {
	all := m.candidate(kept)
	var matters func(Op) bool
	if m.model.future != nil {
		future := m.model.future(all)
		matters = func(op Op) bool { return future.Step(op.Step) >= 0 }
	} else {
		matters = m.mentioned(kept)
	}
	return slices.DeleteFunc(all, func(op Op) bool { return op.Return == Never && !matters(op) })
}

// mentioned says whether what an operation was asked to do is part of what one
// of the kept was asked or answered.
func (m *minimizer) mentioned(kept []int) func(Op) bool {
	said := map[any]bool{}
	var note func(any)
	note = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, element := range v {
				note(element)
			}
		case map[string]any:
			for _, element := range v {
				note(element)
			}
		default:
			if p, err := plain(v); err == nil && p != nil {
				said[p] = true
			}
		}
	}
	for _, i := range kept {
		note(m.ops[i].Input)
		note(m.ops[i].Output)
	}
	return func(op Op) bool {
		value, err := plain(op.Input)
		return err == nil && (value == nil || said[value])
	}
}
