package columns

import (
	"time"

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

	// times are those of the events, in nanoseconds.
	times []uint64
	// gaveUp has, for each operation with unknown outcome, by number, the index
	// of its completion plus one, or 0 if the run ended before it.
	gaveUp []uint32
	// others are the events that are not about operations, each as otherWidth
	// numbers: its index, its kind, and its F, Key, Idem, Node, Ref, Error and Value as
	// numbers in details.
	others  []uint32
	details Values
}

// otherWidth is how many numbers an event takes in others.
const otherWidth = 9

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

// Time is when an event was. It panics if there is no such event.
func (c *Columns) Time(event int) time.Duration { return time.Duration(c.times[event]) }

// GaveUp returns the index of the completion of each operation whose outcome is
// unknown, by ascending number, or -1 if there was none. It takes one pass over
// them.
func (c *Columns) GaveUp() []int {
	indices := make([]int, len(c.gaveUp))
	for i, at := range c.gaveUp {
		indices[i] = int(at) - 1
	}
	return indices
}

// Others returns the events that are not about operations: those of the nemesis
// and the beginnings of phases.
func (c *Columns) Others() []history.Event {
	events := make([]history.Event, 0, len(c.others)/otherWidth)
	text := func(id uint32) string {
		text, _ := c.details.Text(id)
		return text
	}
	for at := 0; at < len(c.others); at += otherWidth {
		o := c.others[at : at+otherWidth]
		events = append(events, history.Event{
			Index: int(o[0]), Time: c.Time(int(o[0])), Kind: history.Kind(o[1]), Process: history.NoProcess,
			F: text(o[2]), Key: text(o[3]), Idem: text(o[4]), Node: text(o[5]), Ref: text(o[6]), Error: text(o[7]),
			Value: c.details.At(o[8]),
		})
	}
	return events
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
