package results_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
	"github.com/tertium-dev/tertium/results/internal/sample"
)

// A violation that a monitor saw and the checker did not is never hidden.
func TestUnconfirmedViolations(t *testing.T) {
	seen := &results.Violation{Event: 7, Time: 70, After: 3, Cause: "it went wrong"}
	for name, test := range map[string]struct {
		stale   bool
		monitor results.Monitor
		doubted bool
	}{
		"confirmed":              {true, results.Monitor{Checker: "linearizable", Verdict: verdict.Invalid, Violation: seen}, false},
		"of another property":    {true, results.Monitor{Checker: "other", Verdict: verdict.Invalid, Violation: seen}, true},
		"not confirmed":          {false, results.Monitor{Checker: "linearizable", Verdict: verdict.Invalid, Violation: seen}, true},
		"seen, then given up":    {false, results.Monitor{Checker: "linearizable", Verdict: verdict.Unknown, Violation: seen}, true},
		"only at the end":        {false, results.Monitor{Checker: "linearizable", Verdict: verdict.Invalid, Cause: "it went wrong"}, true},
		"nothing":                {false, results.Monitor{Checker: "linearizable", Verdict: verdict.Valid}, false},
		"nothing for certain":    {false, results.Monitor{Checker: "linearizable", Verdict: verdict.Unknown}, false},
		"a violation was missed": {true, results.Monitor{Checker: "linearizable", Verdict: verdict.Valid}, false},
	} {
		t.Run(name, func(t *testing.T) {
			in := inputOf(sample.Make(sample.Options{Stale: test.stale}))
			in.Monitors = []results.Monitor{test.monitor}
			without := results.Judge(inputOf(sample.Make(sample.Options{Stale: test.stale})))
			r := results.Judge(in)
			if !test.doubted {
				require.Equal(t, without.Verdict, r.Verdict)
				require.Equal(t, without.Doubts, r.Doubts)
				return
			}
			require.Contains(t, r.Doubts[len(r.Doubts)-1], "it went wrong")
			require.NotEqual(t, verdict.Valid, r.Verdict)
		})
	}
}
