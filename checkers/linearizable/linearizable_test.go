package linearizable_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/linearizable"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// recording builds a history event by event.
type recording struct {
	events []history.Event
	open   map[int]string
}

func (r *recording) call(process int, f, key string, value any) {
	if r.open == nil {
		r.open = map[int]string{}
	}
	r.open[process] = f
	r.events = append(r.events, history.Event{Kind: history.Invoke, Process: process, F: f, Key: key, Value: value, Time: time.Duration(len(r.events))})
}

func (r *recording) returns(process int, outcome history.Outcome, value any, code string) {
	r.events = append(r.events, history.Event{Kind: history.Complete, Process: process, F: r.open[process], Outcome: outcome, Value: value, Error: code, Time: time.Duration(len(r.events))})
}

// done records an operation that nothing else overlaps.
func (r *recording) done(process int, f, key string, in, out any) {
	r.call(process, f, key, in)
	r.returns(process, history.OK, out, "")
}

func check(t *testing.T, model string, r *recording) verdict.Report {
	t.Helper()
	m, err := linearizable.ModelNamed(model, linearizable.Options{})
	require.NoError(t, err)
	return linearizable.New(m).Check(context.Background(), history.New(r.events), verdict.Budget{})
}

func TestStaleReadIsExplained(t *testing.T) {
	var r recording
	for i := range int64(50) { // what happened before does not matter
		r.done(1, "write", "r3", 100+i, nil)
		r.done(2, "read", "r3", nil, 100+i)
		r.done(2, "write", "r4", 200+i, nil)
	}
	r.done(3, "write", "r3", int64(17), nil)
	r.done(3, "write", "r3", int64(23), nil)
	r.done(2, "read", "r3", nil, int64(23))
	r.done(4, "read", "r3", nil, int64(17))
	report := check(t, "register", &r)
	require.Equal(t, verdict.Invalid, report.Verdict)
	require.Equal(t, "read of r3 by process 4 returned 17, but 23 had been written before it began", report.Cause)
	require.Equal(t, []verdict.Finding{{
		Anomaly: "nonlinearizable",
		Key:     "r3",
		Summary: report.Cause,
		Steps: []string{
			"process 3 wrote 17 (events 300 to 301)",
			"process 3 wrote 23 (events 302 to 303)",
			"process 4 read 17 (events 306 to 307)",
			"Porcupine, asked about these operations alone, finds no order either.",
		},
		Operations: []int{300, 302, 306},
		Culprit:    306,
	}}, report.Findings)
	require.Equal(t, "zones of unique values", report.Method)
}

func TestValueFromNowhere(t *testing.T) {
	var r recording
	r.done(1, "write", "r1", int64(1), nil)
	r.done(2, "read", "r1", nil, int64(2))
	report := check(t, "register", &r)
	require.Equal(t, verdict.Invalid, report.Verdict)
	require.Equal(t, "read of r1 by process 2 returned 2, which nobody had written", report.Cause)
	require.Equal(t, []int{2}, report.Findings[0].Operations)
}

func TestUnknownOutcomes(t *testing.T) {
	tests := []struct {
		name    string
		outcome history.Outcome
		want    verdict.Verdict
	}{
		{"a write that may have happened explains a later read", history.Unknown, verdict.Valid},
		{"a write that failed does not", history.Fail, verdict.Invalid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r recording
			r.call(1, "write", "r", int64(1))
			r.returns(1, test.outcome, nil, "reset")
			r.done(2, "read", "r", nil, nil)
			r.done(2, "read", "r", nil, int64(1))
			require.Equal(t, test.want, check(t, "register", &r).Verdict)
		})
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name string
		seen any
		code string
		want verdict.Verdict
	}{
		{"saw what was there", int64(1), "mismatch", verdict.Valid},
		{"saw what was not there", int64(2), "mismatch", verdict.Invalid},
		{"saw what it expected", int64(9), "mismatch", verdict.Invalid},
		{"does not say what it saw", nil, "mismatch", verdict.Valid},
		{"echoes its invocation, as Jepsen's clients do", []any{int64(9), int64(3)}, "mismatch", verdict.Valid},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var r recording
			r.done(1, "write", "r", int64(1), nil)
			r.call(2, "cas", "r", []any{int64(9), int64(3)})
			r.returns(2, history.Fail, test.seen, test.code)
			require.Equal(t, test.want, check(t, "cas-register", &r).Verdict)
		})
	}
	t.Run("a mismatch where the expected value was", func(t *testing.T) {
		var r recording
		r.done(1, "write", "r", int64(9), nil)
		r.call(2, "cas", "r", []any{int64(9), int64(3)})
		r.returns(2, history.Fail, nil, "mismatch")
		require.Equal(t, verdict.Invalid, check(t, "cas-register", &r).Verdict)
	})
	t.Run("another failure says nothing", func(t *testing.T) {
		var r recording
		r.done(1, "write", "r", int64(9), nil)
		r.call(2, "cas", "r", []any{int64(9), int64(3)})
		r.returns(2, history.Fail, nil, "no-leader")
		require.Equal(t, verdict.Valid, check(t, "cas-register", &r).Verdict)
	})
}

