package report

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

// Bounds and measures of a timeline.
const (
	maxNeighbours    = 120
	maxLanes         = 12
	maxFaultRows     = 6
	momentRoom    px = 70
	laneHeight    px = 40
	barHeight     px = 14
	// letter is about the width of one.
	letter px = 6.3
)

// timeline shows what was going on around a finding: a lane for each process,
// the faults above.
type timeline struct {
	Width, Height, Left, Right, Top, Bottom px
	Ticks                                   []tick
	Faults                                  []faultRow
	Lanes                                   []lane
	Bars                                    []bar
	// What says which operations are shown.
	What string
}

// faultRow is a fault, or all of them if they are too many for a row each.
type faultRow struct {
	Y, Baseline px
	Label       string
	Bands       []band
}

type lane struct {
	Y     px
	Label string
}

// bar is an operation. One that is part of the finding has a number.
type bar struct {
	X, Y, Width, Height, Middle, End px
	Outcome                          string
	Number                           int
	Culprit                          bool
	LabelX, LabelY                   px
	// Anchor is where the label hangs on LabelX: at its "start" or "end".
	Anchor, Label string
	// Detail tells all of the operation, in lines.
	Detail string
}

// newTimeline returns nil if the finding names no operation.
func newTimeline(f verdict.Finding, operations []history.Operation, faults []results.Fault) *timeline {
	table := results.Explain(operations, f, maxRows)
	if len(table.Rows) == 0 {
		return nil
	}
	low, high := window(table.Rows)
	x := newWarped(stampsOf(table.Rows, low, high), drawLeft, drawRight)
	neighbours, all := neighboursOf(table, operations, low, high)
	processes := lanesOf(table, neighbours)
	t := &timeline{Width: drawWidth, Left: drawLeft, Right: drawRight, Ticks: x.ticks(momentRoom)}
	t.addFaults(faults, x, low, high)
	for i, process := range processes {
		t.Lanes = append(t.Lanes, lane{Y: t.Top + laneHeight*px(i), Label: fmt.Sprintf("process %d", process)})
	}
	t.Bottom = t.Top + laneHeight*px(len(processes)) + 6
	t.Height = t.Bottom + 22
	shown := 0
	for _, op := range neighbours {
		if at := slices.Index(processes, op.Process); at >= 0 {
			t.Bars = append(t.Bars, t.newBar(op, at, x))
			shown++
		}
	}
	t.addFinding(f, table, processes, x)
	t.What = whatIsShown(table, shown, all)
	return t
}

func whatIsShown(table results.Counterexample, shown, all int) string {
	what := fmt.Sprintf("The %d numbered operations are those of the counterexample, and time is stretched around them.", len(table.Rows))
	if shown > 0 {
		what += fmt.Sprintf(" The pale ones are others on the same keys at that time, %d of %d.", shown, all)
	}
	return what
}

// window is the time of the operations, with some room around.
func window(rows []results.Row) (low, high time.Duration) {
	low, high = rows[0].Operation.Start, rows[0].Operation.End
	for _, row := range rows {
		low, high = min(low, row.Operation.Start), max(high, row.Operation.End)
	}
	room := max((high-low)/50, 100*time.Microsecond)
	return max(low-room, 0), high + room
}

// stampsOf are the moments that matter to a finding.
func stampsOf(rows []results.Row, low, high time.Duration) []time.Duration {
	stamps := []time.Duration{low, high}
	for _, row := range rows {
		stamps = append(stamps, row.Operation.Start, row.Operation.End)
	}
	return stamps
}

// neighboursOf are the other operations on the finding's keys that were under
// way in the window: those nearest to the finding's end, in the order of their
// invocations. It says how many there are in all.
func neighboursOf(table results.Counterexample, operations []history.Operation, low, high time.Duration) (neighbours []history.Operation, all int) {
	keys, numbered := map[string]bool{}, map[int]bool{}
	for _, row := range table.Rows {
		keys[row.Operation.Key], numbered[row.Operation.Call] = true, true
	}
	for _, op := range operations {
		if keys[op.Key] && !numbered[op.Call] && op.End >= low && op.Start <= high {
			neighbours = append(neighbours, op)
		}
	}
	all = len(neighbours)
	if all > maxNeighbours {
		last := table.Rows[len(table.Rows)-1].Operation.Call
		slices.SortStableFunc(neighbours, func(a, b history.Operation) int {
			return cmp.Compare(distance(a.Call, last), distance(b.Call, last))
		})
		neighbours = neighbours[:maxNeighbours]
		slices.SortFunc(neighbours, func(a, b history.Operation) int { return cmp.Compare(a.Call, b.Call) })
	}
	return neighbours, all
}

func distance(a, b int) int { return max(a-b, b-a) }

