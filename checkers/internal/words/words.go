// Package words puts the operations of a counterexample into sentences.
package words

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// valueLimit is how much of a value a sentence shows, in bytes.
const valueLimit = 160

// Value shows a value of a history as JSON, which sorts the fields of maps, so
// that equal values have equal texts.
func Value(value any) string {
	encoded, err := json.Marshal(value)
	if err != nil {
		return fmt.Sprintf("(a value that JSON cannot say: %v)", err)
	}
	if len(encoded) > valueLimit {
		return string(encoded[:valueLimit]) + "…"
	}
	return string(encoded)
}

// Stamp shows a moment to the microsecond, which is as fine as a reader can use.
func Stamp(d time.Duration) time.Duration { return d.Round(time.Microsecond) }

// Attempt says what an operation asked for, and what it was told.
func Attempt(op *history.Operation) string {
	asked := fmt.Sprintf("%sprocess %d asked %sfor %s", span(op), op.Process, at(op.Node), op.F)
	if op.Input != nil {
		asked += " " + Value(op.Input)
	} else if op.Key != "" {
		asked += " of " + op.Key
	}
	switch op.Outcome {
	case history.OK:
		return asked + " and was told ok " + Value(op.Output)
	case history.Fail:
		return asked + " and was told that it failed: " + op.Error
	}
	why := ""
	if op.Error != "" {
		why = " (" + op.Error + ")"
	}
	return asked + " and got no answer" + why + ": it may have been done, and may still be"
}

// Read says who read back something and what it showed.
func Read(op *history.Operation, what, shows string) string {
	return fmt.Sprintf("%sprocess %d read back %s %sand %s", span(op), op.Process, what, at(op.Node), shows)
}

func span(op *history.Operation) string {
	return fmt.Sprintf("[%v to %v] ", Stamp(op.Start), Stamp(op.End))
}

func at(node string) string {
	if node == "" {
		return ""
	}
	return "at " + node + " "
}
