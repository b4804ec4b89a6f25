package linearizable

import (
	"fmt"

	"github.com/tertium-dev/tertium/harness/history"
)

type counterCode uint8

const (
	counterRead counterCode = iota
	counterAdd
	// counterGet is an addition whose answer is the sum after it.
	counterGet
)

type counterStep struct {
	code       counterCode
	delta, sum int64
}

// counter is a sum: add (or increment and decrement, by one), read, and
// add-and-get, which is answered with the sum after it. Overflow wraps.
func counter(o Options) (Model, error) {
	initial := int64(0)
	if o.Initial != nil {
		amount, err := whole(o.Initial)
		if err != nil {
			return Model{}, fmt.Errorf("initial value: %w", err)
		}
		initial = amount
	}
	return Model{
		Name:      "counter",
		Property:  "a counter",
		Functions: []string{"add", "increment", "decrement", "add-and-get", "read"},
		Init:      initial,
		Parse:     parseCounter,
		Apply: func(state, step any) (any, bool) {
			s, held := step.(counterStep), state.(int64)
			switch s.code {
			case counterRead:
				return held, held == s.sum
			case counterGet:
				return held + s.delta, held+s.delta == s.sum
			}
			return held + s.delta, true
		},
		ReadOnly: func(step any) bool { return step.(counterStep).code == counterRead },
		fast:     []fastChecker{fastCounter(initial)},
		columnar: columnCounter(initial),
		advice:   "it is always decided if it is only read and incremented by one",
	}, nil
}

func parseCounter(op *history.Operation) (any, error) {
	if op.F == "read" {
		if op.Outcome != history.OK {
			return nil, nil
		}
		sum, err := whole(op.Output)
		return counterStep{code: counterRead, sum: sum}, err
	}
	if op.Outcome == history.Fail {
		return nil, nil
	}
	delta, err := deltaOf(op)
	if err != nil || delta == 0 && op.F != "add-and-get" {
		return nil, err
	}
	if op.F == "add-and-get" && op.Outcome == history.OK {
		sum, err := whole(op.Output)
		return counterStep{code: counterGet, delta: delta, sum: sum}, err
	}
	return counterStep{code: counterAdd, delta: delta}, nil
}

func deltaOf(op *history.Operation) (int64, error) {
	delta := int64(1)
	if op.Input != nil {
		amount, err := whole(op.Input)
		if err != nil {
			return 0, err
		}
		delta = amount
	} else if op.F == "add" || op.F == "add-and-get" {
		return 0, fmt.Errorf("an %s takes an amount", op.F)
	}
	if op.F == "decrement" {
		delta = -delta
	}
	return delta, nil
}

func whole(v any) (int64, error) {
	value, err := plain(v)
	if err != nil {
		return 0, err
	}
	n, ok := value.(int64)
	if !ok {
		return 0, fmt.Errorf("want a whole number, not %s", show(v))
	}
	return n, nil
}
