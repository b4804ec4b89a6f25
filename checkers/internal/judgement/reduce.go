package judgement

import (
	"cmp"
	"context"
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// reducible bounds the operations of a counterexample that is made smaller. One
// of more is a chain, of which all are needed.
const reducible = 8

// reduce takes from a counterexample the operations without which the same is
// found, one by one. Where two of them say the same thing, a judge that looks
// at each operation once cannot tell that one would do.
func reduce(
	ctx context.Context, ops []history.Operation, f verdict.Finding,
	judge func(ctx context.Context, ops []history.Operation) (Judgement, error),
) verdict.Finding {
	if len(f.Operations) > reducible {
		return f
	}
	for i := 0; i < len(f.Operations) && ctx.Err() == nil; {
		smaller, found := again(ctx, ops, f, slices.Delete(slices.Clone(f.Operations), i, i+1), judge)
		if !found {
			i++
			continue
		}
		f, i = smaller, 0
	}
	return f
}

// again judges the operations of those calls alone, and returns what is found of
// the same kind, in the same words.
func again(
	ctx context.Context, ops []history.Operation, f verdict.Finding, calls []int,
	judge func(ctx context.Context, ops []history.Operation) (Judgement, error),
) (smaller verdict.Finding, found bool) {
	// Their events are numbered anew, since judges may take time for each number.
	var kept []history.Operation
	var events []int
	for _, call := range calls {
		i, there := slices.BinarySearchFunc(ops, call, func(op history.Operation, call int) int { return cmp.Compare(op.Call, call) })
		if !there {
			return f, false
		}
		kept = append(kept, ops[i])
		events = append(events, call)
		if ret := ops[i].Return; ret != history.Never {
			events = append(events, ret)
		}
	}
	slices.Sort(events)
	number := func(event int) int {
		n, _ := slices.BinarySearch(events, event)
		return n
	}
	for i := range kept {
		kept[i].Call = number(kept[i].Call)
		if kept[i].Return != history.Never {
			kept[i].Return = number(kept[i].Return)
		}
	}
	j, err := judge(ctx, kept)
	if err != nil || j.Found == nil {
		return f, false
	}
	for _, g := range j.Found.Sorted() {
		if g.Anomaly != f.Anomaly || g.Summary != f.Summary {
			continue
		}
		for i, call := range g.Operations {
			g.Operations[i] = events[call]
		}
		if g.Culprit >= 0 {
			g.Culprit = events[g.Culprit]
		}
		return g, true
	}
	return f, false
}
