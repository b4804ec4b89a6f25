package linearizable

import (
	"errors"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/sweep"
)

const (
	badPatterns = "bad patterns of a queue"
	peeling     = "peeling of a stack"
)

// fastQueue decides queues whose values are enqueued once.
func fastQueue() fastChecker {
	return fastChecker{
		name: badPatterns,
		decide: func(ops []Op) (answer, error) {
			return decideQueue(endsOf(ops))
		},
	}
}

// fastStack decides stacks whose values are pushed once.
func fastStack() fastChecker {
	return fastChecker{
		name: peeling,
		decide: func(ops []Op) (answer, error) {
			return decideStack(endsOf(ops))
		},
	}
}

func decideQueue(h *sweep.Ends) (answer, error) {
	valid, decided, witness := h.CheckQueue()
	if !decided {
		return answer{}, errors.New("a value is enqueued more than once")
	}
	return answerOf(h, valid, witness), nil
}

func decideStack(h *sweep.Ends) (answer, error) {
	valid, decided, witness := h.CheckStack()
	if !decided {
		return answer{}, errors.New("a value is pushed more than once, or too many pops have an unknown outcome")
	}
	return answerOf(h, valid, witness), nil
}

// answerOf adds the core to a witness.
func answerOf(h *sweep.Ends, valid bool, witness []int) answer {
	if valid || len(witness) == 0 {
		return answer{valid: valid}
	}
	return answer{witness: witness, core: func() []int { return h.Core(witness) }}
}

func endsOf(ops []Op) *sweep.Ends {
	h := &sweep.Ends{Ops: make([]sweep.EndOp, len(ops)), Timeline: timelineOf(ops)}
	numbers := make(map[sequence]int32, len(ops))
	for i, op := range ops {
		s := op.Step.(endStep)
		switch s.code {
		case endEmpty:
			h.Ops[i].Kind = sweep.Empty
			continue
		case endMaybe:
			h.Ops[i].Kind = sweep.MaybeTake
			continue
		case endTake:
			h.Ops[i].Kind = sweep.Take
		}
		n, known := numbers[s.item]
		if !known {
			n = int32(len(numbers))
			numbers[s.item] = n
		}
		h.Ops[i].Value = n
	}
	h.Values = len(numbers)
	return h
}
