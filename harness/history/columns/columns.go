package columns

import (
	"github.com/tertium-dev/tertium/harness/history"
)

// Other is the entry in [Columns.Events] of an event that is neither a call nor
// a return.
const Other = 1<<32 - 1

// MaxOperations is how many operations a view can hold.
const MaxOperations = 1<<31 - 1

// Columns are the operations of a history, a column a field. They must not be
// changed. Operations are numbered from 0 in the order of their calls.
type Columns struct {
	// Events has an entry for each event of the history, at the event's index:
	// operation<<1 for a call, operation<<1|1 for a return, and Other for the
	// rest, completions with unknown outcome among them. So an operation
	// without a return may take effect at any time after its call.
	Events []uint32

	// F, Key, Idem, Node and Phase are numbers of names in the dictionaries
	// below; 0 is the empty name.
	F, Key, Idem, Node, Phase []uint32
	// In and Out are the values of the call and of the completion, as numbers
	// in Values; 0 is nil.
	In, Out []uint32
	Outcome []history.Outcome
	// Error is a number in Errors.
	Error []uint32
	// Process is a position in Processes.
	Process []uint32

	Functions, Keys, Idems, Nodes, Phases, Errors Names
	Values                                        Values
	// Processes are the numbers that the history gives its processes.
	Processes []int64

	// Torn is that of the [history.History].
	Torn string
}

// Operations is the number of operations.
func (c *Columns) Operations() int { return len(c.Outcome) }

// Calls returns the index of the event that called each operation. It takes a
// pass over all events: checkers that sweep them know it already, and need this
// to explain what they found.
func (c *Columns) Calls() []uint32 {
	calls := make([]uint32, 0, c.Operations())
	for i, event := range c.Events {
		if event != Other && event&1 == 0 {
			calls = append(calls, uint32(i))
		}
	}
	return calls
}

// perOperation are the columns with an entry for each operation, in the order
// of the file, each with the length of its dictionary.
func (c *Columns) perOperation() []column {
	return []column{
		{"f", &c.F, c.Functions.Len()},
		{"key", &c.Key, c.Keys.Len()},
		{"idem", &c.Idem, c.Idems.Len()},
		{"node", &c.Node, c.Nodes.Len()},
		{"phase", &c.Phase, c.Phases.Len()},
		{"in", &c.In, c.Values.Len()},
		{"out", &c.Out, c.Values.Len()},
		{"error", &c.Error, c.Errors.Len()},
		{"process", &c.Process, len(c.Processes)},
	}
}

// column is one of the columns with numbers into a dictionary.
type column struct {
	name  string
	ids   *[]uint32
	names int
}
