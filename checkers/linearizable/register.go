package linearizable

import (
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/search"
	"github.com/tertium-dev/tertium/harness/history"
)

// Options are what a model leaves open.
type Options struct {
	// Initial is the value of a register, or the amount of a counter, that
	// nothing was done to. Nil stands for a register that was never written,
	// and for a counter at 0.
	Initial any
	// NilIsUnknown says that a read answered with nil tells nothing, as in
	// Knossos. Otherwise it says that the register was never written.
	NilIsUnknown bool
}

type registerCode uint8

const (
	// registerRead saw its value; registerNot saw something else.
	registerRead registerCode = iota
	registerNot
	registerWrite
	// registerCAS replaced old by value.
	registerCAS
	// registerNever is an answer that contradicts itself.
	registerNever
)

// registerStep is what an operation did to a register, or saw of it.
type registerStep struct {
	code       registerCode
	old, value any
}

// gone is the state of a register whose value nobody will ask for.
type gone struct{}

// register is the model of a register with or without compare-and-set.
//
// A failed compare-and-set that carries what it saw is as good as a read. One
// that carries nothing, but failed because of a mismatch, saw another value
// than the expected one. Any other failure says nothing of the state: there are
// many reasons not to do something.
func register(name string, cas bool, o Options) (Model, error) {
	initial, err := plain(o.Initial)
	if err != nil {
		return Model{}, fmt.Errorf("initial value: %w", err)
	}
	m := Model{
		Name:      name,
		Property:  "a register",
		Functions: []string{"read", "write"},
		Init:      initial,
		Parse:     func(op *history.Operation) (any, error) { return parseRegister(op, o) },
		Apply:     applyRegister,
		ReadOnly: func(step any) bool {
			code := step.(registerStep).code
			return code != registerWrite && code != registerCAS
		},
		Total:      writesRegister,
		Overwrites: writesRegister,
		Tell:       tellRegister,
		future:     func(ops []Op) *search.Future { return registerFuture(ops) },
		fast:       []fastChecker{fastRegister(initial)},
		accuse:     accuseRegister,
		advice:     "it is always decided if each value is written once",

		columnar: columnRegister(initial, o),
	}
	if cas {
		m.Property = "a compare-and-set register"
		m.advice += ", and refused compare-and-sets say what they saw"
		m.Functions = append(m.Functions, "cas")
	}
	return m, nil
}

func parseRegister(op *history.Operation, o Options) (any, error) {
	switch op.F {
	case "read":
		if op.Outcome != history.OK || op.Output == nil && o.NilIsUnknown {
			return nil, nil
		}
		value, err := plain(op.Output)
		return registerStep{code: registerRead, value: value}, err
	case "write":
		if op.Outcome == history.Fail {
			return nil, nil
		}
		value, err := plain(op.Input)
		if value == nil && err == nil {
			err = fmt.Errorf("a write of nil")
		}
		return registerStep{code: registerWrite, value: value}, err
	case "cas":
		return parseCAS(op)
	}
	return nil, fmt.Errorf("a register has no function %q", op.F)
}

func parseCAS(op *history.Operation) (any, error) {
	pair, ok := op.Input.([]any)
	if !ok || len(pair) != 2 {
		return nil, fmt.Errorf("a cas takes [old new], not %s", show(op.Input))
	}
	old, err := plain(pair[0])
	if err != nil {
		return nil, err
	}
	value, err := plain(pair[1])
	if err != nil {
		return nil, err
	}
	if op.Outcome != history.Fail {
		return registerStep{code: registerCAS, old: old, value: value}, nil
	}
	// Jepsen's clients complete a failed cas with the value of its invocation.
	if _, echo := op.Output.([]any); echo || op.Output == nil {
		if strings.HasPrefix(op.Error, "mismatch") {
			return registerStep{code: registerNot, value: old}, nil
		}
		return nil, nil
	}
	seen, err := plain(op.Output)
	if err == nil && seen == old {
		return registerStep{code: registerNever, value: old}, nil
	}
	return registerStep{code: registerRead, value: seen}, err
}

func applyRegister(state, step any) (any, bool) {
	s := step.(registerStep)
	switch s.code {
	case registerRead:
		return state, state == s.value
	case registerNot:
		return state, state != s.value
	case registerWrite:
		return s.value, true
	case registerCAS:
		return s.value, state == s.old
	}
	return nil, false
}

// registerFuture: a value matters until the last operation that may ask for it
// has returned. A compare-and-set that never returns may ask for ever, but only
// for the sake of those who ask for what it writes.
func registerFuture(ops []Op) *search.Future {
	last := map[any]int{}
	refusals := -1
	ask := func(value any, until int) bool {
		if before, known := last[value]; known && before >= until {
			return false
		}
		last[value] = until
		return true
	}
	for _, op := range ops {
		switch s := op.Step.(registerStep); s.code {
		case registerRead:
			ask(s.value, op.Return)
		case registerNot:
			ask(s.value, op.Return)
			refusals = max(refusals, op.Return)
		case registerCAS:
			if op.Return != Never {
				ask(s.old, op.Return)
			}
		}
	}
	for again := true; again; {
		again = false
		for _, op := range ops {
			s := op.Step.(registerStep)
			if s.code != registerCAS || op.Return != Never {
				continue
			}
			if until, known := last[s.value]; known && ask(s.old, until) {
				again = true
			}
		}
	}
	horizon := func(value any) int {
		if until, known := last[value]; known {
			return until
		}
		return -1
	}
	return &search.Future{
		Dead: gone{}, Least: refusals < 0,
		At: func(at int) (matters, now func(any) bool) {
			matters = func(value any) bool { return horizon(value) >= at }
			return matters, matters
		},
		Step: func(step any) int {
			s := step.(registerStep)
			if s.code != registerWrite && s.code != registerCAS {
				return Never
			}
			// A refused cas can tell a value from all that are gone, to the
			// advantage of those.
			return max(horizon(s.value), refusals)
		},
	}
}

func writesRegister(step any) bool { return step.(registerStep).code == registerWrite }

func tellRegister(op *history.Operation) string {
	switch {
	case op.F == "read" && op.Outcome == history.OK:
		return "read " + show(op.Output)
	case op.F == "write" && op.Outcome == history.OK:
		return "wrote " + show(op.Input)
	case op.F == "write":
		return "may have written " + show(op.Input)
	case op.F == "cas":
		pair, _ := op.Input.([]any)
		if len(pair) != 2 {
			break
		}
		switch op.Outcome {
		case history.OK:
			return fmt.Sprintf("replaced %s by %s", show(pair[0]), show(pair[1]))
		case history.Fail:
			if _, echo := op.Output.([]any); echo || op.Output == nil {
				return fmt.Sprintf("was refused to replace %s by %s", show(pair[0]), show(pair[1]))
			}
			return fmt.Sprintf("was refused to replace %s by %s, as it saw %s", show(pair[0]), show(pair[1]), show(op.Output))
		default:
			return fmt.Sprintf("may have replaced %s by %s", show(pair[0]), show(pair[1]))
		}
	}
	return fmt.Sprintf("asked for %s %s", op.F, show(op.Input))
}
