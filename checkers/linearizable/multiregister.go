package linearizable

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
)

// multiStep is a transaction: what it saw and did, one micro-operation a line.
// A line is r or w, the key and the value, both as text, which has no tabs and
// newlines of its own, separated by tabs.
type multiStep struct {
	lines string
	// writes says whether there is a write among it.
	writes bool
}

// multiState is the registers that were written, a line each: key, tab, value;
// in the order of their keys.
type multiState string

// microOp is a read or write within a transaction, key and value as text.
type microOp struct {
	write      bool
	key, value string
}

func (m microOp) line() string {
	f := "r"
	if m.write {
		f = "w"
	}
	return f + "\t" + m.key + "\t" + m.value + "\n"
}

// micros yields the micro-operations of a transaction.
func (s multiStep) micros(yield func(microOp) bool) {
	for line := range strings.Lines(s.lines) {
		f, rest, _ := strings.Cut(line[:len(line)-1], "\t")
		key, value, _ := strings.Cut(rest, "\t")
		if !yield(microOp{f == "w", key, value}) {
			return
		}
	}
}

// find returns where the line of a key begins and ends in the state, or where it
// would be inserted, and its value.
func (s multiState) find(key string) (from, to int, value string) {
	for line := range strings.Lines(string(s)) {
		k, v, _ := strings.Cut(line[:len(line)-1], "\t")
		if k == key {
			return from, from + len(line), v
		}
		if k > key {
			break
		}
		from += len(line)
	}
	return from, from, ""
}

// multiRegister is many registers that are read and written together: txn,
// whose value is a list of [f key value] with f being r, read, w or write; or
// read and write, whose value is a map. A value of nil in a read says nothing
// under Options.NilIsUnknown. Initial is the value of each register.
func multiRegister(o Options) (Model, error) {
	initial, err := appendText(nil, o.Initial)
	if err != nil {
		return Model{}, fmt.Errorf("initial value: %w", err)
	}
	return Model{
		Name:      "multi-register",
		Property:  "a group of registers, read and written together",
		Functions: []string{"txn", "read", "write"},
		Init:      multiState(""),
		Parse:     func(op *history.Operation) (any, error) { return parseMulti(op, o) },
		Apply: func(state, step any) (any, bool) {
			return applyMulti(state.(multiState), step.(multiStep), string(initial))
		},
		ReadOnly: func(step any) bool { return !step.(multiStep).writes },
		split:    splitMulti,
		fast:     []fastChecker{fastAlone(string(initial))},
		advice:   "it is always decided if each operation is on one register, and each value is written once to it; rw-register judges transactions that write no key blindly",
	}, nil
}

// splitMulti judges groups of registers that no transaction couples by themselves.
// A group is named after its first register.
func splitMulti(ops []Op) func(Op) string {
	first := map[string]string{} // a register of its group that comes before it, or itself
	group := func(key string) string {
		for first[key] != key {
			first[key] = first[first[key]]
			key = first[key]
		}
		return key
	}
	keyOf := func(op Op) (key string) {
		for m := range op.Step.(multiStep).micros {
			return m.key
		}
		return ""
	}
	for _, op := range ops {
		for m := range op.Step.(multiStep).micros {
			if _, known := first[m.key]; !known {
				first[m.key] = m.key
			}
			a, b := group(keyOf(op)), group(m.key)
			first[max(a, b)] = min(a, b)
		}
	}
	groups := map[string]bool{}
	for key := range first {
		groups[group(key)] = true
	}
	if len(groups) == 1 && len(first) > 1 {
		return nil
	}
	return func(op Op) string { return group(keyOf(op)) }
}

func parseMulti(op *history.Operation, o Options) (any, error) {
	if op.Outcome == history.Fail {
		return nil, nil
	}
	from := op.Input
	if op.Outcome == history.OK && op.F != "write" && op.Output != nil {
		from = op.Output
	}
	var all []microOp
	var err error
	switch value := from.(type) {
	case map[string]any:
		all, err = microsOfMap(op, value)
	case []any:
		all, err = microsOfList(op, value)
	default:
		err = fmt.Errorf("a %s takes a list of [f key value] or a map, not %s", op.F, show(from))
	}
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(m microOp) bool {
		return !m.write && (op.Outcome != history.OK || m.value == "null" && o.NilIsUnknown)
	})
	if len(all) == 0 {
		return nil, nil
	}
	step := multiStep{}
	for _, m := range all {
		step.lines += m.line()
		step.writes = step.writes || m.write
	}
	return step, nil
}

func microsOfMap(op *history.Operation, value map[string]any) ([]microOp, error) {
	if op.F == "txn" {
		return nil, fmt.Errorf("a txn takes a list of [f key value], not %s", show(value))
	}
	var all []microOp
	for key, v := range value {
		m, err := micro(op.F, key, v)
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	slices.SortFunc(all, func(a, b microOp) int { return strings.Compare(a.key, b.key) })
	return all, nil
}

func microsOfList(op *history.Operation, value []any) ([]microOp, error) {
	var all []microOp
	for _, element := range value {
		triple, ok := element.([]any)
		if !ok || len(triple) != 3 {
			return nil, fmt.Errorf("want [f key value], not %s", show(element))
		}
		f, ok := triple[0].(string)
		if !ok {
			return nil, fmt.Errorf("want r or w, not %s", show(triple[0]))
		}
		m, err := micro(strings.TrimPrefix(f, ":"), triple[1], triple[2])
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

func micro(f string, key, value any) (microOp, error) {
	m := microOp{write: f == "w" || f == "write"}
	if !m.write && f != "r" && f != "read" {
		return m, fmt.Errorf("want r or w, not %q", f)
	}
	k, err := appendText(nil, key)
	if err != nil {
		return m, fmt.Errorf("key %v: %w", key, err)
	}
	v, err := appendText(nil, value)
	if err != nil {
		return m, fmt.Errorf("value %v: %w", value, err)
	}
	m.key, m.value = string(k), string(v)
	return m, nil
}

func applyMulti(state multiState, step multiStep, initial string) (any, bool) {
	for m := range step.micros {
		from, to, value := state.find(m.key)
		switch {
		case m.write:
			state = state[:from] + multiState(m.key+"\t"+m.value+"\n") + state[to:]
		case from == to && m.value != initial, from < to && m.value != value:
			return nil, false
		}
	}
	return state, true
}
