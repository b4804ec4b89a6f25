package transactional_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/transactional"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// edn reads a history as Jepsen writes it.
func edn(t testing.TB, lines ...string) *history.History {
	h, err := history.Read(strings.NewReader(strings.Join(lines, "\n")), history.JepsenEDN)
	require.NoError(t, err)
	return h
}

// txn is a transaction that was called and answered with nothing between.
func txn(process int, outcome, value string) string {
	return fmt.Sprintf("{:type :invoke :f :txn :process %d :value %s}\n{:type %s :f :txn :process %d :value %s}", process, value, outcome, process, value)
}

func check(t testing.TB, workload transactional.Workload, model string, h *history.History) verdict.Report {
	checker, err := transactional.New(workload, transactional.WithModel(model))
	require.NoError(t, err)
	report := checker.Check(context.Background(), h, verdict.Budget{})
	require.NotEmpty(t, report.Cause)
	if report.Verdict != verdict.Unknown {
		require.Positive(t, report.Judged)
	}
	return report
}

func anomalies(report verdict.Report) []string {
	var names []string
	for _, finding := range report.Findings {
		names = append(names, finding.Anomaly)
	}
	return names
}

func TestAnomalies(t *testing.T) {
	const ok, fail, info = ":ok", ":fail", ":info"
	tests := []struct {
		name     string
		workload transactional.Workload
		history  []string
		// worst is the first finding, weakest the weakest models violated.
		worst, weakest string
	}{
		{"G1a", transactional.ListAppend, []string{txn(0, fail, "[[:append x 1]]"), txn(1, ok, "[[:r x [1]]]")}, "G1a", "read-committed"},
		{"dirty update", transactional.ListAppend, []string{txn(0, fail, "[[:append x 1]]"), txn(1, ok, "[[:append x 2]]"), txn(2, ok, "[[:r x [1 2]]]")}, "G1a", "read-committed"},
		{"G1b", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1] [:append x 2]]"), txn(1, ok, "[[:r x [1]]]"), txn(1, ok, "[[:r x [1 2]]]")}, "G1b", "read-committed"},
		{"internal", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1] [:r x []]]")}, "internal", "read-atomic"},
		{"own order", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1] [:append x 2]]"), txn(1, ok, "[[:r x [2 1]]]")}, "G1b", "read-committed"},
		{"future read", transactional.ListAppend, []string{txn(0, ok, "[[:r x [1]] [:append x 1]]")}, "future-read", "read-committed"},
		{"garbage", transactional.ListAppend, []string{txn(0, ok, "[[:r x [9]]]")}, "garbage-read", "read-uncommitted"},
		{"duplicate", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1]]"), txn(0, ok, "[[:r x [1 1]]]")}, "duplicate-elements", "read-uncommitted"},
		{"orders", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1]]"), txn(1, ok, "[[:append x 2]]"), txn(2, ok, "[[:r x [1 2]]]"), txn(3, ok, "[[:r x [2 1]]]")}, "incompatible-order", "read-committed"},
		{"G0", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1] [:append y 1]]"), txn(1, ok, "[[:append x 2] [:append y 2]]"), txn(2, ok, "[[:r x [1 2]] [:r y [2 1]]]")}, "G0", "read-uncommitted"},
		{"G1c", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1] [:r y [1]]]"), txn(1, ok, "[[:append y 1] [:r x [1]]]")}, "G1c", "read-committed"},
		{"lost update", transactional.ListAppend, []string{txn(0, ok, "[[:r x []] [:append x 1]]"), txn(1, ok, "[[:r x []] [:append x 2]]"), txn(2, ok, "[[:r x [1 2]]]")}, "lost-update", "update-atomic"},
		{"write skew", transactional.ListAppend, []string{txn(0, ok, "[[:r x []] [:append y 1]]"), txn(1, ok, "[[:r y []] [:append x 1]]")}, "G2-item", "repeatable-read"},
		{"long fork", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1]]"), txn(1, ok, "[[:append y 1]]"), txn(2, ok, "[[:r x [1]] [:r y []]]"), txn(3, ok, "[[:r x []] [:r y [1]]]")}, "G-nonadjacent", "repeatable-read, snapshot-isolation"},
		{"stale read", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1]]"), txn(1, ok, "[[:r x []]]")}, "G-single-realtime", "strong-snapshot-isolation"},
		{"stale read of a process", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1]]"), txn(0, ok, "[[:r x []]]")}, "G-single-process", "read-your-writes"},
		{"unknown but seen", transactional.ListAppend, []string{txn(0, info, "[[:append x 1] [:append y 1]]"), txn(1, ok, "[[:r x [1]] [:r y []]]")}, "G-single", "parallel-snapshot-isolation, consistent-view"},
		{"blind appends over a write skew", transactional.ListAppend, []string{txn(0, ok, "[[:r x []] [:append y 1] [:append z 1]]"), txn(1, ok, "[[:r y []] [:append x 1] [:append z 2]]")}, "G-single", "parallel-snapshot-isolation, consistent-view"},

		{"register G1a", transactional.RWRegister, []string{txn(0, fail, "[[:w x 1]]"), txn(1, ok, "[[:r x 1]]")}, "G1a", "read-committed"},
		{"register G1b", transactional.RWRegister, []string{txn(0, ok, "[[:w x 1] [:w x 2]]"), txn(1, ok, "[[:r x 1]]")}, "G1b", "read-committed"},
		{"register garbage", transactional.RWRegister, []string{txn(0, ok, "[[:r x nil]]"), txn(1, ok, "[[:r x 1]]")}, "garbage-read", "read-uncommitted"},
		{"register G1c", transactional.RWRegister, []string{txn(0, ok, "[[:w x 1] [:r y 1]]"), txn(1, ok, "[[:w y 1] [:r x 1]]")}, "G1c", "read-committed"},
		{"register lost update", transactional.RWRegister, []string{txn(0, ok, "[[:r x nil] [:w x 1]]"), txn(1, ok, "[[:r x nil] [:w x 2]]")}, "lost-update", "update-atomic"},
		{"register write skew", transactional.RWRegister, []string{txn(0, ok, "[[:r x nil] [:r y nil] [:w x 1]]"), txn(1, ok, "[[:r x nil] [:r y nil] [:w y 1]]")}, "G2-item", "repeatable-read"},
		{"register blind writes", transactional.RWRegister, []string{txn(0, ok, "[[:w x 1] [:w y 1]]"), txn(1, ok, "[[:w x 2] [:w y 2]]"), txn(2, ok, "[[:r x 1] [:r y 2]]")}, "G-single", "parallel-snapshot-isolation, consistent-view"},
		{"register stale read", transactional.RWRegister, []string{txn(0, ok, "[[:w x 1]]"), txn(1, ok, "[[:w x 2]]"), txn(2, ok, "[[:r x 1]]")}, "G-single-realtime", "strong-snapshot-isolation"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			report := check(t, test.workload, "strict-serializable", edn(t, test.history...))
			require.Equal(t, verdict.Invalid, report.Verdict, report.Cause)
			require.Equal(t, test.worst, report.Findings[0].Anomaly, anomalies(report))
			require.Contains(t, report.Method, "violated at least: "+test.weakest)
			require.Contains(t, report.Cause, report.Findings[0].Summary)
			for _, finding := range report.Findings {
				require.NotEmpty(t, finding.Operations)
				require.IsIncreasing(t, finding.Operations)
				for _, step := range finding.Steps {
					require.NotContains(t, step, "depends on", "every dependency is explained")
				}
				require.NoError(t, drawn(t, finding))
			}
		})
	}
}

