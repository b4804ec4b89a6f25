package stats_test

import (
	"context"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/checkers/stats"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func FuzzCheck(f *testing.F) {
	checktest.Fuzz(f, func(h *history.History) verdict.Report {
		return stats.New().Check(context.Background(), h, verdict.Budget{})
	}, "read", "write", "cas")
}

// FuzzCounts compares the rows with counting one by one.
func FuzzCounts(f *testing.F) {
	f.Add([]byte("0123456789abcdefghijklmnopqrstuvwxyz"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h := checktest.FromBytes(data, "read", "write", "cas")
		requireCounts(t, h)
	})
}

// requireCounts requires that a summary says what counting one by one does.
func requireCounts(t require.TestingT, h *history.History) {
	s := stats.Of(h)
	for _, row := range append(slices.Clone(s.Functions), s.Total) {
		counts := make(map[history.Outcome]int)
		var latency, waited []time.Duration
		for _, op := range h.Operations() {
			if row.F != "" && op.F != row.F {
				continue
			}
			counts[op.Outcome]++
			switch op.Outcome {
			case history.OK:
				latency = append(latency, op.End-op.Start)
			case history.Unknown:
				waited = append(waited, op.End-op.Start)
			}
		}
		want := stats.Row{
			F: row.F, OK: counts[history.OK], Fail: counts[history.Fail], Unknown: counts[history.Unknown],
			UnknownRatio: row.UnknownRatio, Rate: row.Rate, Latency: nearest(latency), Waited: nearest(waited),
		}
		if row != want {
			t.Errorf("a row is %+v, and counting says %+v", row, want)
			t.FailNow()
		}
	}
	verdicts := stats.New().Check(context.Background(), h, verdict.Budget{})
	tested := len(s.Functions) > 0 && !slices.ContainsFunc(s.Functions, func(row stats.Row) bool { return row.OK == 0 })
	if got := verdicts.Verdict; tested != (got == verdict.Valid) || got == verdict.Invalid {
		t.Errorf("each function succeeded: %v, and the verdict is %v", tested, got)
		t.FailNow()
	}
}

// nearest are the quantiles by their definition: the ⌈p·n⌉-th smallest.
func nearest(all []time.Duration) stats.Quantiles {
	if len(all) == 0 {
		return stats.Quantiles{}
	}
	slices.Sort(all)
	rank := func(p float64) time.Duration { return all[int(math.Ceil(p*float64(len(all))-1e-9))-1] }
	return stats.Quantiles{P50: rank(0.5), P90: rank(0.9), P99: rank(0.99), P999: rank(0.999), Max: rank(1)}
}
