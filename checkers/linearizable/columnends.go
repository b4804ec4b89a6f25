package linearizable

import (
	"strings"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/sweep"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
)

// columnEnds judges queues or stacks.
func columnEnds(method string, decide func(*sweep.Ends) (answer, error)) *columnar {
	return &columnar{
		method: method,
		read:   readEnds,
		prepare: func(v *view, p *part) func() ([]answer, []error) {
			h := columnEndsOf(v, p)
			return alone(func() (answer, error) { return decide(h) })
		},
	}
}

// alone judges a part that is one object.
func alone(decide func() (answer, error)) func() ([]answer, []error) {
	return func() ([]answer, []error) {
		a, err := decide()
		return []answer{a}, []error{err}
	}
}

func readEnds(v *view, op uint32) columnStep {
	outcome := v.Outcome[op]
	if v.function[v.F[op]] == 0 { // enqueue or push
		if outcome == history.Fail {
			return columnStep{code: skipped}
		}
		return columnStep{code: uint8(endPut), value: v.in(op)}
	}
	switch {
	case outcome == history.Unknown:
		return columnStep{code: uint8(endMaybe)}
	case outcome == history.OK && v.Out[op] == uint32(columns.Nil),
		outcome == history.Fail && strings.HasPrefix(v.Errors.At(v.Error[op]), "empty"):
		return columnStep{code: uint8(endEmpty)}
	case outcome == history.Fail:
		return columnStep{code: skipped}
	}
	return columnStep{code: uint8(endTake), value: v.out(op)}
}

func columnEndsOf(v *view, p *part) *sweep.Ends {
	h := &sweep.Ends{Timeline: p.timeline, Ops: make([]sweep.EndOp, len(p.ops))}
	v.numbers.begin()
	for place := range p.ops {
		step := p.step(place)
		switch endCode(step.code) {
		case endEmpty:
			h.Ops[place].Kind = sweep.Empty
			continue
		case endMaybe:
			h.Ops[place].Kind = sweep.MaybeTake
			continue
		case endTake:
			h.Ops[place].Kind = sweep.Take
		}
		n, fresh := v.numbers.of(step.value, uint32(h.Values))
		if fresh {
			h.Values++
		}
		h.Ops[place].Value = int32(n)
	}
	return h
}