// drawn draws a finding, if it is about a cycle, and reads the drawing.
func drawn(t testing.TB, finding verdict.Finding) error {
	var b bytes.Buffer
	err := transactional.DrawCycle(&b, finding)
	if errors.Is(err, transactional.ErrNoCycle) {
		require.Empty(t, b.String())
		require.False(t, strings.HasPrefix(finding.Anomaly, "G0") || strings.HasPrefix(finding.Anomaly, "G2"))
		return nil
	}
	decoder := xml.NewDecoder(&b)
	for err == nil {
		_, err = decoder.Token()
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func TestSentences(t *testing.T) {
	report := check(t, transactional.ListAppend, "serializable", edn(t,
		txn(0, ":ok", "[[:append x 1]]"), txn(1, ":ok", "[[:append y 1]]"),
		txn(2, ":ok", "[[:r x [1]] [:r y []]]"), txn(3, ":ok", "[[:r x []] [:r y [1]]]")))
	require.Equal(t, []string{
		"T1 = [append x 1] (process 0, event 0)",
		"T2 = [r x [1]] [r y []] (process 2, event 4)",
		"T3 = [append y 1] (process 1, event 2)",
		"T4 = [r x []] [r y [1]] (process 3, event 6)",
		"T1 -wr-> T2: T2 observed T1's append of 1 to x",
		"T2 -rw-> T3: T2 did not observe T3's append of 1 to y",
		"T3 -wr-> T4: T4 observed T3's append of 1 to y",
		"T4 -rw-> T1: T4 did not observe T1's append of 1 to x",
	}, report.Findings[0].Steps)
	require.Equal(t, []int{0, 2, 4, 6}, report.Findings[0].Operations)
}

func TestDrawingIsEscaped(t *testing.T) {
	report := check(t, transactional.ListAppend, "serializable", edn(t,
		txn(0, ":ok", `[[:r "<script>" []] [:append "a&b\"" 1]]`), txn(1, ":ok", `[[:r "a&b\"" []] [:append "<script>" 1]]`)))
	require.Equal(t, verdict.Invalid, report.Verdict)
	var b bytes.Buffer
	require.NoError(t, transactional.DrawCycle(&b, report.Findings[0]))
	require.NotContains(t, b.String(), "<script>")
	require.Contains(t, b.String(), "&lt;script&gt;")
	require.NoError(t, drawn(t, report.Findings[0]))
}

func TestUnknown(t *testing.T) {
	tests := map[string]struct {
		workload transactional.Workload
		history  *history.History
		cause    string
	}{
		"empty":           {transactional.ListAppend, history.New(nil), "no transactions"},
		"only writes":     {transactional.ListAppend, edn(t, txn(0, ":ok", "[[:append x 1]]")), "read anything"},
		"written twice":   {transactional.ListAppend, edn(t, txn(0, ":ok", "[[:append x 1]]"), txn(1, ":fail", "[[:append x 1]]"), txn(0, ":ok", "[[:r x [1]]]")), "1 was written to x twice, at events 0 and 2"},
		"set twice":       {transactional.RWRegister, edn(t, txn(0, ":ok", "[[:w x 1]]"), txn(1, ":ok", "[[:w x 1]]"), txn(0, ":ok", "[[:r x 1]]")), "1 was written to x twice, at events 0 and 2"},
		"other workload":  {transactional.RWRegister, edn(t, txn(0, ":ok", "[[:append x 1]]")), "append is no function of the workload rw-register"},
		"not a list":      {transactional.ListAppend, edn(t, txn(0, ":ok", "7")), "not a list"},
		"a read of no":    {transactional.ListAppend, edn(t, txn(0, ":ok", "[[:r x 7]]")), "other than a list"},
		"nil is written":  {transactional.RWRegister, edn(t, txn(0, ":ok", "[[:w x nil]]")), "writes nil"},
		"a list as a key": {transactional.RWRegister, edn(t, txn(0, ":ok", "[[:w [1] 1]]")), "a key is neither"},
		"no answer":       {transactional.ListAppend, edn(t, "{:type :invoke :f :txn :process 0 :value [[:r x nil]]}", "{:type :ok :f :txn :process 0}"), "no value that says what it read"},
		"malformed":       {transactional.ListAppend, &history.History{Events: []history.Event{{Kind: history.Complete}}}, "event 0"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := check(t, test.workload, "serializable", test.history)
			require.Equal(t, verdict.Unknown, report.Verdict)
			require.Contains(t, report.Cause, test.cause)
			require.Zero(t, report.Judged)
		})
	}
}

func TestBudget(t *testing.T) {
	h := edn(t, txn(0, ":ok", "[[:append x 1]]"), txn(0, ":ok", "[[:r x [1]]]"))
	checker, err := transactional.New(transactional.ListAppend)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report := checker.Check(ctx, h, verdict.Budget{})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "time")
	report = checker.Check(context.Background(), h, verdict.Budget{Memory: 1})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "MB")
}

func TestModelNames(t *testing.T) {
	for _, model := range transactional.ConsistencyModels() {
		for _, name := range []string{model.Name, model.Alias} {
			if name == "" {
				continue
			}
			_, err := transactional.New(transactional.ListAppend, transactional.WithModel(name))
			require.NoError(t, err, name)
		}
		require.NotEmpty(t, model.Doc)
	}
	_, err := transactional.New(transactional.ListAppend, transactional.WithModel("eventual"))
	require.ErrorContains(t, err, "strict-serializable")
	_, err = transactional.New(0)
	require.Error(t, err)
	_, err = transactional.WorkloadNamed("rw-register")
	require.NoError(t, err)
	_, err = transactional.WorkloadNamed("bank")
	require.ErrorContains(t, err, "list-append")
}

func TestEqualReports(t *testing.T) {
	h := edn(t, txn(0, ":ok", "[[:r x []] [:append y 1]]"), txn(1, ":ok", "[[:r y []] [:append x 1]]"))
	require.Equal(t, check(t, transactional.ListAppend, "serializable", h), check(t, transactional.ListAppend, "serializable", h))
}
