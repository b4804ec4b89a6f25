package linearizable

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
)

type setCode uint8

const (
	// setAdd and setRemove leave the element in or out, whatever was before.
	setAdd setCode = iota
	setRemove
	// setAdded and setRemoved were answered that they changed something.
	setAdded
	setRemoved
	// setIn and setOut saw the element, or did not.
	setIn
	setOut
	// setRead saw all elements.
	setRead
)

type setStep struct {
	code setCode
	// item is the element, or all elements in order.
	item sequence
}

// set is a set of values: add, remove and contains of one element, and read of
// all. Add and remove may be answered true if they changed something and false
// if not; with another answer they say nothing of what was before.
func set(Options) (Model, error) {
	return Model{
		Name:      "set",
		Property:  "a set",
		Functions: []string{"add", "remove", "contains", "read"},
		Init:      sequence(""),
		Parse:     parseSet,
		Apply: func(state, step any) (any, bool) {
			return applySet(state.(sequence), step.(setStep))
		},
		ReadOnly: func(step any) bool {
			code := step.(setStep).code
			return code == setIn || code == setOut || code == setRead
		},
		split:    splitSet,
		columnar: columnSet(),
		fast:     []fastChecker{fastElement(), fastGrowing()},
		advice:   "it is always decided if adds and removes say whether they changed something and nobody reads all elements, or if elements are only read all at once, and added once each",
	}, nil
}

// splitSet judges element by element what no read of all elements couples.
func splitSet(ops []Op) func(Op) string {
	for _, op := range ops {
		if op.Step.(setStep).code == setRead {
			return nil
		}
	}
	return func(op Op) string { return strings.TrimSuffix(string(op.Step.(setStep).item), "\n") }
}

func parseSet(op *history.Operation) (any, error) {
	if op.Outcome == history.Fail || op.Outcome == history.Unknown && (op.F == "read" || op.F == "contains") {
		return nil, nil
	}
	if op.F == "read" {
		all, err := elementsOf(op.Output)
		return setStep{setRead, all}, err
	}
	item, err := itemOf(op.Input)
	if err != nil {
		return nil, err
	}
	answer, answered := op.Output.(bool)
	answered = answered && op.Outcome == history.OK
	switch op.F {
	case "add":
		return setStep{choose(answered, answer, setAdd, setAdded, setIn), item}, nil
	case "remove":
		return setStep{choose(answered, answer, setRemove, setRemoved, setOut), item}, nil
	}
	if !answered {
		return nil, fmt.Errorf("contains is answered with true or false, not %s", show(op.Output))
	}
	return setStep{choose(answered, answer, setOut, setIn, setOut), item}, nil
}

func choose(answered, answer bool, none, yes, no setCode) setCode {
	switch {
	case !answered:
		return none
	case answer:
		return yes
	}
	return no
}

// elementsOf puts the elements of a list in order; one that is there twice
// counts once, as a set has it once.
func elementsOf(v any) (sequence, error) {
	list, ok := v.([]any)
	if !ok && v != nil {
		return "", fmt.Errorf("a read is answered with a list, not %s", show(v))
	}
	items := make([]string, 0, len(list))
	for _, element := range list {
		item, err := itemOf(element)
		if err != nil {
			return "", err
		}
		items = append(items, string(item))
	}
	slices.Sort(items)
	return sequence(strings.Join(slices.Compact(items), "")), nil
}

func applySet(held sequence, s setStep) (any, bool) {
	if s.code == setRead {
		return held, held == s.item
	}
	items := strings.SplitAfter(string(held), "\n")
	items = items[:len(items)-1]
	at, in := slices.BinarySearch(items, string(s.item))
	switch s.code {
	case setIn:
		return held, in
	case setOut:
		return held, !in
	case setAdd, setAdded:
		if in {
			return held, s.code == setAdd
		}
		return sequence(strings.Join(slices.Insert(slices.Clone(items), at, string(s.item)), "")), true
	}
	if !in {
		return held, s.code == setRemove
	}
	return sequence(strings.Join(slices.Delete(slices.Clone(items), at, at+1), "")), true
}
