package linearizable

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"sync/atomic"

	"github.com/anishathalye/porcupine"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// porcupine decides with the library of that name, which shares no code and no
// idea with the other engines. After so many steps it gives up, if steps is not
// 0.
func (d decider) porcupine(ctx context.Context, ops []Op, steps int) decision {
	result := decision{method: "porcupine (asked for)", failed: -1}
	q, err := newQuestion(d.model, ops)
	if err != nil {
		result.reason = err.Error()
		return result
	}
	timeout, err := remaining(ctx)
	if err != nil {
		result.reason = err.Error()
		return result
	}
	if steps > 0 {
		q.most = steps
	}
	answer := porcupine.CheckOperationsTimeout(q.model(), q.ops, timeout)
	switch broken := q.broken.Load(); {
	case broken != nil:
		result.reason = *broken
	case answer == porcupine.Unknown:
		result.reason = "the time budget was used up"
	case answer == porcupine.Ok:
		result.verdict = verdict.Valid
	case q.taken > q.most:
		result.reason = fmt.Sprintf("porcupine gave up after %d steps", steps)
	default:
		result.verdict = verdict.Invalid
	}
	return result
}

// question is a history as porcupine wants it.
//
// It knows no optional operations. One that never returned is given a return
// after all others, and a step that has no effect where it would be illegal.
// This loses and adds no order: an operation that is left out of an order can
// be put at its end, where nobody asks for its effect, and one that was put
// where it has no effect can be left out.
type question struct {
	of  *Model
	ops []porcupine.Operation
	// taken is how many steps were taken, and most how many may be.
	taken, most int
	// broken says that the model panicked. Porcupine runs it in a goroutine of
	// its own, where nobody else can recover from that.
	broken atomic.Pointer[string]
	seed   maphash.Seed
}

// asked is the input of an operation of a question.
type asked struct {
	step     any
	optional bool
	op       *history.Operation
}

func newQuestion(m *Model, ops []Op) (*question, error) {
	q := &question{of: m, most: math.MaxInt, seed: maphash.MakeSeed()}
	end := int64(0)
	for _, op := range ops {
		end = max(end, int64(op.Call)+1)
		if op.Return != Never {
			end = max(end, int64(op.Return)+1)
		}
	}
	for _, op := range ops {
		o := porcupine.Operation{
			ClientId: op.Process,
			Input:    asked{op.Step, op.Return == Never, op.Operation},
			Call:     int64(op.Call), Return: int64(op.Return),
		}
		if op.Return == Never {
			o.Return = end
		}
		if o.Return <= o.Call {
			return nil, errors.New("an operation returns before its call")
		}
		q.ops = append(q.ops, o)
	}
	return q, nil
}

// guard notes a panic of the model.
func (q *question) guard() {
	if p := recover(); p != nil {
		said := q.of.panicked(p)
		q.broken.CompareAndSwap(nil, &said)
	}
}

func (q *question) model() porcupine.Model {
	hash := func(state any) uint64 { return maphash.Comparable(q.seed, state) }
	equal := func(a, b any) bool { return a == b }
	if alike := q.of.alike; alike != nil {
		hash, equal = alike.Hash, alike.Equal
	}
	model := porcupine.Model{
		Init: func() any { return q.of.Init },
		Step: q.step,
		Equal: func(a, b any) bool {
			defer q.guard()
			return equal(a, b)
		},
		DescribeOperation: func(in, _ any) string { return q.of.tell(in.(asked).op) },
		DescribeState:     show,
	}
	if hash != nil {
		model.Hash = func(state any) uint64 {
			defer q.guard()
			return hash(state)
		}
	}
	return model
}

func (q *question) step(state, in, _ any) (legal bool, next any) {
	defer q.guard()
	op := in.(asked)
	if q.taken++; q.taken > q.most || q.broken.Load() != nil {
		return false, state
	}
	next, legal = q.of.Apply(state, op.step)
	if !legal && op.optional {
		return true, state
	}
	return legal, next
}
