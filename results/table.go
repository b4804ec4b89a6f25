package results

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// culpritMark stands before the operation that no order explains.
	culpritMark = "▶ "
	// columnGap is between two columns.
	columnGap = 3
	// minColumn is the narrowest column in which a long cell can be read.
	minColumn = 16
)

// table draws a counterexample: side by side if there is room for a column a
// process, else as a list.
func (s summary) table(t Counterexample) []string {
	lines := []string{clip(legend(t), s.Width)}
	widths, fits := columnWidths(t, s.Width)
	if !fits {
		return append(lines, s.list(t)...)
	}
	var heads []string
	for column, process := range t.Processes {
		heads = append(heads, pad(processName(process), widths[column]))
	}
	lines = append(lines, s.paint(dim, join(heads)))
	height := tableRows / len(t.Rows)
	for _, row := range t.Rows {
		lines = append(lines, s.row(t, row, widths, height)...)
	}
	return lines
}

// row draws one operation in at most so many lines, and beside it what other
// processes are doing meanwhile.
func (s summary) row(t Counterexample, row Row, widths []int, height int) []string {
	cell := cellLines(t, row, widths[row.Column], height)
	lines := make([]string, len(cell))
	for i := range lines {
		var columns []string
		for column, width := range widths {
			text, color := openMark(row.Open[column]), dim
			if column == row.Column {
				text, color = cell[i], ""
				if row.Culprit {
					color = red
				}
			}
			padded := pad(text, width)
			columns = append(columns, s.paint(color, text)+padded[len(text):])
		}
		lines[i] = join(columns)
	}
	return lines
}

// cellLines breaks a cell into lines, shortened so far that the last one still
// says what came of the operation.
func cellLines(t Counterexample, row Row, width, height int) []string {
	for limit := width * height; ; limit-- {
		lines := wrap(cellText(t, row, limit), width, height+1)
		if len(lines) <= height || limit <= width {
			return lines[:min(len(lines), height)]
		}
	}
}

// list draws the operations one below the other, each after its process.
func (s summary) list(t Counterexample) []string {
	var lines []string
	for _, row := range t.Rows {
		head := pad(processName(row.Operation.Process), 2*labelWidth)
		cell := cellText(t, row, s.Width-length(head))
		if row.Culprit {
			cell = s.paint(red, cell)
		}
		lines = append(lines, s.paint(dim, head)+cell)
	}
	return lines
}

func cellText(t Counterexample, row Row, width int) string {
	mark := ""
	if row.Culprit {
		mark = culpritMark
	}
	return mark + Cell(row.Operation, t.Key == "", width-length(mark))
}

func processName(process int) string { return fmt.Sprintf("process %d", process) }

func pad(text string, width int) string { return fmt.Sprintf("%-*s", width, text) }

func join(columns []string) string {
	return strings.TrimRight(strings.Join(columns, strings.Repeat(" ", columnGap)), " ")
}

// columnWidths gives every column what its cells need, and takes from the
// widest until they fit the total. It reports whether they can be read.
func columnWidths(t Counterexample, total int) (widths []int, fits bool) {
	widths = make([]int, len(t.Processes))
	for column, process := range t.Processes {
		widths[column] = length(processName(process))
	}
	for _, row := range t.Rows {
		widths[row.Column] = max(widths[row.Column], length(cellText(t, row, total)))
	}
	used := columnGap * (len(widths) - 1)
	for _, width := range widths {
		used += width
	}
	for ; used > total; used-- {
		widest := slices.Max(widths)
		if widest <= minColumn {
			return nil, false
		}
		widths[slices.Index(widths, widest)]--
	}
	return widths, true
}

// legend explains the signs that the table uses.
func legend(t Counterexample) string {
	var parts []string
	if t.Key != "" {
		parts = append(parts, "key "+Printable(t.Key, 40))
	}
	if t.Omitted > 0 {
		parts = append(parts, fmt.Sprintf("%s more in the report", plural(t.Omitted, "operation")))
	}
	open, unknown, culprit := false, false, false
	for _, row := range t.Rows {
		culprit = culprit || row.Culprit
		open = open || slices.Contains(row.Open, Waiting)
		unknown = unknown || slices.Contains(row.Open, Dangling)
	}
	for _, sign := range []struct {
		used bool
		text string
	}{
		{culprit, culpritMark + "no order explains it"},
		{open, openMark(Waiting) + " under way"},
		{unknown, openMark(Dangling) + " unknown, may still happen"},
	} {
		if sign.used {
			parts = append(parts, sign.text)
		}
	}
	return strings.Join(parts, " · ")
}

func openMark(o Openness) string {
	switch o {
	case Waiting:
		return "│"
	case Dangling:
		return "┆"
	}
	return ""
}
