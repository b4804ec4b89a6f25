package linearizable

import (
	"errors"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/sweep"
)

const zones = "zones of unique values"

// fastRegister decides registers, with or without compare-and-set, whose values
// are written once.
func fastRegister(initial any) fastChecker {
	return fastChecker{
		name: zones,
		decide: func(ops []Op) (answer, error) {
			return decideRegister(ops, initial)
		},
	}
}

func decideRegister(ops []Op, initial any) (answer, error) {
	h := &sweep.Registers{Ops: make([]sweep.RegisterOp, len(ops))}
	numbers := make(map[any]int32, len(ops))
	number := func(value any) int32 {
		n, known := numbers[value]
		if !known {
			n = int32(len(numbers))
			numbers[value] = n
		}
		return n
	}
	h.Initial = []int32{number(initial)}
	refusals := false
	for i, op := range ops {
		s := op.Step.(registerStep)
		o := sweep.RegisterOp{Value: number(s.value)}
		switch s.code {
		case registerNever:
			return answer{witness: []int{i}}, nil
		case registerNot:
			o.Kind = sweep.RegisterNot
			refusals = true
		case registerWrite:
			o.Kind = sweep.RegisterWrite
		case registerCAS:
			o.Kind, o.Old = sweep.RegisterCAS, number(s.old)
		}
		h.Ops[i] = o
	}
	h.KeyOf = make([]int32, len(numbers))
	h.Timeline = timelineOf(ops)
	conflicts, undecided := h.Check()
	switch {
	case len(undecided) > 0 && refusals:
		return answer{}, errors.New("a value is written more than once, or a refused compare-and-set does not say what it saw")
	case len(undecided) > 0:
		return answer{}, errors.New("a value is written more than once")
	case len(conflicts) > 0:
		witness := conflicts[0].Ops
		return answer{witness: witness, core: func() []int { return h.Core(witness) }}, nil
	}
	return legal, nil
}

func timelineOf(ops []Op) sweep.Timeline {
	calls, returns := make([]int, len(ops)), make([]int, len(ops))
	for i, op := range ops {
		calls[i], returns[i] = op.Call, op.Return
	}
	return sweep.NewTimeline(calls, returns)
}
