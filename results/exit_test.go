package results_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

func TestExitOfEveryEnding(t *testing.T) {
	type table map[[3]bool]results.ExitCode // setup, interrupted, internal
	const no, yes = false, true
	// Whatever went wrong hides valid and unknown, and never invalid.
	wrong := table{
		{yes, no, no}:   results.ExitSetup,
		{no, yes, no}:   results.ExitInterrupted,
		{yes, yes, no}:  results.ExitInterrupted,
		{no, no, yes}:   results.ExitInternal,
		{yes, no, yes}:  results.ExitInternal,
		{no, yes, yes}:  results.ExitInternal,
		{yes, yes, yes}: results.ExitInternal,
	}
	right := map[verdict.Verdict]results.ExitCode{
		verdict.Valid:   results.ExitValid,
		verdict.Invalid: results.ExitInvalid,
		verdict.Unknown: results.ExitUnknown,
	}
	for v, code := range right {
		require.Equal(t, code, results.Ending{Verdict: v}.Exit(), v)
		for what, expected := range wrong {
			if v == verdict.Invalid {
				expected = results.ExitInvalid
			}
			ending := results.Ending{Verdict: v, Setup: what[0], Interrupted: what[1], Internal: what[2]}
			require.Equal(t, expected, ending.Exit(), "%+v", ending)
		}
	}
	require.Equal(t, results.ExitUnknown, results.Ending{Verdict: verdict.Verdict(9)}.Exit(), "a verdict nobody knows")
}

func TestExitCodesAreAContract(t *testing.T) {
	for code, expected := range map[results.ExitCode]struct {
		number int
		text   string
	}{
		results.ExitValid:       {0, "valid"},
		results.ExitInvalid:     {1, "invalid"},
		results.ExitUnknown:     {2, "unknown"},
		results.ExitGate:        {3, "refused by the gate policy"},
		results.ExitSetup:       {4, "system or fault could not be set up"},
		results.ExitUsage:       {64, "wrong usage"},
		results.ExitInternal:    {70, "internal error"},
		results.ExitInterrupted: {130, "interrupted"},
		results.ExitCode(5):     {5, "ExitCode(5)"},
	} {
		require.Equal(t, expected.number, int(code))
		require.Equal(t, expected.text, code.String())
	}
}
