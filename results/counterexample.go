package results

import (
	"cmp"
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Counterexample is a finding as a table: one column a process, one row an
// operation, time flows down.
type Counterexample struct {
	// Key is the key that all operations are about, or empty.
	Key string
	// Processes are the columns, in the order in which they appear.
	Processes []int
	Rows      []Row
	// Omitted is how many operations of the finding the table leaves out.
	Omitted int
}

// Row is the invocation of one operation.
type Row struct {
	Operation history.Operation
	// Column is that of the operation's process.
	Column int
	// Culprit is true if no order explains the operation.
	Culprit bool
	// Open says for each column whether an operation of an earlier row is still
	// open when this one is invoked: the two are concurrent.
	Open []Openness
}

// Openness is what a process is doing while another invokes an operation.
type Openness uint8

const (
	// Idle: nothing that the table shows.
	Idle Openness = iota
	// Waiting: an operation that will complete.
	Waiting
	// Dangling: an operation whose outcome is unknown for good.
	Dangling
)

// Explain makes the table of a finding, with at most limit rows: if there are
// more operations, those nearest to the culprit or else to the end. The
// operations are those of the whole history, in the order of their invocations;
// what the finding names and they do not have is left out.
func Explain(operations []history.Operation, f verdict.Finding, limit int) Counterexample {
	var chosen []history.Operation
	for _, call := range ascending(f.Operations) {
		at, ok := slices.BinarySearchFunc(operations, call, func(op history.Operation, call int) int {
			return cmp.Compare(op.Call, call)
		})
		if ok {
			chosen = append(chosen, operations[at])
		}
	}
	all := len(chosen)
	chosen = nearest(chosen, f.Culprit, limit)
	table := Counterexample{Key: sharedKey(chosen, f.Key), Omitted: all - len(chosen)}
	for _, op := range chosen {
		if !slices.Contains(table.Processes, op.Process) {
			table.Processes = append(table.Processes, op.Process)
		}
	}
	for i, op := range chosen {
		row := Row{
			Operation: op,
			Column:    slices.Index(table.Processes, op.Process),
			Culprit:   op.Call == f.Culprit,
			Open:      make([]Openness, len(table.Processes)),
		}
		for _, earlier := range chosen[:i] {
			column := slices.Index(table.Processes, earlier.Process)
			switch {
			case earlier.Return == history.Never:
				row.Open[column] = Dangling
			case earlier.Return > op.Call:
				row.Open[column] = Waiting
			}
		}
		table.Rows = append(table.Rows, row)
	}
	return table
}

// ascending returns the numbers sorted and without repetition.
func ascending(numbers []int) []int {
	return slices.Compact(slices.Sorted(slices.Values(numbers)))
}

// nearest keeps at most limit of the operations: a run of neighbours with the
// culprit as near to its end as can be, as what comes before explains it.
func nearest(operations []history.Operation, culprit, limit int) []history.Operation {
	if len(operations) <= limit {
		return operations
	}
	end := len(operations)
	at := slices.IndexFunc(operations, func(op history.Operation) bool { return op.Call == culprit })
	if at >= 0 {
		end = max(at+1, limit)
	}
	return operations[end-limit : end]
}

// sharedKey is the key that all operations have.
func sharedKey(operations []history.Operation, key string) string {
	for i, op := range operations {
		if i == 0 && key == "" {
			key = op.Key
		}
		if op.Key != key {
			return ""
		}
	}
	return key
}

// Cell writes an operation in short: "write 17 → ok", "read → 23", "cas 1 2 →
// fail mismatch, saw 5", and "write 17 → ?" if its outcome is unknown. The key
// comes in where the reader cannot know it, and fields of a reply that repeat the
// request's stay out. It is fit for people as [Printable]
// is, and has at most limit runes: what came of the operation is cut last.
func Cell(op history.Operation, withKey bool, limit int) string {
	const arrow = " → "
	call, came := Printable(op.F, limit), outcomeText(op, limit)
	if withKey && op.Key != "" {
		call += " " + Printable(op.Key, limit)
	}
	if op.Input != nil {
		call += " " + Value(op.Input, limit)
	}
	room := limit - length(arrow)
	came = clip(came, max(room/2, room-length(call)))
	return clip(call, room-length(came)) + arrow + came
}

// outcomeText says what came of an operation.
func outcomeText(op history.Operation, limit int) string {
	switch op.Outcome {
	case history.OK:
		output := news(op)
		if output == nil && op.Input != nil {
			return "ok"
		}
		return Value(output, limit)
	case history.Fail:
		text := "fail"
		if op.Error != "" {
			text += " " + Printable(op.Error, limit)
		}
		if op.Output != nil {
			text += ", saw " + Value(op.Output, limit)
		}
		return text
	}
	return "?"
}

// news is what a reply says beyond the request: of a map, the fields that do
// not just repeat the request's.
func news(op history.Operation) any {
	request, asked := op.Input.(map[string]any)
	reply, told := op.Output.(map[string]any)
	if !asked || !told {
		return op.Output
	}
	rest := map[string]any{}
	for name, value := range reply {
		if before, repeats := request[name]; !repeats || !sameScalar(before, value) {
			rest[name] = value
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return rest
}

func sameScalar(a, b any) bool {
	switch a.(type) {
	case nil, bool, int64, float64, string:
		return a == b
	}
	return false
}
