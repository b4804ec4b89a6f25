package history

import (
	"math"
	"time"
)

// Never is the Return of an operation that may still take effect at any time.
const Never = math.MaxInt

// Operation is an invocation and what is known of its completion.
type Operation struct {
	// Process, F, Key, Idem, Node and Ref are those of the invocation.
	Process int
	F       string
	Key     string
	Idem    string
	Node    string
	Ref     string
	// Input is the invocation's value and Output the completion's.
	Input, Output any
	Outcome       Outcome
	// Error says why the outcome is not ok.
	Error string
	// Call is the index of the invocation. Return is the index of the
	// completion, or Never when the outcome is unknown: such an operation
	// stays concurrent with all that follows. Index order is real-time order;
	// checkers compare these and never Start or End.
	Call, Return int
	// Start is when it was invoked. End is when its client stopped waiting,
	// whatever the outcome; it equals Start if the run ended before that.
	Start, End time.Duration
	// Phase is the phase of the run in which it was invoked.
	Phase string
}

// History is the totally ordered record of a run.
type History struct {
	// Events are in order; Events[i].Index is i.
	Events []Event
	// Torn says what was cut from the end of an unsealed recording, or is
	// empty: bytes of an event that was being written when the harness died.
	Torn string
}
