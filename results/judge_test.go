package results_test

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/results"
	"github.com/tertium-dev/tertium/results/internal/sample"
)

// inputOf is what a run that came to its end gives to Judge.
func inputOf(run sample.Run) results.Input {
	return results.Input{
		Facts: results.Facts{
			Version:   "1.2.3",
			Started:   time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC),
			Reproduce: []string{"tertium", "run", "--system", "ledger", "--workload", "register", "--seed", "42"},
			Nodes:     []results.Node{{Name: "n1"}, {Name: "n2"}, {Name: "n3"}},
		},
		Plan:     &run.Plan,
		PlanHash: "9f86d081884c7d65",
		History:  run.History,
		Head:     "2c26b46b68ffc68f",
		Sealed:   true,
		Reports:  run.Reports,
	}
}

func TestJudgeValid(t *testing.T) {
	r := results.Judge(inputOf(sample.Make(sample.Options{})))
	require.Equal(t, verdict.Valid, r.Verdict, r.Cause)
	require.Equal(t, results.ExitValid, r.Exit)
	require.Empty(t, r.Doubts)
	require.Equal(t, "linearizable, availability held over 400 operations under 3 faults, each of which took effect", r.Cause)
}

func TestJudgeInvalidSaysWhatTheCheckerFound(t *testing.T) {
	r := results.Judge(inputOf(sample.Make(sample.Options{Stale: true})))
	require.Equal(t, verdict.Invalid, r.Verdict)
	require.Equal(t, results.ExitInvalid, r.Exit)
	require.Equal(t, "linearizable", r.Reports[0].Checker, "the gravest report comes first")
	require.Equal(t, "linearizable: "+r.Reports[0].Cause, r.Cause)
}

// Each doubt alone makes a valid run unknown, and none hides a violation.
func TestJudgeDoubts(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*results.Input)
		cause  string
		exit   results.ExitCode
	}{
		"interrupted": {
			func(in *results.Input) { in.Interrupted = true },
			"the run was interrupted before its end", results.ExitInterrupted,
		},
		"set-up": {
			func(in *results.Input) { in.SetupError = "start n2: port taken" },
			"the system or a fault could not be set up: start n2: port taken", results.ExitSetup,
		},
		"internal": {
			func(in *results.Input) { in.InternalError = "disk full" },
			"Tertium itself failed: disk full", results.ExitInternal,
		},
		"trouble": {
			func(in *results.Input) { in.Trouble = []string{"node n1 did not come back", "again"} },
			"node n1 did not come back (and 1 more doubt)", results.ExitUnknown,
		},
		"harness killed": {
			func(in *results.Input) { in.Sealed = false },
			"the history was never closed: the harness died before the end of the run", results.ExitUnknown,
		},
		"planned fault missing": {
			func(in *results.Input) {
				in.Plan.Faults = append(in.Plan.Faults, plan.Fault{Ref: "f9", Kind: "pause", Target: "n1"})
			},
			"fault pause on n1 (f9) was planned but never injected: the history does not mention it", results.ExitUnknown,
		},
		"no checker": {
			func(in *results.Input) { in.Reports = nil },
			"no checker judged the history", results.ExitUnknown,
		},
		"checker unknown": {
			func(in *results.Input) {
				in.Reports = append(in.Reports, verdict.Report{Checker: "durability", Cause: "no reads"})
			},
			"durability: no reads", results.ExitUnknown,
		},
		"checker judged nothing": {
			func(in *results.Input) { in.Reports[1].Judged = 0 },
			"availability: nothing was judged: longest gap 0.2 s", results.ExitUnknown,
		},
	} {
		t.Run(name, func(t *testing.T) {
			in := inputOf(sample.Make(sample.Options{}))
			test.change(&in)
			r := results.Judge(in)
			require.Equal(t, verdict.Unknown, r.Verdict)
			require.Equal(t, test.cause, r.Cause)
			require.Equal(t, test.exit, r.Exit)

			in = inputOf(sample.Make(sample.Options{Stale: true}))
			if name != "no checker" {
				test.change(&in)
				r = results.Judge(in)
				require.Equal(t, verdict.Invalid, r.Verdict)
				require.Equal(t, results.ExitInvalid, r.Exit)
			}
		})
	}
}

func TestJudgeNothingTested(t *testing.T) {
	in := inputOf(sample.Make(sample.Options{}))
	in.Plan.Faults = nil
	in.History = history.New([]history.Event{
		{Kind: history.Invoke, F: "read", Key: "x"},
		{Time: 1, Kind: history.Complete, F: "read", Key: "x", Outcome: history.Fail, Error: "refused"},
	})
	require.Equal(t, "no operation succeeded, so nothing was tested", results.Judge(in).Cause)

	r := results.Judge(results.Input{Facts: results.Facts{SetupError: "no such image"}})
	require.Equal(t, verdict.Unknown, r.Verdict)
	require.Equal(t, results.ExitSetup, r.Exit)
}

