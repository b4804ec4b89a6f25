package results_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

// call is an operation by the moments of its invocation and completion.
type call struct {
	process    int
	f          string
	in, out    any
	call, done int
	outcome    history.Outcome
}

func historyOf(calls ...call) *history.History {
	events := make([]history.Event, 2*len(calls))
	for _, c := range calls {
		events[c.call] = history.Event{Kind: history.Invoke, Process: c.process, F: c.f, Key: "x", Value: c.in, Time: time.Duration(c.call)}
		events[c.done] = history.Event{Kind: history.Complete, Process: c.process, F: c.f, Key: "x", Value: c.out, Outcome: c.outcome, Time: time.Duration(c.done)}
	}
	return history.New(events)
}

// A deposed leader answers a read from its old state while a write is under way
// and another is lost.
func concurrent() (*history.History, verdict.Finding) {
	h := historyOf(
		call{0, "write", int64(1), nil, 0, 1, history.OK},
		call{1, "write", int64(2), nil, 2, 4, history.Unknown},
		call{2, "write", int64(3), nil, 3, 7, history.OK},
		call{0, "read", nil, int64(3), 5, 6, history.OK},
		call{3, "read", nil, int64(1), 8, 9, history.OK},
	)
	return h, verdict.Finding{Anomaly: "nonlinearizable", Key: "x", Operations: []int{0, 2, 3, 5, 8}, Culprit: 8}
}

func TestExplain(t *testing.T) {
	h, finding := concurrent()
	table := results.Explain(h.Operations(), finding, 8)
	require.Equal(t, "x", table.Key)
	require.Equal(t, []int{0, 1, 2, 3}, table.Processes)
	const idle, waiting, dangling = results.Idle, results.Waiting, results.Dangling
	var open [][]results.Openness
	var columns []int
	for _, row := range table.Rows {
		open = append(open, row.Open)
		columns = append(columns, row.Column)
	}
	require.Equal(t, []int{0, 1, 2, 0, 3}, columns)
	require.Equal(t, [][]results.Openness{
		{idle, idle, idle, idle},
		{idle, idle, idle, idle},
		{idle, dangling, idle, idle},
		{idle, dangling, waiting, idle},
		{idle, dangling, idle, idle},
	}, open)
	require.True(t, table.Rows[4].Culprit)
}

func TestExplainKeepsWhatIsNearTheCulprit(t *testing.T) {
	h, finding := concurrent()
	calls := func(table results.Counterexample) (calls []int) {
		for _, row := range table.Rows {
			calls = append(calls, row.Operation.Call)
		}
		return calls
	}
	table := results.Explain(h.Operations(), finding, 2)
	require.Equal(t, []int{5, 8}, calls(table))
	require.Equal(t, 3, table.Omitted)
	finding.Culprit = 2
	require.Equal(t, []int{0, 2}, calls(results.Explain(h.Operations(), finding, 2)))
	finding.Culprit = 0
	require.Equal(t, []int{0, 2}, calls(results.Explain(h.Operations(), finding, 2)), "as many as fit, even so")

	finding.Operations = []int{8, 8, 1, -5, 1000}
	require.Equal(t, []int{8}, calls(results.Explain(h.Operations(), finding, 8)), "what is no invocation is left out")
}

func TestSummaryDrawsConcurrency(t *testing.T) {
	h, finding := concurrent()
	result := results.Judge(results.Input{History: h, Sealed: true, Reports: []verdict.Report{{
		Checker: "linearizable", Verdict: verdict.Invalid, Cause: "key x is not linearizable: a read returned 1", Judged: 5,
		Findings: []verdict.Finding{finding},
	}}})
	for name, width := range map[string]int{"summary-concurrent.txt": 80, "summary-narrow.txt": 40} {
		var buffer bytes.Buffer
		require.NoError(t, results.Summary(&buffer, result, h, results.SummaryOptions{Width: width}))
		golden(t, name, buffer.String())
	}
}
