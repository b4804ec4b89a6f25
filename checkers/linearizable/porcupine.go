package linearizable

import (
	"context"
	"fmt"
	"hash/maphash"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// porcupine decides with the library of that name, which shares no code and no
// idea with the other engines.
//
// It knows no optional operations. One that never returned is given a return
// after all others, and a step that has no effect where it would be illegal.
// This loses and adds no order: an operation that is left out of an order can
// be put at its end, where nobody asks for its effect, and one that was put
// where it has no effect can be left out.
//
// After so many steps it gives up, if steps is not 0.
func (d decider) porcupine(ctx context.Context, ops []Op, steps int) decision {
	const method = "porcupine (asked for)"
	type input struct {
		step     any
		optional bool
	}
	end := int64(0)
	for _, op := range ops {
		end = max(end, int64(op.Call)+1)
		if op.Return != Never {
			end = max(end, int64(op.Return)+1)
		}
	}
	var all []porcupine.Operation
	for _, op := range ops {
		o := porcupine.Operation{
			Input: input{op.Step, op.Return == Never},
			Call:  int64(op.Call), Return: int64(op.Return),
		}
		if op.Return == Never {
			o.Return = end
		}
		if o.Return <= o.Call {
			return decision{method: method, reason: "an operation returns before its call", failed: -1}
		}
		all = append(all, o)
	}
	taken, seed := 0, maphash.MakeSeed()
	// Porcupine runs the model in a goroutine of its own, where nobody else can
	// recover from a panic.
	var broken atomic.Pointer[string]
	guard := func() {
		if p := recover(); p != nil {
			said := d.model.panicked(p)
			broken.CompareAndSwap(nil, &said)
		}
	}
	hash := func(state any) uint64 { return maphash.Comparable(seed, state) }
	equal := func(a, b any) bool { return a == b }
	if alike := d.model.alike; alike != nil {
		hash, equal = alike.Hash, alike.Equal
	}
	model := porcupine.Model{
		Init: func() any { return d.model.Init },
		Equal: func(a, b any) bool {
			defer guard()
			return equal(a, b)
		},
		Step: func(state, in, _ any) (legal bool, next any) {
			defer guard()
			i := in.(input)
			if taken++; steps > 0 && taken > steps || broken.Load() != nil {
				return false, state
			}
			next, legal = d.model.Apply(state, i.step)
			if !legal && i.optional {
				return true, state
			}
			return legal, next
		},
	}
	if hash != nil {
		model.Hash = func(state any) uint64 {
			defer guard()
			return hash(state)
		}
	}
	timeout, err := remaining(ctx)
	if err != nil {
		return decision{method: method, reason: err.Error(), failed: -1}
	}
	result := decision{method: method, failed: -1}
	switch answer := porcupine.CheckOperationsTimeout(model, all, timeout); {
	case broken.Load() != nil:
		result.reason = *broken.Load()
	case answer == porcupine.Unknown:
		result.reason = "the time budget was used up"
	case answer == porcupine.Ok:
		result.verdict = verdict.Valid
	case steps > 0 && taken > steps:
		result.reason = fmt.Sprintf("porcupine gave up after %d steps", steps)
	default:
		result.verdict = verdict.Invalid
	}
	return result
}
