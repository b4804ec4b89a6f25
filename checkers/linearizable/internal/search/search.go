// Package search decides linearizability for any sequential specification. It
// is exponential in the number of operations in flight at worst; the rules
// below keep it small for histories as they occur.
//
// It walks the history in real-time order and holds the frontier: every
// configuration that the system can be in. A configuration is the state and
// which of the open operations have taken effect. Operations take effect just
// in time (Lowe, "Testing for linearizability", 2017): only when one returns
// are the others considered, and only as steps that lead to its effect. An
// order that does more, earlier, can delay the rest without being noticed.
//
// Eight rules shrink the frontier, none of which loses an order:
//
//   - An operation is free if it owes nothing more: it can still take effect, but
//     need not. One that never returns is free from its call on. An open one
//     becomes free when an overwriting step is taken, if it is legal in every
//     state: it can have taken effect just before, where nobody noticed. So can
//     any others with it, in any order. And it becomes free in a state that it
//     does not change.
//   - Of two configurations with the same state, one in which an operation is free
//     can do all that one can in which it took effect or is still to do so. So
//     the other is dropped, if all that is not free is the same in both.
//   - Of equal operations, the one that returns first takes effect first. In an
//     order where a later one precedes it they can change places, because both
//     were open. So k equal operations count as k, not as 2^k sets. If it is free,
//     then one that is not may go before it, as that frees the rest of a duty.
//   - A step that never changes the state is taken as soon as it is legal:
//     waiting cannot help, and it is in nobody's way.
//   - States on which no answer still to come depends are one state, Dead. To a
//     free operation, a step that leads nowhere else is of no use at all
//     ([Future]), and one that never returns is forgotten. Which states these are
//     changes with time: what is there now is gone when the next operation that
//     overwrites it returns, and does not matter to any that is called later.
//   - While an operation that returns, and that reads or overwrites, has not taken
//     effect, only those that are open can take effect. So a state that matters
//     to none of these, the one that returns among them, is Dead until then: an
//     overwriting step must come first, and what is legal before it is legal in
//     Dead as well.
//   - If Dead is the least state ([Future.Least]), then what can follow on it can
//     follow on every other. So an operation that is legal in every state is free
//     in Dead: if nobody is to notice it, it can take effect at once, and what
//     follows on Dead follows on what it leads to.
//   - And a step of an operation that is free, or legal in every state, is not
//     taken if it leads to the least state, unless it is the one that returns.
//     What can follow on that can follow on the configuration without the step.
//     There, the operation still has its duty; but until the next overwriting
//     step, which frees it, it is in nobody's way: whenever it returns, it can
//     take effect, as nobody who sees the difference has a place there. In
//     particular, if another operation returns now, what survives is without the
//     step at least as good: that operation takes effect, or was free before.
//
// An order is looked for with few configurations first, then with more, and at
// last with all.
package search

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Never is the Return of an optional operation.
const Never = math.MaxInt

// Op is one operation. Positions are unique within a problem, and Call is
// before Return.
type Op struct {
	Call, Return int
	// Step indexes Problem.Steps. Operations with the same Step are equal:
	// they do the same and were answered the same.
	Step int32
}

// Problem is a history of one object and its specification.
type Problem struct {
	Ops []Op
	// Init is the first state. States are compared by Alike, or, if that is nil,
	// with ==.
	Init  any
	Alike *Alike
	// Steps are the distinct steps.
	Steps []any
	// Apply returns the state after a step, or false if the specification does
	// not allow the step in that state.
	Apply func(state, step any) (any, bool)
	// ReadOnly says that a step changes no state in which it is legal.
	ReadOnly func(step any) bool
	// Total, if set, says that a step is legal in every state, and Overwrites
	// that it moreover leads to the same state from everywhere.
	Total, Overwrites func(step any) bool
	// Future, if set, says what the answers still to come depend on.
	Future *Future
}

// Alike compares states for which == does not do.
type Alike struct {
	Equal func(a, b any) bool
	// Hash returns equal numbers for equal states. If nil, all are compared.
	Hash func(state any) uint64
}