func TestJudgeFaultWithoutEffect(t *testing.T) {
	r := results.Judge(inputOf(sample.Make(sample.Options{Toothless: true})))
	require.Equal(t, verdict.Unknown, r.Verdict)
	require.Equal(t, "fault lost-ack on all (f0) was injected but never took effect", r.Cause)
	require.False(t, r.Faults[0].Bit)
	require.True(t, r.Faults[1].Bit)
}

func TestJudgeFaultThatNothingOverlapped(t *testing.T) {
	in := inputOf(sample.Make(sample.Options{}))
	in.Plan.Faults = nil
	heal := map[string]any{"stage": "heal", "count": int64(3), "what": "3 killed", "where": []any{"n1"}}
	in.History = history.New([]history.Event{
		{Kind: history.Invoke, F: "read"},
		{Time: 1, Kind: history.Complete, F: "read", Outcome: history.OK, Value: int64(1)},
		{Time: 2, Kind: history.Nemesis, Process: history.NoProcess, F: "kill", Ref: "f0", Value: map[string]any{"stage": "inject"}},
		{Time: 3, Kind: history.Nemesis, Process: history.NoProcess, F: "kill", Ref: "f0", Value: heal},
	})
	r := results.Judge(in)
	require.Equal(t, "fault kill (f0) took effect while no operation was under way", r.Cause)
	require.Equal(t, []string{"n1"}, r.Faults[0].Where)

	// An operation that is open when the fault comes is overlapped by it.
	in.History.Events[1].Time, in.History.Events[2].Time = 2, 1
	in.History.Events[1], in.History.Events[2] = in.History.Events[2], in.History.Events[1]
	in.History = history.New(in.History.Events)
	r = results.Judge(in)
	require.Equal(t, verdict.Valid, r.Verdict, r.Cause)
	require.Equal(t, []results.Tally{{F: "read", Outcomes: results.Outcomes{OK: 1}}}, r.Faults[0].Overlaps)

	// One that is never healed lasts until the end.
	in.History.Events = in.History.Events[:3]
	r = results.Judge(in)
	require.False(t, r.Faults[0].Healed)
	require.Equal(t, time.Duration(2), r.Faults[0].End)
}

// Nemesis events that are not about the time of a fault are no faults, as in
// the history of another harness.
func TestJudgeOtherNemesisEvents(t *testing.T) {
	event := func(ref, kind string, value any) history.Event {
		return history.Event{Kind: history.Nemesis, Process: history.NoProcess, Ref: ref, F: kind, Value: value}
	}
	in := inputOf(sample.Make(sample.Options{}))
	in.Plan.Faults = nil
	stage := func(stage string) map[string]any { return map[string]any{"stage": stage} }
	in.History = history.New([]history.Event{
		{Kind: history.Invoke, F: "read"},
		{Kind: history.Complete, F: "read", Outcome: history.OK},
		event("", "start-partition", nil), event("", "note", "text"), event("f1", "kill", stage("heal")), event("f1", "kill", stage("other")),
	})
	r := results.Judge(in)
	require.Empty(t, r.Faults)
	require.Equal(t, verdict.Valid, r.Verdict, r.Cause)

	// One that comes again under the same name is another fault.
	in.History = history.New(append(in.History.Events,
		event("", "kill", stage("inject")), event("", "kill", stage("heal")), event("", "kill", stage("inject")), event("", "pause", stage("missed"))))
	r = results.Judge(in)
	require.Equal(t, []string{
		"fault kill was injected but never took effect",
		"fault kill has no evidence, because the history ends before it was healed",
		"fault pause was planned but never injected",
	}, r.Doubts)
}

func TestFaultName(t *testing.T) {
	require.Equal(t, "lost-ack on leader (f3)", results.Fault{Kind: "lost-ack", Target: "leader", Ref: "f3"}.Name())
	require.Equal(t, "lost-ack.2 on leader", results.Fault{Kind: "lost-ack", Target: "leader", Ref: "lost-ack.2"}.Name())
	require.Equal(t, "kill", results.Fault{Kind: "kill"}.Name())
}

// Overlaps are those that trying every pair finds.
func TestOverlaps(t *testing.T) {
	run := sample.Make(sample.Options{Operations: 2000})
	operations := run.History.Operations()
	for _, fault := range results.Judge(inputOf(run)).Faults {
		count := 0
		for _, op := range operations {
			if op.Start <= fault.End && op.End >= fault.Start {
				count++
			}
		}
		sum := 0
		for _, tally := range fault.Overlaps {
			sum += tally.Sum()
		}
		require.Positive(t, count)
		require.Equal(t, count, sum, fault.Kind)
	}
}

