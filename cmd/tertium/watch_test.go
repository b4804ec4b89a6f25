package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

// A run that would take minutes ends as soon as it is known to be invalid.
func TestARunStopsOnViolation(t *testing.T) {
	code, out, stderr := tertium(t, "run", "--out", t.TempDir(), "--workload", "ledger", "--time", "5m", "--warm-up", "500ms",
		"--faults", "lost-ack", "--seed", "1", "--bug", "no-dedupe", "--stop-on-violation", "--json")
	require.Equal(t, results.ExitInvalid, code)
	require.Contains(t, stderr, "✗ already invalid after ")
	var result results.Result
	require.NoError(t, json.Unmarshal([]byte(out), &result))
	require.False(t, result.Interrupted)
	require.Contains(t, result.Trouble[len(result.Trouble)-1], "before its planned end")
	require.Len(t, result.Monitors, 2)
	keys := result.Monitors[0]
	require.Equal(t, "idempotent", keys.Checker)
	require.Equal(t, verdict.Invalid, keys.Verdict)
	require.NotNil(t, keys.Violation)
	require.Contains(t, stderr, keys.Violation.Cause)
	require.Less(t, keys.Violation.After, keys.Operations)
}

func TestMonitorsCanBeTurnedOff(t *testing.T) {
	code, out, _ := tertium(t, short(t.TempDir(), "--bug", "no-dedupe", "--monitor=false", "--json")...)
	require.Equal(t, results.ExitInvalid, code)
	var result results.Result
	require.NoError(t, json.Unmarshal([]byte(out), &result))
	require.Empty(t, result.Monitors)
}