// Future tells which states and steps still matter at a position of a history.
type Future struct {
	// At says which states matter at a position: those that an operation can ask
	// for, or for what can become of them without being overwritten, that returns
	// there or later and can take effect before the first overwriting operation
	// that is called there or later returns. Any other state is as good as Dead
	// at the position, even if it matters again later, when the object gets into
	// it anew. The second answer is of operations that were called before the
	// position; it may say more than that. Positions are asked for in ascending
	// order, and then again from the beginning; both answers hold until the next.
	At func(at int) (matters, now func(state any) bool)
	// Step returns the last position at which this step can lead to a state
	// that matters. After it, it leads to states past their horizon only, from
	// wherever it is legal.
	Step func(step any) int
	// Dead stands for all states that do not matter. A step that is legal in it
	// is legal in every other state, and no answer tells the results apart
	// unless it can tell them better from those others: being in Dead is never
	// an advantage.
	Dead any
	// Least says that every step that is legal in Dead is legal in every other
	// state, and leads from Dead to Dead, or else to the same state from
	// everywhere.
	Least bool
}

// Budget bounds a search.
type Budget struct {
	// Memory in bytes for configurations and states; 0 is no bound.
	Memory int64
	// Narrow is how many configurations the first attempt keeps; 0 is for a
	// usual number.
	Narrow int
}

// Result is the answer of a search.
type Result struct {
	Verdict verdict.Verdict
	// Failed is, if Invalid, the operation at whose return no configuration was
	// left, and -1 otherwise. The history up to that return is invalid.
	Failed int
	// Reason says why the verdict is Unknown.
	Reason string
	// Widest is the largest frontier.
	Widest int
}

// narrow is how many configurations the first attempt keeps, and wider how many
// times more the second. The third keeps all. An order that is found with few is
// an order; that none is found says something only if none was left out.
const narrow, wider = 64, 64

// Run decides a problem. It returns early, with Unknown, when the context ends.
func Run(ctx context.Context, p *Problem, budget Budget) Result {
	events := eventsOf(p)
	first := narrow
	if budget.Narrow > 0 {
		first = budget.Narrow
	}
	for _, limit := range [...]int{first, wider * first, 0} {
		s := newSearcher(p, events, budget, limit)
		if r := s.run(ctx, events); r.Verdict != verdict.Invalid || !s.truncated {
			return r
		}
	}
	panic("unreachable: the last attempt leaves nothing out")
}

func (s *searcher) run(ctx context.Context, events []event) Result {
	for _, e := range events {
		switch e.kind {
		case called:
			s.call(e.op)
			continue
		case expired:
			s.expire(e.op)
			continue
		}
		if err := s.settle(ctx, e.op, e.at); err != nil {
			return Result{Verdict: verdict.Unknown, Failed: -1, Reason: err.Error(), Widest: s.widest}
		}
		if s.frontier.alive == 0 {
			return Result{Verdict: verdict.Invalid, Failed: e.op, Widest: s.widest}
		}
	}
	return Result{Verdict: verdict.Valid, Failed: -1, Widest: s.widest}
}

// Check says what is wrong with the shape of a problem, if anything is.
func Check(p *Problem) error {
	for i, op := range p.Ops {
		if op.Return <= op.Call {
			return fmt.Errorf("operation %d returns at %d, which is not after its call at %d", i, op.Return, op.Call)
		}
		if op.Step < 0 || int(op.Step) >= len(p.Steps) {
			return fmt.Errorf("operation %d has step %d of %d", i, op.Step, len(p.Steps))
		}
	}
	return nil
}

type eventKind uint8

const (
	called eventKind = iota
	returned
	// expired is the moment after which an optional operation can lead to
	// nothing that matters.
	expired
)

type event struct {
	at, op int
	kind   eventKind
}

// eventsOf returns the events of all operations, without the optional ones that
// never matter.
func eventsOf(p *Problem) []event {
	events := make([]event, 0, 2*len(p.Ops))
	for i, op := range p.Ops {
		end := event{at: op.Return, op: i, kind: returned}
		if op.Return == Never {
			if p.ReadOnly(p.Steps[op.Step]) {
				continue
			}
			if p.Future != nil {
				end = event{at: p.Future.Step(p.Steps[op.Step]), op: i, kind: expired}
			}
			if end.at < op.Call {
				continue
			}
		}
		events = append(events, event{at: op.Call, op: i})
		if end.at != Never {
			events = append(events, end)
		}
	}
	slices.SortFunc(events, func(a, b event) int {
		if a.at != b.at {
			return a.at - b.at
		}
		return int(a.kind) - int(b.kind)
	})
	return events
}
