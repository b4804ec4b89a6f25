package linearizable

import "errors"

// fastAlone decides registers that are read and written one by one, each value
// once.
func fastAlone(initial string) fastChecker {
	return fastChecker{
		name: zones,
		decide: func(ops []Op) (answer, error) {
			alone := make([]Op, len(ops))
			key, known := "", false
			for i, op := range ops {
				step := op.Step.(multiStep)
				for m := range step.micros {
					if known && m.key != key {
						return answer{}, errors.New("a transaction is on several registers")
					}
					key, known = m.key, true
				}
				alone[i] = Op{op.Operation, step.alone()}
			}
			return decideRegister(alone, initial)
		},
	}
}

// alone is what a transaction on one register is to that register: a write, or a
// read, or, if it reads and then writes, a compare-and-set.
func (s multiStep) alone() registerStep {
	var seen, held string
	reads, writes, possible := false, false, true
	for m := range s.micros {
		switch {
		case m.write:
			writes, held = true, m.value
		case writes:
			possible = possible && m.value == held
		default:
			possible = possible && (!reads || m.value == seen)
			reads, seen = true, m.value
		}
	}
	switch {
	case !possible:
		return registerStep{code: registerNever, value: seen}
	case !writes:
		return registerStep{code: registerRead, value: seen}
	case !reads:
		return registerStep{code: registerWrite, value: held}
	}
	return registerStep{code: registerCAS, old: seen, value: held}
}
