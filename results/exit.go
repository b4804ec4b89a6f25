package results

import (
	"fmt"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// ExitCode is what the command line ends with.
type ExitCode int

// The exit codes. They are a contract with scripts and never change.
const (
	ExitValid       ExitCode = 0
	ExitInvalid     ExitCode = 1
	ExitUnknown     ExitCode = 2
	ExitGate        ExitCode = 3
	ExitSetup       ExitCode = 4
	ExitUsage       ExitCode = 64
	ExitInternal    ExitCode = 70
	ExitInterrupted ExitCode = 130
)

// String says what the code means.
func (c ExitCode) String() string {
	switch c {
	case ExitValid:
		return "valid"
	case ExitInvalid:
		return "invalid"
	case ExitUnknown:
		return "unknown"
	case ExitGate:
		return "refused by the gate policy"
	case ExitSetup:
		return "system or fault could not be set up"
	case ExitUsage:
		return "wrong usage"
	case ExitInternal:
		return "internal error"
	case ExitInterrupted:
		return "interrupted"
	}
	return fmt.Sprintf("ExitCode(%d)", int(c))
}

// Ending is how a run and its check came to an end.
type Ending struct {
	Verdict verdict.Verdict
	// Setup: the system or a fault could not be set up.
	Setup bool
	// Interrupted: a person or a scheduler asked it to stop.
	Interrupted bool
	// Internal: Tertium itself failed.
	Internal bool
}

// Exit returns the exit code of an ending. A violation always wins, because it
// is proven whatever else went wrong. Then comes what went wrong, our own fault
// first; an interruption explains a failed set-up, not the other way round.
func (e Ending) Exit() ExitCode {
	switch {
	case e.Verdict == verdict.Invalid:
		return ExitInvalid
	case e.Internal:
		return ExitInternal
	case e.Interrupted:
		return ExitInterrupted
	case e.Setup:
		return ExitSetup
	case e.Verdict == verdict.Valid:
		return ExitValid
	}
	return ExitUnknown
}
