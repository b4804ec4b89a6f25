package stats_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/checkers/stats"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// one operation of a test, on a process of its own.
type op struct {
	f       string
	at, end time.Duration
	outcome history.Outcome
	err     string
}

// record makes a history of operations that do not overlap.
func record(phases map[time.Duration]string, ops ...op) *history.History {
	var events []history.Event
	for i, o := range ops {
		events = append(events,
			history.Event{Time: o.at, Kind: history.Invoke, Process: i, F: o.f},
			history.Event{Time: o.end, Kind: history.Complete, Process: i, F: o.f, Outcome: o.outcome, Error: o.err},
		)
	}
	for at, name := range phases {
		events = append(events, history.Event{Time: at, Kind: history.Phase, Process: history.NoProcess, F: name})
	}
	slices.SortStableFunc(events, func(a, b history.Event) int { return int(a.Time - b.Time) })
	return history.New(events)
}

const ms = time.Millisecond

func TestCountsByPhaseFunctionAndOutcome(t *testing.T) {
	h := record(map[time.Duration]string{0: "warm-up", 1000 * ms: "faults"},
		op{f: "read", at: 1 * ms, end: 3 * ms, outcome: history.OK},
		op{f: "write", at: 4 * ms, end: 14 * ms, outcome: history.OK},
		op{f: "read", at: 900 * ms, end: 1400 * ms, outcome: history.Unknown, err: "timeout: 500ms"},
		op{f: "write", at: 1500 * ms, end: 1501 * ms, outcome: history.Fail, err: "mismatch"},
		op{f: "write", at: 1600 * ms, end: 1602 * ms, outcome: history.Fail, err: "mismatch: saw 3"},
		op{f: "write", at: 1990 * ms, end: 2000 * ms, outcome: history.Fail, err: "no-leader"},
	)
	s := stats.Of(h)

	require.Equal(t, 2*time.Second, s.Elapsed)
	require.Equal(t, 6, s.Total.Count())
	require.Equal(t, 2.5, s.Total.Rate)
	require.InDelta(t, 1.0/6, s.Total.UnknownRatio, 1e-12)
	require.Len(t, s.Phases, 2)

	warm := s.Phases[0]
	require.Equal(t, "warm-up", warm.Name)
	require.Equal(t, time.Second, warm.To-warm.From)
	require.Equal(t, 2, warm.Total.OK)
	require.Equal(t, 1, warm.Total.Unknown)
	require.Equal(t, 10*ms, warm.Total.Latency.Max, "waiting for a timeout is no latency")
	require.Equal(t, 500*ms, warm.Total.Waited.P50)
	require.Equal(t, []string{"read", "write"}, []string{warm.Functions[0].F, warm.Functions[1].F})

	faults := s.Phases[1]
	require.Equal(t, 3, faults.Total.Fail)
	require.Zero(t, faults.Total.Latency)
	require.Equal(t, 3.0, faults.Total.Rate)

	require.Equal(t, []stats.Error{
		{F: "read", Outcome: "unknown", Code: "timeout", Count: 1},
		{F: "write", Outcome: "fail", Code: "mismatch", Count: 2},
		{F: "write", Outcome: "fail", Code: "no-leader", Count: 1},
	}, s.Errors)
}

func TestVerdict(t *testing.T) {
	ok := op{f: "read", at: 1, end: 2, outcome: history.OK}
	failed := op{f: "write", at: 3, end: 4, outcome: history.Fail}
	tests := []struct {
		name  string
		h     *history.History
		want  verdict.Verdict
		cause string
	}{
		{"empty", record(nil), verdict.Unknown, "no operation was invoked"},
		{"all succeeded once", record(nil, ok), verdict.Valid, "1 operations"},
		{"one never did", record(nil, ok, failed), verdict.Unknown, "write (1 fail, 0 unknown)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			report := stats.New().Check(context.Background(), test.h, verdict.Budget{})
			require.Equal(t, test.want, report.Verdict)
			require.Contains(t, report.Cause, test.cause)
			require.Equal(t, "stats", report.Checker)
		})
	}
}

func TestEndedEarlyIsUnknown(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	h := record(nil, op{f: "read", at: 1, end: 2, outcome: history.OK})
	report := stats.New().Check(ctx, h, verdict.Budget{})
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "ended early")
}

func TestEqualHistoriesGiveEqualBytes(t *testing.T) {
	var ops []op
	for i := range 200 {
		at := time.Duration(i) * ms
		ops = append(ops, op{
			f: fmt.Sprint("f", i%13), at: at, end: at + 1, outcome: history.Outcome(i % 3), err: fmt.Sprint("e", i%7),
		})
	}
	h := record(map[time.Duration]string{5: "a", 50 * ms: "b"}, ops...)
	first, err := json.Marshal(stats.Of(h))
	require.NoError(t, err)
	for range 5 {
		again, err := json.Marshal(stats.Of(h))
		require.NoError(t, err)
		require.Equal(t, string(first), string(again))
	}
}

// Quantiles over a phase's several functions are those of one sorted list.
func TestQuantilesAreNearestRank(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		waits := rapid.SliceOfN(rapid.Int64Range(0, 50), 1, 60).Draw(t, "waits")
		var ops []op
		for i, wait := range waits {
			at := time.Duration(i) * time.Second
			ops = append(ops, op{
				f: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "f"), at: at, end: at + time.Duration(wait), outcome: history.OK,
			})
		}
		slices.Sort(waits)
		rank := func(p float64) time.Duration {
			return time.Duration(waits[int(math.Ceil(p*float64(len(waits))-1e-9))-1])
		}
		require.Equal(t, stats.Quantiles{
			P50: rank(0.5), P90: rank(0.9), P99: rank(0.99), P999: rank(0.999), Max: rank(1),
		}, stats.Of(record(nil, ops...)).Total.Latency)
	})
}

// Rows are what counting one by one says, on random histories of all outcomes. A
// tenth of what other checkers take is enough where nothing is decided, but only
// counted.
func TestAgreesWithCounting(t *testing.T) {
	for seed := range checktest.Rounds(10_000) {
		r := rand.New(rand.NewPCG(uint64(seed), 1))
		var ops []checktest.Op
		for range r.IntN(8) {
			ops = append(ops, checktest.Op{
				F: checktest.Pick(r, "read", "write", "cas"), Process: r.IntN(4) - 1, Outcome: checktest.Outcome(r),
				Error: checktest.Pick(r, "", "timeout: 1s", "mismatch"),
			})
		}
		h := checktest.Weave(r, ops)
		requireCounts(t, h)
		if t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, checktest.Show(h))
		}
	}
}

func BenchmarkOf(b *testing.B) {
	const n = 1 << 20
	events := make([]history.Event, 0, 2*n)
	for i := range n {
		at := time.Duration(i) * 1000
		wait := time.Duration(i*7919%1_000_003) % 999
		events = append(events,
			history.Event{Time: at, Kind: history.Invoke, Process: i % 20, F: "read"},
			history.Event{Time: at + wait, Kind: history.Complete, Process: i % 20, F: "read", Outcome: history.OK},
		)
	}
	h := history.New(events)
	for b.Loop() {
		stats.Of(h)
	}
}