// lanesOf are the processes to show: those of the finding as its table has
// them, and then others as long as there is room.
func lanesOf(table results.Counterexample, neighbours []history.Operation) []int {
	processes := slices.Clone(table.Processes)
	for _, op := range slices.Backward(neighbours) {
		if len(processes) >= maxLanes {
			break
		}
		if !slices.Contains(processes, op.Process) {
			processes = append(processes, op.Process)
		}
	}
	slices.Sort(processes[len(table.Processes):])
	return processes
}

// addFaults puts the faults of the window above the lanes: a row each, or all
// in one if they are many.
func (t *timeline) addFaults(faults []results.Fault, x timeScale, low, high time.Duration) {
	var rows []faultRow
	for _, fault := range faults {
		if !fault.Injected || fault.End < low || fault.Start > high || len(rows) == maxFaults {
			continue
		}
		name := results.Printable(strings.Join(append([]string{fault.Kind}, fault.Where...), " "), labelLetters)
		rows = append(rows, faultRow{Label: name, Bands: []band{bandOf(fault, x)}})
	}
	if len(rows) > maxFaultRows {
		together := faultRow{Label: fmt.Sprintf("%d faults", len(rows))}
		for _, row := range rows {
			together.Bands = append(together.Bands, row.Bands...)
		}
		rows = []faultRow{together}
	}
	for i := range rows {
		y := stripHeight * px(i)
		rows[i].Y, rows[i].Baseline = y+2, y+14
	}
	t.Faults = rows
	t.Top = stripHeight*px(len(rows)) + 8
}

// addFinding adds the finding's operations on top of the others, each with what
// it did, as far as there is room for it in its lane.
func (t *timeline) addFinding(f verdict.Finding, table results.Counterexample, processes []int, x timeScale) {
	first := len(t.Bars)
	for i, row := range table.Rows {
		b := t.newBar(row.Operation, slices.Index(processes, row.Operation.Process), x)
		b.Number, b.Culprit = i+1, row.Culprit
		b.Label = fmt.Sprintf("%d: %s", b.Number, results.Cell(row.Operation, table.Key == "", 60))
		if b.Culprit {
			b.Label = "▶ " + b.Label
			b.Detail += "\n\nNo order explains it: " + text(f.Summary)
		}
		t.Bars = append(t.Bars, b)
	}
	finding := t.Bars[first:]
	taken := map[px]px{} // where the last label of a lane ends
	for i := range finding {
		b := &finding[i]
		end := t.Right
		for _, other := range finding[i+1:] {
			if other.Y == b.Y && other.X > b.X {
				end = min(end, other.X)
			}
		}
		b.label(max(taken[b.Y], t.Left), end)
		taken[b.Y] = max(taken[b.Y], b.End)
	}
}

// label places the label: to the right from the bar's beginning, or to the left
// from its end if it fits only there.
func (b *bar) label(left, right px) {
	b.LabelX, b.Anchor = b.X, "start"
	room := int((right - b.X) / letter)
	needed := len([]rune(b.Label))
	if before := int((b.End - left) / letter); room < needed && before >= needed {
		b.LabelX, b.Anchor, room = b.End, "end", before
	}
	b.Label = shortened(b.Label, b.Number, room)
}

// shortened cuts a label to the letters that there is room for: to the number
// where words make no sense.
func shortened(label string, number, letters int) string {
	const fewest = 8
	digits := fmt.Sprint(number)
	switch {
	case letters >= fewest:
		return results.Printable(label, letters)
	case letters > len(digits):
		return digits
	}
	return ""
}

func (t *timeline) newBar(op history.Operation, lane int, x timeScale) bar {
	start := x.time(op.Start)
	y := t.Top + laneHeight*px(lane) + laneHeight - barHeight - 4
	width := max(x.time(op.End)-start, 4)
	return bar{
		X: start, Y: y, Width: width, Height: barHeight, Middle: y + barHeight/2, End: start + width,
		Outcome: op.Outcome.String(), LabelY: y - 4, Detail: detailOf(op),
	}
}

func detailOf(op history.Operation) string {
	var b strings.Builder
	add := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-10s%s\n", name, value)
		}
	}
	add("operation", text(op.F))
	add("key", text(op.Key))
	add("outcome", op.Outcome.String())
	add("request", results.Value(op.Input, maxValue))
	if op.Outcome != history.Unknown || op.Output != nil {
		add("reply", results.Value(op.Output, maxValue))
	}
	add("error", text(op.Error))
	add("process", fmt.Sprint(op.Process))
	add("node", text(op.Node))
	add("idem", text(op.Idem))
	add("plan", text(op.Ref))
	add("time", fmt.Sprintf("%s, took %s", moment(op.Start), results.Span(op.End-op.Start)))
	if op.Outcome == history.Unknown {
		b.WriteString("\nIts client stopped waiting. It may have happened, and may still.\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}
