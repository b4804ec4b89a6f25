package linearizable

import (
	"github.com/tertium-dev/tertium/checkers/linearizable/internal/sweep"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
)

// columnLog finds logs legal. One that is not is judged from its operations,
// which tells what contradicts what.
func columnLog() *columnar {
	return &columnar{
		method: logRanks,
		read:   readLog,
		prepare: func(v *view, p *part) func() ([]answer, []error) {
			h := placesOf(v, p)
			return alone(func() (answer, error) {
				if h == nil {
					return answer{}, errAlone
				}
				if valid, _ := h.Check(); !valid {
					return answer{}, errAlone
				}
				return legal, nil
			})
		},
	}
}

// readLog keeps the offset of an append, as the number of that value, in old.
func readLog(v *view, op uint32) columnStep {
	outcome := v.Outcome[op]
	if v.function[v.F[op]] == 1 { // read
		kind := v.Values.Kind(v.Out[op])
		switch {
		case outcome != history.OK:
			return columnStep{code: skipped}
		case kind != columns.Nil && kind != columns.List:
			return columnStep{code: strange}
		}
		return columnStep{code: uint8(logRead), value: v.Out[op]}
	}
	if outcome == history.Fail {
		return columnStep{code: skipped}
	}
	step := columnStep{code: uint8(logAppend), value: v.in(op)}
	if members, ok := v.Values.Members(v.Out[op]); ok && outcome == history.OK {
		for i := 0; i < len(members); i += 2 {
			if members[i] != v.offsetName() {
				continue
			}
			if _, whole := v.Values.Int(members[i+1]); whole {
				step.code, step.old = uint8(logPlaced), members[i+1]
			}
		}
	}
	return step
}

// offsetName finds the text on first use.
func (v *view) offsetName() uint32 {
	if v.offset == 0 {
		v.offset = uint32(v.Values.Len())
		for id := range v.offset {
			if name, ok := v.Values.Text(id); ok && name == "offset" {
				v.offset = id
				break
			}
		}
	}
	return v.offset
}

// placesOf finds the places of values, as [decideLog] does. It is nil if a value
// is appended more than once, or if the log has a contradiction that shows here.
func placesOf(v *view, p *part) *sweep.Places {
	h := &sweep.Places{
		Timeline: p.timeline,
		Read:     make([]bool, len(p.ops)), Place: make([]int32, len(p.ops)),
	}
	var longest []uint32
	place := make([]int32, 0, len(p.ops)) // by the number of a value
	v.numbers.begin()
	for i := range p.ops {
		step := p.step(i)
		if logCode(step.code) == logRead {
			if read, _ := v.Values.Elements(step.value); len(read) > len(longest) {
				longest = read
			}
			continue
		}
		if _, fresh := v.numbers.of(step.value, uint32(len(place))); !fresh {
			return nil
		}
		place = append(place, -1)
	}
	owned := make([]bool, len(p.ops))
	put := func(value uint32, at int) bool {
		n, fresh := v.numbers.of(value, 0)
		if fresh || at < 0 || at >= len(owned) || place[n] != int32(at) && (place[n] >= 0 || owned[at]) {
			return false
		}
		place[n], owned[at] = int32(at), true
		return true
	}
	for at, element := range longest {
		if !put(v.canonical(element), at) {
			return nil
		}
	}
	for i := range p.ops {
		if step := p.step(i); logCode(step.code) == logPlaced {
			at, _ := v.Values.Int(step.old)
			if at < 0 || at >= int64(len(owned)) || !put(step.value, int(at)) {
				return nil
			}
		}
	}
	for i := range p.ops {
		step := p.step(i)
		if logCode(step.code) != logRead {
			n, _ := v.numbers.of(step.value, 0)
			h.Place[i] = place[n]
			continue
		}
		read, _ := v.Values.Elements(step.value)
		for at, element := range read {
			if v.canonical(element) != v.canonical(longest[at]) {
				return nil
			}
		}
		h.Read[i], h.Place[i] = true, int32(len(read))
	}
	return h
}
