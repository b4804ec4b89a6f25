package linearizable

import (
	"github.com/tertium-dev/tertium/checkers/linearizable/internal/sweep"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
)

// columnSet judges the elements of sets that nobody reads whole.
func columnSet() *columnar {
	return &columnar{
		method:   elementFlips,
		read:     readSet,
		splits:   true,
		coupling: uint8(setRead),
		together: true,
		prepare: func(v *view, p *part) func() ([]answer, []error) {
			return func() ([]answer, []error) { return judgeElements(v, p) }
		},
	}
}

// judgeElements judges elements one after the other.
func judgeElements(v *view, p *part) ([]answer, []error) {
	answers, errs := make([]answer, p.objects()), make([]error, p.objects())
	kinds := make([]sweep.FlipKind, len(p.ops))
	for object := range answers {
		for place := p.first[object]; place < p.end(object); place++ {
			var err error
			if kinds[place], err = flipOf(setCode(p.step(int(place)).code), v.Outcome[p.ops[place]] == history.Unknown); err != nil {
				errs[object] = err
			}
		}
	}
	h := &sweep.Flips{Timeline: p.timeline, Ops: kinds}
	for object, valid := range h.CheckEach(p.entries) {
		answers[object].valid = valid
	}
	return answers, errs
}

func readSet(v *view, op uint32) columnStep {
	f, outcome := v.model.Functions[v.function[v.F[op]]], v.Outcome[op]
	if outcome == history.Fail || outcome == history.Unknown && (f == "read" || f == "contains") {
		return columnStep{code: skipped}
	}
	if f == "read" {
		if kind := v.Values.Kind(v.Out[op]); kind != columns.Nil && kind != columns.List {
			return columnStep{code: strange}
		}
		return columnStep{code: uint8(setRead), value: v.out(op)}
	}
	kind := v.Values.Kind(v.Out[op])
	yes := kind == columns.True
	answered := outcome == history.OK && (yes || kind == columns.False)
	step := columnStep{value: v.in(op)}
	switch {
	case f == "add":
		step.code = uint8(choose(answered, yes, setAdd, setAdded, setIn))
	case f == "remove":
		step.code = uint8(choose(answered, yes, setRemove, setRemoved, setOut))
	case !answered:
		step.code = strange
	default:
		step.code = uint8(choose(answered, yes, setOut, setIn, setOut))
	}
	return step
}

// columnMutex judges locks.
func columnMutex() *columnar {
	return &columnar{
		method: lockFlips,
		read: func(v *view, op uint32) columnStep {
			switch {
			case v.Outcome[op] == history.Fail:
				return columnStep{code: skipped}
			case v.function[v.F[op]] == 1:
				return columnStep{code: uint8(mutexRelease)}
			}
			if _, token := v.Values.Int(v.Out[op]); token && v.Outcome[op] == history.OK && v.In[op] != v.Out[op] {
				return columnStep{code: strange} // it is a fencing token
			}
			return columnStep{code: uint8(mutexAcquire)}
		},
		prepare: func(_ *view, p *part) func() ([]answer, []error) {
			return alone(func() (answer, error) {
				kinds := make([]sweep.FlipKind, len(p.ops))
				for place := range p.ops {
					step := p.step(place)
					if mutexCode(step.code) == mutexAcquire {
						kinds[place] = sweep.FlipOn
					}
				}
				return decideFlips(&sweep.Flips{Timeline: p.timeline, Ops: kinds}), nil
			})
		},
	}
}

// columnCounter judges counters that step by one. The value of a read is kept
// as its number.
func columnCounter(initial int64) *columnar {
	return &columnar{
		method: lazyCounting,
		read:   readCounter,
		prepare: func(v *view, p *part) func() ([]answer, []error) {
			return alone(func() (answer, error) {
				h := &sweep.Counter{
					Timeline: p.timeline,
					Read:     make([]bool, len(p.ops)), Seen: make([]int32, len(p.ops)),
				}
				for place := range p.ops {
					step := p.step(place)
					if counterCode(step.code) == counterRead {
						sum, _ := v.whole(step.value)
						h.Read[place], h.Seen[place] = true, seenSteps(sum, initial, len(p.ops))
					}
				}
				return decideCounter(h), nil
			})
		},
	}
}

func readCounter(v *view, op uint32) columnStep {
	f, outcome := v.model.Functions[v.function[v.F[op]]], v.Outcome[op]
	if f == "read" {
		if outcome != history.OK {
			return columnStep{code: skipped}
		}
		if _, ok := v.whole(v.Out[op]); !ok {
			return columnStep{code: strange}
		}
		return columnStep{code: uint8(counterRead), value: v.Out[op]}
	}
	if outcome == history.Fail {
		return columnStep{code: skipped}
	}
	delta := int64(1)
	if v.In[op] != uint32(columns.Nil) {
		amount, ok := v.whole(v.In[op])
		if !ok {
			return columnStep{code: strange}
		}
		delta = amount
	} else if f == "add" || f == "add-and-get" {
		return columnStep{code: strange}
	}
	if f == "decrement" {
		delta = -delta
	}
	switch {
	case delta == 0 && f != "add-and-get":
		return columnStep{code: skipped}
	case delta != 1 || f == "add-and-get" && outcome == history.OK:
		return columnStep{code: strange}
	}
	return columnStep{code: uint8(counterAdd)}
}
