package linearizable

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/search"
	"github.com/tertium-dev/tertium/harness/history"
)

// Model is a sequential specification: what an object that does one operation
// at a time may answer. Name, Functions, Init, Parse and Apply are enough to
// define one; the other fields make it faster and its explanations better.
type Model struct {
	// Name is how users name it, and Property what a history that passes has,
	// in words: "a first-in first-out queue".
	Name     string
	Property string
	// Functions are the names of the operations that it judges. Others in a
	// history are left alone.
	Functions []string
	// Init is the state of an object that nothing was done to. States are
	// values that can be compared with ==, and are never changed.
	Init any
	// Parse turns an operation into a step: a value, comparable with ==, that
	// holds what was asked and what was answered. Operations with equal steps
	// are interchangeable. The answer is known if the outcome is ok. If the
	// outcome is unknown, the step stands for every answer. If it is fail, the
	// operation had no effect, and the step must be one that has none: what the
	// refusal tells of the state. A nil step tells nothing and is left out. An
	// error means that the operation is not one of this model's.
	Parse func(*history.Operation) (step any, err error)
	// Apply returns the state after a step, or false if the specification
	// rules out the step in that state. It must not depend on anything else.
	Apply func(state, step any) (next any, legal bool)

	// Object names the object that an operation is about. Histories are judged
	// object by object, as linearizability is local. If nil, it is the
	// operation's Key.
	Object func(*history.Operation) (string, error)
	// ReadOnly says that a step never changes the state. If nil, none is known
	// to be.
	ReadOnly func(step any) bool
	// Total says that a step is legal in every state, and Overwrites that it
	// moreover leads to the same state from everywhere, as a write does. If nil,
	// no step is known to.
	Total, Overwrites func(step any) bool
	// Tell says in words what an operation did, after its process was named:
	// "wrote 17". If nil, function and values are printed.
	Tell func(*history.Operation) string

	// alike says which states are equal; if nil, == does.
	alike *search.Alike
	// split says into which independent parts the operations of one object
	// fall, or is nil, or returns nil, if they do not.
	split func([]Op) func(Op) string
	// future derives from the steps of one object what can still matter.
	future func([]Op) *search.Future
	// prune leaves out operations that any legal order can do without. If nil,
	// none are known.
	prune func([]Op) []Op
	// fast are exact near-linear algorithms, tried in this order.
	fast []fastChecker
	// columnar judges from columns, with the answers of fast, or is nil.
	columnar *columnar
	// advice says which histories are decided by these, or with less work, for
	// whom the search could not.
	advice string
	// accuse finds a sentence for a minimal counterexample, or "".
	accuse func(ops []Op, culprit int) string
	// broken is why nothing can be judged by the model, if that is known.
	broken error
}

// Op is an operation as a model sees it.
type Op struct {
	*history.Operation
	// Step is what Parse made of it.
	Step any
}

// Never is the Return of an operation that may take effect at any later time.
const Never = history.Never

func (m *Model) readOnly(step any) bool {
	return m.ReadOnly != nil && m.ReadOnly(step)
}

// panicked says that a function of the model did not return.
func (m *Model) panicked(p any) string {
	return fmt.Sprintf("the model %s panicked, so it needs to be corrected: %v", m.Name, p)
}

func (m *Model) object(op *history.Operation) (name string, err error) {
	if m.Object == nil {
		return op.Key, nil
	}
	defer func() {
		if p := recover(); p != nil {
			name, err = "", errors.New(m.panicked(p))
		}
	}()
	return m.Object(op)
}

func (m *Model) tell(op *history.Operation) string {
	if m.Tell != nil {
		if said, ok := m.told(op); ok {
			return said
		}
	}
	said := fmt.Sprintf("did %s %s", op.F, show(op.Input))
	if op.Outcome == history.OK {
		said += " and was answered " + show(op.Output)
	}
	return said
}

// told is Tell, if that does not panic.
func (m *Model) told(op *history.Operation) (said string, ok bool) {
	defer func() { ok = recover() == nil }()
	return m.Tell(op), true
}

// parse is Parse that does not panic, whatever a model makes of strange values.
func (m *Model) parse(op *history.Operation) (step any, err error) {
	defer func() {
		if p := recover(); p != nil {
			step, err = nil, fmt.Errorf("the model %s cannot read it: %v", m.Name, p)
		}
	}()
	return m.Parse(op)
}

// validate says what is missing in a model.
func (m *Model) validate() error {
	if m.broken != nil {
		return m.broken
	}
	if m.Init == nil && m.Name == "" || m.Parse == nil || m.Apply == nil || len(m.Functions) == 0 {
		return fmt.Errorf("model %q needs Name, Functions, Parse and Apply", m.Name)
	}
	return nil
}

// show prints a value for a person.
func show(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case string:
		return fmt.Sprintf("%q", shorten(v))
	case text:
		return shorten(string(v))
	case []any, map[string]any:
		if encoded, err := json.Marshal(v); err == nil {
			return shorten(string(encoded))
		}
	}
	return shorten(fmt.Sprint(v))
}

// shorten cuts the middle out of long values.
func shorten(s string) string {
	const most = 60
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	return string(runes[:most/2-1]) + "…" + string(runes[len(runes)-most/2:])
}
