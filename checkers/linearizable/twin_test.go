package linearizable

import (
	"math/bits"
	"slices"
)

// linearizable is the definition, word by word: it tries all orders of all
// choices of optional operations. It is the oracle of the other tests.
func linearizable(m *Model, ops []Op) bool {
	must := uint32(0)
	for i, op := range ops {
		if op.Return != Never {
			must |= 1 << i
		}
	}
	// Bits are done operations; a set of them leads to few states.
	seen := make([][]any, 1<<len(ops))
	var from func(done uint32, state any) bool
	from = func(done uint32, state any) bool {
		if done&must == must {
			return true
		}
		if slices.Contains(seen[done], state) {
			return false
		}
		seen[done] = append(seen[done], state)
		// No operation may come after one that returned before it was called.
		soonest := Never
		for left := must &^ done; left != 0; left &= left - 1 {
			soonest = min(soonest, ops[bits.TrailingZeros32(left)].Return)
		}
		for i, op := range ops {
			if done>>i&1 == 1 || op.Call > soonest {
				continue
			}
			if next, legal := m.Apply(state, op.Step); legal && from(done|1<<i, next) {
				return true
			}
		}
		return false
	}
	return from(0, m.Init)
}

// byCall puts operations in the order in which objects come.
func byCall(ops []Op) []Op {
	slices.SortFunc(ops, func(a, b Op) int { return a.Call - b.Call })
	return ops
}
