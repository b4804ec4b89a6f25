package linearizable

import (
	"errors"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/sweep"
)

const (
	elementFlips = "flips of an element"
	lockFlips    = "flips of a lock"
	lazyCounting = "lazy counting"
)

// fastElement decides one element of a set whose operations say whether they
// changed something.
func fastElement() fastChecker {
	return fastChecker{
		name: elementFlips,
		decide: func(ops []Op) (answer, error) {
			kinds := make([]sweep.FlipKind, len(ops))
			for i, op := range ops {
				var err error
				if kinds[i], err = flipOf(op.Step.(setStep).code, op.Return == Never); err != nil {
					return answer{}, err
				}
			}
			return decideFlips(flipsOf(ops, kinds)), nil
		},
	}
}

var (
	errReadWhole = errors.New("all elements are read at once")
	errBlind     = errors.New("an add or remove does not say whether it changed something")
)

// flipOf says what an operation did to its element.
func flipOf(code setCode, optional bool) (sweep.FlipKind, error) {
	switch code {
	case setAdded:
		return sweep.FlipOn, nil
	case setRemoved:
		return sweep.FlipOff, nil
	case setIn:
		return sweep.SawOn, nil
	case setOut:
		return sweep.SawOff, nil
	case setRead:
		return 0, errReadWhole
	}
	switch {
	case !optional:
		return 0, errBlind
	case code == setAdd:
		return sweep.FlipOn, nil
	}
	return sweep.FlipOff, nil
}

// fastMutex decides locks without fencing tokens.
func fastMutex() fastChecker {
	return fastChecker{
		name: lockFlips,
		decide: func(ops []Op) (answer, error) {
			kinds := make([]sweep.FlipKind, len(ops))
			for i, op := range ops {
				switch op.Step.(mutexStep).code {
				case mutexGrant:
					return answer{}, errors.New("there are fencing tokens")
				case mutexAcquire:
					kinds[i] = sweep.FlipOn
				}
			}
			return decideFlips(flipsOf(ops, kinds)), nil
		},
	}
}

// fastGrants decides locks all answered acquisitions of which have a token.
func fastGrants() fastChecker {
	return fastChecker{
		name: "order of tokens",
		decide: func(ops []Op) (answer, error) {
			h := &sweep.Grants{
				Timeline: timelineOf(ops),
				Ops:      make([]sweep.FlipKind, len(ops)), Token: make([]int64, len(ops)),
			}
			for i, op := range ops {
				switch s := op.Step.(mutexStep); {
				case s.code == mutexAcquire && op.Return != Never:
					return answer{}, errors.New("some acquisitions have a fencing token and others have none")
				case s.code != mutexRelease:
					h.Ops[i], h.Token[i] = sweep.FlipOn, s.token
				}
			}
			valid, witness := h.Check()
			return answer{valid: valid, witness: witness}, nil
		},
	}
}

func flipsOf(ops []Op, kinds []sweep.FlipKind) *sweep.Flips {
	return &sweep.Flips{Timeline: timelineOf(ops), Ops: kinds}
}

func decideFlips(h *sweep.Flips) answer {
	valid, _ := h.Check()
	return answer{valid: valid}
}

// fastCounter decides counters that only step by one, up.
func fastCounter(initial int64) fastChecker {
	return fastChecker{
		name: lazyCounting,
		decide: func(ops []Op) (answer, error) {
			h := &sweep.Counter{
				Timeline: timelineOf(ops),
				Read:     make([]bool, len(ops)), Seen: make([]int32, len(ops)),
			}
			for i, op := range ops {
				s := op.Step.(counterStep)
				switch {
				case s.code == counterRead:
					h.Read[i], h.Seen[i] = true, seenSteps(s.sum, initial, len(ops))
				case s.code == counterGet:
					return answer{}, errors.New("an addition is answered with the sum")
				case s.delta != 1:
					return answer{}, errors.New("not all additions are of one")
				}
			}
			return decideCounter(h), nil
		},
	}
}

func decideCounter(h *sweep.Counter) answer {
	valid, witness := h.Check()
	return answer{valid: valid, witness: witness}
}

// seenSteps is how many steps a sum tells of. No more than there are operations
// can have been seen.
func seenSteps(sum, initial int64, operations int) int32 {
	return int32(max(-1, min(sum-initial, int64(operations)+1)))
}
