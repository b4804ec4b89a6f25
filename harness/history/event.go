package history

import (
	"fmt"
	"time"
)

// Kind says what an event is about.
type Kind uint8

const (
	// Invoke is the moment before the first byte of a request leaves.
	Invoke Kind = iota + 1
	// Complete is the moment after the last byte of its reply came, or the
	// moment the client stopped waiting for it.
	Complete
	// Nemesis is something that the nemesis did, undid or saw.
	Nemesis
	// Phase is the beginning of a phase of the run.
	Phase
)

// Outcome is what is known about an operation. The zero value is [Unknown], so
// that forgetting to classify an outcome is safe.
type Outcome uint8

const (
	// Unknown: the operation may have happened and may still happen, at any
	// later time. Jepsen calls it :info.
	Unknown Outcome = iota
	// OK: the operation happened, between its invocation and its completion.
	OK
	// Fail: the operation certainly did not happen and never will.
	Fail
)

// String returns "unknown", "ok" or "fail".
func (o Outcome) String() string {
	switch o {
	case Unknown:
		return "unknown"
	case OK:
		return "ok"
	case Fail:
		return "fail"
	}
	return fmt.Sprintf("Outcome(%d)", uint8(o))
}

// NoProcess is the Process of events that no client process caused.
const NoProcess = -1

// Event is one entry of a history.
//
// Values are restricted to what both JSON and EDN can say: nil, bool, int64,
// float64, string, []any and map[string]any of these.
type Event struct {
	// Index is the event's position in the history, from 0, without gaps.
	Index int
	// Time is the stamp of the run's one monotonic clock, counted from the
	// start of the run. No two events of a recording share a stamp, and their
	// order is the order of the history.
	Time time.Duration
	// Kind says which of the fields below have a meaning.
	Kind Kind
	// Outcome is set on completions only.
	Outcome Outcome
	// Process is the logical single-threaded client that invoked the
	// operation, or [NoProcess]. An unknown outcome retires its process.
	Process int
	// F is the function of the operation ("read", "transfer"), the kind of the
	// fault ("lost-ack"), or the name of the phase.
	F string
	// Key is the part of the system's state that the operation is about; empty
	// when it has no single key.
	Key string
	// Value is the argument of an invocation, the result of a completion, or
	// the details of a nemesis event.
	Value any
	// Idem identifies the idempotent request that this operation is an attempt
	// of: scope and key together, such as "t1/transfer/k17". Attempts that
	// share it must have one effect between them. Empty for others.
	Idem string
	// Node is the node that the request was sent to, or that a fault is put on.
	Node string
	// Ref is the plan's name for the operation or fault behind the event.
	Ref string
	// Error says why a completion is not ok: a short code, then details after
	// a colon ("insufficient-funds", "timeout: 500ms"). Of a phase it says what
	// it begins without: nodes that had not settled.
	Error string
}
