package linearizable

import (
	"slices"
	"strings"
	"sync"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/sweep"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
)

// columnRegister judges registers, many at a time.
func columnRegister(initial any, o Options) *columnar {
	return &columnar{
		method:   zones,
		together: true,
		read:     func(v *view, op uint32) columnStep { return readRegister(v, op, o) },
		prepare: func(v *view, p *part) func() ([]answer, []error) {
			h := registersOf(v, p, v.find(initial))
			return func() ([]answer, []error) {
				answers, errs, kept := judgeRegisters(h, p)
				if !kept {
					h.Timeline = nil
					registerRooms.Put(h)
				}
				return answers, errs
			}
		},
	}
}

func readRegister(v *view, op uint32, o Options) columnStep {
	outcome := v.Outcome[op]
	switch v.function[v.F[op]] {
	case 0: // read
		if outcome != history.OK || v.Out[op] == uint32(columns.Nil) && o.NilIsUnknown {
			return columnStep{code: skipped}
		}
		return columnStep{code: uint8(registerRead), value: v.out(op)}
	case 1: // write
		switch {
		case outcome == history.Fail:
			return columnStep{code: skipped}
		case v.In[op] == uint32(columns.Nil):
			return columnStep{code: strange}
		}
		return columnStep{code: uint8(registerWrite), value: v.in(op)}
	}
	pair, ok := v.Values.Elements(v.In[op])
	if !ok || len(pair) != 2 {
		return columnStep{code: strange}
	}
	old, value := v.canonical(pair[0]), v.canonical(pair[1])
	if outcome != history.Fail {
		return columnStep{uint8(registerCAS), value, old}
	}
	if kind := v.Values.Kind(v.Out[op]); kind == columns.Nil || kind == columns.List {
		if strings.HasPrefix(v.Errors.At(v.Error[op]), "mismatch") {
			return columnStep{code: uint8(registerNot), value: old}
		}
		return columnStep{code: skipped}
	}
	if v.out(op) == old {
		return columnStep{code: strange} // it contradicts itself
	}
	return columnStep{code: uint8(registerRead), value: v.out(op)}
}

// registerRooms are histories whose memory can be used again.
var registerRooms = sync.Pool{New: func() any { return new(sweep.Registers) }}

// registersOf numbers the values of registers.
func registersOf(v *view, p *part, initial uint32) *sweep.Registers {
	h := registerRooms.Get().(*sweep.Registers)
	h.Timeline = p.timeline
	h.Ops = slices.Grow(h.Ops[:0], len(p.ops))[:len(p.ops)]
	h.KeyOf, h.Initial = h.KeyOf[:0], h.Initial[:0]
	for object := range p.first {
		v.numbers.begin()
		number := func(value uint32) int32 {
			n, fresh := v.numbers.of(value, uint32(len(h.KeyOf)))
			if fresh {
				h.KeyOf = append(h.KeyOf, int32(object))
			}
			return int32(n)
		}
		h.Initial = append(h.Initial, number(initial))
		for place := p.first[object]; place < p.end(object); place++ {
			step := p.step(int(place))
			op := sweep.RegisterOp{Value: number(step.value)}
			switch registerCode(step.code) {
			case registerNot:
				op.Kind = sweep.RegisterNot
			case registerWrite:
				op.Kind = sweep.RegisterWrite
			case registerCAS:
				op.Kind, op.Old = sweep.RegisterCAS, number(step.old)
			}
			h.Ops[place] = op
		}
	}
	return h
}

// judgeRegisters says also whether an answer keeps the history.
func judgeRegisters(h *sweep.Registers, p *part) (answers []answer, errs []error, kept bool) {
	answers, errs = make([]answer, p.objects()), make([]error, p.objects())
	conflicts, undecided := h.Check()
	for i := range answers {
		answers[i] = legal
	}
	for _, key := range undecided {
		errs[key] = errAlone
	}
	for _, c := range conflicts {
		first := int(p.first[c.Key])
		for i := range c.Ops {
			c.Ops[i] -= first
		}
		answers[c.Key] = answer{witness: c.Ops, core: func() []int {
			core := h.Core(offset(c.Ops, first))
			return offset(core, -first)
		}}
	}
	return answers, errs, len(conflicts) > 0
}

func offset(positions []int, by int) []int {
	moved := make([]int, len(positions))
	for i, at := range positions {
		moved[i] = at + by
	}
	return moved
}