func TestNothingToJudgeIsUnknown(t *testing.T) {
	for name, events := range map[string]func(*recording){
		"empty":                       func(*recording) {},
		"other functions":             func(r *recording) { r.done(1, "transfer", "a", int64(1), nil) },
		"nothing was ever answered":   func(r *recording) { r.call(1, "write", "a", int64(1)) },
		"a value that is none":        func(r *recording) { r.done(1, "cas", "a", "five", nil) },
		"a completion out of nowhere": func(r *recording) { r.returns(1, history.OK, nil, "") },
	} {
		t.Run(name, func(t *testing.T) {
			var r recording
			events(&r)
			report := check(t, "cas-register", &r)
			require.Equal(t, verdict.Unknown, report.Verdict)
			require.NotEmpty(t, report.Cause)
			require.Zero(t, report.Judged)
		})
	}
}

func TestOneMalformedKeyDoesNotHideAnInvalidOne(t *testing.T) {
	var r recording
	r.done(1, "cas", "a", "five", nil)
	r.done(1, "read", "b", nil, int64(7))
	require.Equal(t, verdict.Invalid, check(t, "cas-register", &r).Verdict)
}

func TestBudgetUsedUpIsUnknown(t *testing.T) {
	var r recording
	const clients = 40
	for i := range clients {
		r.call(i, "enqueue", "q", int64(7)) // equal values: only the search can
	}
	for i := range clients {
		r.call(clients+i, "enqueue", "q", int64(i))
	}
	for i := range 2 * clients {
		r.returns(i, history.OK, nil, "")
	}
	m, err := linearizable.ModelNamed("queue", linearizable.Options{})
	require.NoError(t, err)
	report := linearizable.New(m).Check(context.Background(), history.New(r.events), verdict.Budget{Memory: 1 << 20})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "memory budget")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	report = linearizable.New(m).Check(ctx, history.New(r.events), verdict.Budget{})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "time budget")
}

func TestStrangeValuesNeverPanic(t *testing.T) {
	strange := []any{nil, true, int64(-1), math.Inf(1), "x", []any{}, []any{int64(1)}, []any{nil, nil}, map[string]any{"a": []any{}}}
	for _, info := range linearizable.Models() {
		m, err := linearizable.ModelNamed(info.Name, linearizable.Options{})
		require.NoError(t, err)
		for _, f := range m.Functions {
			for _, in := range strange {
				for _, out := range strange {
					for _, outcome := range []history.Outcome{history.OK, history.Fail, history.Unknown} {
						var r recording
						r.call(1, f, "k", in)
						r.returns(1, outcome, out, "mismatch")
						require.NotPanics(t, func() { check(t, info.Name, &r) }, fmt.Sprint(info.Name, f, in, out))
					}
				}
			}
		}
	}
}

func TestManyKeys(t *testing.T) {
	var r recording
	for i := range 20_000 {
		key := fmt.Sprintf("k%d", i)
		r.done(i, "write", key, int64(i), nil)
		r.done(i, "read", key, nil, int64(i))
	}
	report := check(t, "cas-register", &r)
	require.Equal(t, verdict.Valid, report.Verdict)
	require.Equal(t, 40_000, report.Judged)
	model, err := linearizable.ModelNamed("cas-register", linearizable.Options{})
	require.NoError(t, err)
	view, err := columns.Of(history.New(r.events))
	require.NoError(t, err)
	checker := linearizable.New(model, linearizable.Workers(4))
	require.Equal(t, report, checker.CheckColumns(context.Background(), view, verdict.Budget{}))

	r.done(20_000, "read", "k17", nil, int64(18)) // one key in the first part is wrong
	view, err = columns.Of(history.New(r.events))
	require.NoError(t, err)
	wrong := checker.CheckColumns(context.Background(), view, verdict.Budget{})
	require.Equal(t, verdict.Invalid, wrong.Verdict)
	require.Equal(t, "k17", wrong.Findings[0].Key)
	require.Equal(t, check(t, "cas-register", &r), wrong)
}

func TestUnknownModel(t *testing.T) {
	_, err := linearizable.ModelNamed("teapot", linearizable.Options{})
	require.ErrorContains(t, err, "cas-register")
}

func ExampleNew() {
	model, err := linearizable.ModelNamed("register", linearizable.Options{})
	if err != nil {
		panic(err)
	}
	h := history.New([]history.Event{
		{Kind: history.Invoke, Process: 1, F: "write", Key: "x", Value: int64(5)},
		{Kind: history.Complete, Process: 1, F: "write", Outcome: history.OK},
		{Kind: history.Invoke, Process: 2, F: "read", Key: "x"},
		{Kind: history.Complete, Process: 2, F: "read", Outcome: history.OK},
	})
	report := linearizable.New(model).Check(context.Background(), h, verdict.Budget{})
	fmt.Println(report.Verdict, "-", report.Cause)
	// Output: invalid - read of x by process 2 returned nil, but 5 had been written before it began
}
