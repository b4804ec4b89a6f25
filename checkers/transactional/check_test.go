package transactional_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
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

// called and answered are the two halves of a transaction that others overlap.
func called(process int, value string) string {
	return fmt.Sprintf("{:type :invoke :f :txn :process %d :value %s}", process, value)
}

func answered(process int, value string) string {
	return fmt.Sprintf("{:type :ok :f :txn :process %d :value %s}", process, value)
}

func TestAnomalies(t *testing.T) {
	const ok, fail, info = ":ok", ":fail", ":info"
	missing := make(map[string]bool)
	for _, name := range transactional.Anomalies {
		missing[name] = true
	}
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
		{"appends of a process in the wrong order", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1]]"), txn(0, ok, "[[:append x 2]]"), txn(1, ok, "[[:r x [2 1]]]")}, "G0-process", "monotonic-writes"},
		{"appends in the wrong order", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1]]"), txn(1, ok, "[[:append x 2]]"), txn(2, ok, "[[:r x [2 1]]]")}, "G0-realtime", "strong-read-uncommitted"},
		{"a process sees what it will append", transactional.ListAppend, []string{txn(0, ok, "[[:r x [1]]]"), txn(0, ok, "[[:append x 1]]")}, "G1c-process", "writes-follow-reads"},
		{"seen before it is appended", transactional.ListAppend, []string{txn(0, ok, "[[:r x [1]]]"), txn(1, ok, "[[:append x 1]]")}, "G1c-realtime", "strong-read-committed"},
		{"a process reads less than before", transactional.ListAppend, []string{txn(0, info, "[[:append x 1]]"), txn(1, ok, "[[:r x [1]]]"), txn(1, ok, "[[:r x []]]")}, "G-single-process", "monotonic-reads"},
		{"long fork of processes", transactional.ListAppend, []string{txn(0, ok, "[[:append x 1]]"), txn(1, ok, "[[:append y 1]]"), txn(0, ok, "[[:r y []]]"), txn(1, ok, "[[:r x []]]")}, "G-nonadjacent-process", "strong-session-snapshot-isolation"},
		{"long fork in real time", transactional.ListAppend, []string{
			called(0, "[[:append x 1]]"), called(1, "[[:r x nil] [:r y nil]]"), txn(2, ok, "[[:append y 1]]"), txn(3, ok, "[[:r x []]]"),
			answered(0, "[[:append x 1]]"), answered(1, "[[:r x [1]] [:r y []]]"),
		}, "G-nonadjacent-realtime", "strong-snapshot-isolation"},
		{"write skew with a process", transactional.ListAppend, []string{txn(0, ok, "[[:append y 1]]"), txn(1, ok, "[[:r y []] [:append x 1]]"), txn(0, ok, "[[:r x []]]")}, "G2-item-process", "strong-session-serializable"},
		{"write skew in real time", transactional.ListAppend, []string{
			called(1, "[[:r y nil] [:append x 1]]"), txn(0, ok, "[[:append y 1]]"), txn(2, ok, "[[:r x []]]"), answered(1, "[[:r y []] [:append x 1]]"),
		}, "G2-item-realtime", "strict-serializable"},
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
				delete(missing, finding.Anomaly)
				require.NotEmpty(t, finding.Operations)
				require.IsIncreasing(t, finding.Operations)
				for _, step := range finding.Steps {
					require.NotContains(t, step, "depends on", "every dependency is explained")
				}
				require.NoError(t, drawn(t, finding))
			}
		})
	}
	require.Empty(t, missing, "anomalies of which there is no example")
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

// TestDrawingHasRoom draws cycles of all sizes, and expects every box and every
// sentence to have a place of its own, on the page.
func TestDrawingHasRoom(t *testing.T) {
	type place struct {
		Class  string  `xml:"class,attr"`
		X      float64 `xml:"x,attr"`
		Y      float64 `xml:"y,attr"`
		Height string  `xml:"height,attr"`
	}
	for n := 2; n <= 24; n++ {
		var lines []string
		for _, kind := range []string{"invoke", "ok"} {
			for i := range n {
				long := strings.Repeat("[:r a-key-with-a-long-name []] ", i)
				lines = append(lines, fmt.Sprintf("{:type :%s :f :txn :process %d :value [%s[:r k%d []] [:append k%d 1]]}", kind, i, long, i, (i+1)%n))
			}
		}
		report := check(t, transactional.ListAppend, "serializable", edn(t, lines...))
		require.Equal(t, "G2-item", report.Findings[0].Anomaly)
		var b bytes.Buffer
		require.NoError(t, transactional.DrawCycle(&b, report.Findings[0]))
		var page struct {
			Width  float64 `xml:"width,attr"`
			Height float64 `xml:"height,attr"`
			Groups []struct {
				Boxes []place `xml:"rect"`
				Texts []place `xml:"text"`
			} `xml:"g"`
		}
		require.NoError(t, xml.Unmarshal(b.Bytes(), &page))
		boxes, below := 0, 0.0
		taken := map[float64]bool{}
		for _, g := range page.Groups {
			for _, box := range g.Boxes {
				require.Greater(t, box.Y, below)
				height, err := strconv.ParseFloat(box.Height, 64)
				require.NoError(t, err)
				below = box.Y + height
				boxes++
			}
			for _, text := range g.Texts {
				require.Less(t, text.Y, page.Height)
				if text.Class == "rw" {
					require.False(t, taken[text.Y], "one sentence a line")
					taken[text.Y] = true
				}
			}
		}
		require.Equal(t, n, boxes)
		require.Less(t, below, page.Height)
		require.GreaterOrEqual(t, len(taken), n)
	}
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
