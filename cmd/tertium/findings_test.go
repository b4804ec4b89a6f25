package main

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/cmd/tertium/findings"
	"github.com/tertium-dev/tertium/results"
)

// Every scenario makes a plan: no system, option, workload or fault is misspelt.
func TestScenariosCanBePlanned(t *testing.T) {
	all, err := findings.All()
	require.NoError(t, err)
	for _, s := range all {
		t.Run(s.Name, func(t *testing.T) {
			p, err := flagsOf(s.Run, 1).expand(true)
			require.NoError(t, err)
			require.Equal(t, uint64(1), p.plan.Seed)
			if len(s.Run.Inject) > 0 {
				require.Len(t, p.plan.Config.Script, len(s.Run.Inject))
			}
		})
	}
}

func TestAFindingIsFoundAgainAndWrittenDown(t *testing.T) {
	out := t.TempDir()
	code, stdout, stderr := tertium(t, "findings", "run", "ledger-stale-leader", "--seed", "1", "--out", out)
	require.Equal(t, results.ExitValid, code, stdout+stderr)
	require.Contains(t, stdout, "ok   ledger-stale-leader ")
	require.Contains(t, stdout, "ok   ledger-stale-leader/correct")
	require.Contains(t, stdout, "all 2 scenarios as expected")
	page := filepath.Join(t.TempDir(), "findings.md")
	code, _, stderr = tertium(t, "findings", "document", "--from", out, "--to", page)
	require.Equal(t, results.ExitValid, code, stderr)
	_, list, _ := tertium(t, "findings")
	require.Contains(t, list, "ledger-stale-leader/correct")
	require.Contains(t, list, "must hold")
}

func TestScenariosThatCannotBeRun(t *testing.T) {
	for says, args := range map[string][]string{
		"tertium findings": {"findings", "run", "moon-landing"},
		"--all":            {"findings", "run"},
		"--runs":           {"findings", "run", "--all", "--runs", "0"},
	} {
		code, stdout, stderr := tertium(t, args...)
		require.Equal(t, results.ExitUsage, code)
		require.Contains(t, stdout+stderr, says)
	}
}
