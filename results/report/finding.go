package report

import (
	"fmt"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

// findingView is a counterexample in words and as a table.
type findingView struct {
	Anomaly, Key, Summary string
	Steps                 []string
	MoreSteps             int
	Columns               []string
	Rows                  []rowView
	Omitted               int
}

// rowView is one operation; it has one cell a column.
type rowView struct {
	// Number names the operation here and in the timeline.
	Number  int
	At      string
	Cells   []cellView
	Culprit bool
}

// cellView is either the row's operation, or what the column's process is doing
// meanwhile.
type cellView struct {
	Text, Outcome string
	Open          string
}

func newFinding(f verdict.Finding, operations []history.Operation) findingView {
	table := results.Explain(operations, f, maxRows)
	v := findingView{
		Anomaly: text(f.Anomaly), Key: text(table.Key), Summary: text(f.Summary),
		Steps: texts(f.Steps, maxSteps), MoreSteps: max(0, len(f.Steps)-maxSteps),
		Omitted: table.Omitted,
	}
	for _, process := range table.Processes {
		v.Columns = append(v.Columns, fmt.Sprintf("process %d", process))
	}
	for i, row := range table.Rows {
		line := rowView{Number: i + 1, At: moment(row.Operation.Start), Culprit: row.Culprit}
		for column, openness := range row.Open {
			cell := cellView{Open: map[results.Openness]string{results.Waiting: "waiting", results.Dangling: "dangling"}[openness]}
			if column == row.Column {
				cell = cellView{Text: results.Cell(row.Operation, table.Key == "", maxCell), Outcome: row.Operation.Outcome.String()}
			}
			line.Cells = append(line.Cells, cell)
		}
		v.Rows = append(v.Rows, line)
	}
	return v
}

// moment writes a stamp to the microsecond, as operations are that close.
func moment(at time.Duration) string { return fmt.Sprintf("%.6f s", at.Seconds()) }
