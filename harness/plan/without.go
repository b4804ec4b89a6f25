package plan

// Without returns the plan without the operations and faults of these names.
// Everything else keeps its name, its time and its values. The plan given is
// not changed.
func Without(p Plan, refs ...string) Plan {
	gone := make(map[string]bool, len(refs))
	for _, ref := range refs {
		gone[ref] = true
	}
	return p.keep(
		func(f Fault) bool { return !gone[f.Ref] },
		func(op Op) bool { return !gone[op.Ref] },
	)
}

// keep returns the part of a plan that satisfies both.
func (p Plan) keep(fault func(Fault) bool, op func(Op) bool) Plan {
	p.Faults = only(p.Faults, fault)
	for _, phase := range p.phases() {
		if *phase.lanes == nil {
			continue
		}
		lanes := make([][]Op, len(*phase.lanes))
		for i, lane := range *phase.lanes {
			lanes[i] = only(lane, op)
		}
		*phase.lanes = lanes
	}
	return p
}

func only[T any](all []T, keep func(T) bool) []T {
	var kept []T
	for _, one := range all {
		if keep(one) {
			kept = append(kept, one)
		}
	}
	return kept
}