func TestStatistics(t *testing.T) {
	event := func(at int, kind history.Kind, process int, f string, outcome history.Outcome) history.Event {
		return history.Event{Time: time.Duration(at), Kind: kind, Process: process, F: f, Outcome: outcome}
	}
	var events []history.Event
	events = append(events, event(0, history.Phase, -1, "warm-up", 0))
	for i := range 100 { // latencies 1 to 100
		events = append(events, event(1000*i, history.Invoke, 0, "read", 0), event(1000*i+i+1, history.Complete, 0, "read", history.OK))
	}
	events = append(events, event(100_000, history.Phase, -1, "faults", 0),
		event(100_001, history.Invoke, 0, "write", 0), event(900_000, history.Complete, 0, "write", history.Unknown),
		event(900_001, history.Invoke, 1, "write", 0), event(900_002, history.Complete, 1, "write", history.Fail),
		event(900_003, history.Invoke, 1, "write", 0))
	s := results.Judge(results.Input{History: history.New(events)}).Statistics
	latency := results.Quantiles{P50: 50, P95: 95, P99: 99, Max: 100}
	require.Equal(t, results.Statistics{
		Total: results.Measure{Name: "all", Outcomes: results.Outcomes{OK: 100, Fail: 1, Unknown: 2}, Latency: latency},
		Functions: []results.Measure{
			{Name: "read", Outcomes: results.Outcomes{OK: 100}, Latency: latency},
			{Name: "write", Outcomes: results.Outcomes{Fail: 1, Unknown: 2}},
		},
		Phases: []results.Measure{
			{Name: "warm-up", Outcomes: results.Outcomes{OK: 100}, Latency: latency},
			{Name: "faults", Outcomes: results.Outcomes{Fail: 1, Unknown: 2}},
		},
	}, s)
}

func TestResultIsDeterministicAndReadsBack(t *testing.T) {
	encode := func() []byte {
		in := inputOf(sample.Make(sample.Options{Stale: true, Text: "\x1b[31m</script>"}))
		in.SetupError, in.Trouble = "\xff", []string{"\xfe"}
		in.Reports[0].Figures = []verdict.Figure{{Name: "nan", Value: math.NaN()}, {Name: "inf", Value: math.Inf(-1)}, {Name: "one", Value: 1}}
		in.Plan.Config.Options = map[string]string{"c": "3", "a": "1", "b": "2"}
		var buffer bytes.Buffer
		require.NoError(t, results.Judge(in).Write(&buffer))
		return buffer.Bytes()
	}
	first := encode()
	for range 5 {
		require.Equal(t, string(first), string(encode()))
	}
	read, err := results.ReadResult(bytes.NewReader(first))
	require.NoError(t, err)
	require.Equal(t, []verdict.Figure{{Name: "one", Value: 1}}, read.Reports[0].Figures)
	var again bytes.Buffer
	require.NoError(t, read.Write(&again))
	require.Equal(t, string(first), again.String())
	in := inputOf(sample.Make(sample.Options{}))
	in.Facts = read.Facts
	require.Equal(t, read.Facts, results.Judge(in).Facts, "a later check takes over the facts as they are")
}

func TestResultHasNoNull(t *testing.T) {
	for _, in := range []results.Input{{}, {Plan: &plan.Plan{}}, inputOf(sample.Make(sample.Options{Stale: true}))} {
		in.Nodes = append(in.Nodes, results.Node{Name: "n9"})
		var buffer bytes.Buffer
		require.NoError(t, results.Judge(in).Write(&buffer))
		require.NotContains(t, buffer.String(), "null")
	}
}

func TestReadResultRefuses(t *testing.T) {
	for text, expected := range map[string]string{
		"":               "not a result.json",
		"[]":             "not a result.json",
		`{"schema": 99}`: "schema 99 is not known",
		`{}`:             "schema 0 is not known",
	} {
		_, err := results.ReadResult(strings.NewReader(text))
		require.ErrorContains(t, err, expected)
	}
}

// Whatever the checkers say, the verdict is sacred.
func TestJudgeNeverImproves(t *testing.T) {
	run := sample.Make(sample.Options{})
	rapid.Check(t, func(t *rapid.T) {
		in := inputOf(run)
		in.Reports = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) verdict.Report {
			return verdict.Report{
				Checker: rapid.StringMatching("[a-c]").Draw(t, "checker"),
				Verdict: rapid.SampledFrom([]verdict.Verdict{verdict.Valid, verdict.Invalid, verdict.Unknown}).Draw(t, "verdict"),
				Judged:  rapid.IntRange(0, 2).Draw(t, "judged"),
			}
		}), 0, 5).Draw(t, "reports")
		in.Interrupted = rapid.Bool().Draw(t, "interrupted")
		r := results.Judge(in)
		anyInvalid, allValid := false, len(in.Reports) > 0 && !in.Interrupted
		for _, report := range in.Reports {
			anyInvalid = anyInvalid || report.Verdict == verdict.Invalid
			allValid = allValid && report.Verdict == verdict.Valid && report.Judged > 0
		}
		require.Equal(t, anyInvalid, r.Verdict == verdict.Invalid)
		require.Equal(t, allValid, r.Verdict == verdict.Valid)
		require.NotEmpty(t, r.Cause)
	})
}
