package history

import (
	"fmt"
	"math"
	"time"

	"github.com/tertium-dev/tertium/harness/history/internal/syntax"
)

// MaxDepth is how deep values may nest. It bounds the stack of whatever walks
// through them.
const MaxDepth = syntax.MaxDepth

// MalformedError says that a sequence of events is not a history.
type MalformedError struct {
	// Index is the position of the event that is wrong.
	Index int
	// Reason says what is wrong with it.
	Reason string
}

// Error names the event and the reason.
func (e *MalformedError) Error() string {
	return fmt.Sprintf("event %d: %s", e.Index, e.Reason)
}

// Validate reports the first event that cannot be part of a history, as a
// [*MalformedError], or nil. The rules are those that checkers rely on:
//
//   - Index counts from 0 without gaps, and Time never goes back;
//   - a process has one operation at a time, and every completion ends one;
//   - a completion does not change the function of its operation;
//   - an unknown outcome retires its process;
//   - values are of the types that [Event] names, finite, and at most
//     [MaxDepth] deep.
func (h *History) Validate() error {
	v := NewValidator()
	for i := range h.Events {
		if err := v.Next(&h.Events[i]); err != nil {
			return err
		}
	}
	return nil
}

// Validator checks the events of a history one by one, as [History.Validate]
// does all at once, without holding on to them.
type Validator struct {
	// open maps each waiting process to the function it invoked.
	open    map[int]string
	retired map[int]bool
	last    time.Duration
	next    int
}

// NewValidator returns a validator that awaits the first event.
func NewValidator() *Validator {
	return &Validator{open: make(map[int]string), retired: make(map[int]bool)}
}

// Next returns a [*MalformedError] if the event cannot follow those before it.
func (v *Validator) Next(e *Event) error {
	if reason := v.check(e); reason != "" {
		return &MalformedError{Index: v.next, Reason: reason}
	}
	v.next++
	return nil
}

// check returns what is wrong with the event, or "".
func (v *Validator) check(e *Event) string {
	if e.Index != v.next {
		return fmt.Sprintf("its index is %d; number the events from 0 without gaps", e.Index)
	}
	if e.Time < v.last {
		return fmt.Sprintf("its time %v is before that of the event before it, %v", e.Time, v.last)
	}
	v.last = e.Time
	if e.Kind != Complete && e.Outcome != Unknown {
		return fmt.Sprintf("it has the outcome %v, which only completions have", e.Outcome)
	}
	if reason := v.process(e); reason != "" {
		return reason
	}
	if err := checkValue(e.Value, 0); err != nil {
		return err.Error()
	}
	return ""
}

// process applies the event to what its process is doing.
func (v *Validator) process(e *Event) string {
	switch e.Kind {
	case Nemesis, Phase:
		return ""
	case Invoke, Complete:
		if e.Process < 0 {
			return fmt.Sprintf("it has process %d; clients are numbered from 0", e.Process)
		}
	default:
		return fmt.Sprintf("its kind %d is none of invoke, complete, nemesis and phase", e.Kind)
	}
	f, waiting := v.open[e.Process]
	if e.Kind == Invoke {
		if waiting {
			return fmt.Sprintf("process %d invokes %q while its %q has not completed", e.Process, e.F, f)
		}
		if v.retired[e.Process] {
			return fmt.Sprintf("process %d goes on after an unknown outcome; its worker must take a new process, because the old operation may still take effect", e.Process)
		}
		v.open[e.Process] = e.F
		return ""
	}
	if e.Outcome > Fail {
		return fmt.Sprintf("its outcome %d is none of ok, fail and unknown", uint8(e.Outcome))
	}
	if !waiting {
		return fmt.Sprintf("process %d completes %q without having invoked it", e.Process, e.F)
	}
	if e.F != f && e.F != "" && f != "" {
		return fmt.Sprintf("process %d completes %q but had invoked %q", e.Process, e.F, f)
	}
	delete(v.open, e.Process)
	if e.Outcome == Unknown {
		v.retired[e.Process] = true
	}
	return ""
}

// checkValue reports a value that cannot be in a history.
func checkValue(value any, depth int) error {
	if depth > MaxDepth {
		return syntax.ErrTooDeep
	}
	switch value := value.(type) {
	case nil, bool, int64, string:
	case float64:
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return fmt.Errorf("its value holds %v, which JSON cannot say; use a string", value)
		}
	case []any:
		for _, element := range value {
			if err := checkValue(element, depth+1); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, element := range value {
			if err := checkValue(element, depth+1); err != nil {
				return err
			}
		}
	default:
		return fmt.Errorf("its value holds a %T; use nil, bool, int64, float64, string, []any or map[string]any", value)
	}
	return nil
}
