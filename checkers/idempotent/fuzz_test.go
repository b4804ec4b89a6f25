package idempotent

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/hostile"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Whatever a history holds, it is judged without a panic, the same each time,
// and no verdict comes without what it takes.
func FuzzCheck(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("a few bytes to begin with, which are not much of a history"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h := hostile.History(hostile.Bytes(data))
		report := check(h)
		require.Equal(t, report, check(h))
		require.NotEmpty(t, report.Cause)
		switch report.Verdict {
		case verdict.Valid:
			require.Positive(t, report.Judged)
			require.Empty(t, report.Findings)
		case verdict.Invalid:
			for _, finding := range report.Findings {
				require.NotEmpty(t, finding.Summary)
				require.NotEmpty(t, finding.Operations)
				require.True(t, slices.IsSorted(finding.Operations))
			}
		}
		check(h, Expiry(2), Settled("final"), Copies(func(string) bool { return true }))
		check(h, StrongReads())
		check(h, RepliesOnly())
		check(h, ReadTotals(totalsOf))
	})
}

// FuzzSimulated lets the fuzzer look for a run of a service that keeps its
// promises and is accused.
func FuzzSimulated(f *testing.F) {
	f.Add([]byte("a few bytes to begin with, which are enough for some steps"))
	f.Fuzz(func(t *testing.T, data []byte) {
		choose := hostile.Bytes(data)
		h := newSim(choose, 1+choose(4)).run(choose(120))
		require.NotEqual(t, verdict.Invalid, check(h).Verdict)
	})
}
