package linearizable

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"

	"github.com/anishathalye/porcupine"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/search"
	"github.com/tertium-dev/tertium/harness/history"
)

// Conversion turns an operation of a history into the input and the output of a
// porcupine model. It returns tells false for one that neither had an effect nor
// says what it saw, such as most that failed. Of an operation whose outcome is
// unknown, it returns an output with which the model takes the step wherever
// the operation could have taken effect; porcupine's own models have a flag for
// that.
type Conversion func(op *history.Operation) (input, output any, tells bool, err error)

// FromPorcupine returns a model that is judged as a porcupine model is, by our
// engines, so that operations with an unknown outcome need not take effect. The
// whole history is one object, unless the model has a Partition.
func FromPorcupine(name string, functions []string, m porcupine.Model, convert Conversion) Model {
	step := m.Step
	if m.StepContext != nil {
		step = func(state, input, output any) (bool, any) {
			return m.StepContext(context.Background(), state, input, output)
		}
	}
	adapted := Model{
		Name:      name,
		Property:  "what the model " + name + " says",
		Functions: functions,
		Parse: func(op *history.Operation) (any, error) {
			input, output, tells, err := convert(op)
			if err != nil || !tells {
				return nil, err
			}
			return newPorcupineStep(input, output), nil
		},
		Apply: func(state, s any) (any, bool) {
			input, output := stepOf(s)
			legal, next := step(state, input, output)
			return next, legal
		},
		Object: func(*history.Operation) (string, error) { return "", nil },
	}
	if m.Init != nil {
		adapted.Init, adapted.broken = adapted.begin(m.Init)
	}
	if m.Equal != nil {
		adapted.alike = &search.Alike{Equal: m.Equal, Hash: m.Hash}
	}
	if m.Partition != nil {
		adapted.split = func(ops []Op) func(Op) string { return splitByPorcupine(ops, m.Partition) }
	}
	if m.DescribeOperation != nil {
		adapted.Tell = func(op *history.Operation) string {
			input, output, tells, err := convert(op)
			if err != nil || !tells {
				return "did " + op.F
			}
			return "did " + m.DescribeOperation(input, output)
		}
	}
	return adapted
}

// begin returns the first state.
func (m *Model) begin(first func() any) (state any, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = errors.New(m.panicked(p))
		}
	}()
	return first(), nil
}

// porcupineStep is the step of an operation whose values == can compare. Others
// are pointers to one, each equal to itself alone.
type porcupineStep struct{ input, output any }

func newPorcupineStep(input, output any) any {
	s := porcupineStep{input, output}
	if reflect.ValueOf(s).Comparable() {
		return s
	}
	return &s
}

func stepOf(s any) (input, output any) {
	if p, ok := s.(*porcupineStep); ok {
		return p.input, p.output
	}
	p := s.(porcupineStep)
	return p.input, p.output
}

// splitByPorcupine names the part of each operation, or is nil if the partition
// does not give back every operation once, or panics.
func splitByPorcupine(ops []Op, partition func([]porcupine.Operation) [][]porcupine.Operation) (parts func(Op) string) {
	defer func() {
		if recover() != nil {
			parts = nil
		}
	}()
	all := make([]porcupine.Operation, len(ops))
	for i, op := range ops {
		input, output := stepOf(op.Step)
		all[i] = porcupine.Operation{Input: input, Output: output, Call: int64(op.Call), Return: int64(op.Return), Metadata: i}
		if op.Return == Never {
			all[i].Return = math.MaxInt64
		}
	}
	part := make(map[int]string, len(ops)) // by call
	for n, group := range partition(all) {
		for _, op := range group {
			i, ours := op.Metadata.(int)
			if !ours || i < 0 || i >= len(ops) {
				return nil
			}
			if _, again := part[ops[i].Call]; again {
				return nil
			}
			part[ops[i].Call] = fmt.Sprintf("part %d", n)
		}
	}
	if len(part) != len(ops) {
		return nil
	}
	return func(op Op) string { return part[op.Call] }
}
