package findings

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

const sample = `
title: something is lost
source: somebody, somewhere
run:
  system: redis
  nodes: 3
  time: 20s
  options: {appendfsync: "no", wait: "1"}
  inject: [8s kill-all for=1s]
expect: {verdict: invalid, anomalies: [lost, stale], within: 60s}
controls:
  synced:
    title: nothing is lost
    must-hold: true
    run: {time: 30s, options: {appendfsync: always}}
    expect: {verdict: valid, operations: 100, absent: [lost]}
  tormented:
    title: nor here
    run: {all-faults: true}
    expect: {verdict: valid}
`

func scenarios(t *testing.T, text string) []Scenario {
	t.Helper()
	all, err := load(fstest.MapFS{"scenarios/sample.yaml": {Data: []byte(text)}})
	require.NoError(t, err)
	return all
}

// A control is its scenario with what it changes, and nothing else.
func TestControls(t *testing.T) {
	all := scenarios(t, sample)
	require.Len(t, all, 3)
	found, synced, tormented := all[0], all[1], all[2]
	require.Equal(t, []string{"sample", "sample/synced", "sample/tormented"}, []string{found.Name, synced.Name, tormented.Name})
	require.Equal(t, []string{"finding", "must hold", "control"}, []string{found.Kind(), synced.Kind(), tormented.Kind()})
	require.Equal(t, Run{
		System: "redis", Nodes: 3, Time: 30 * time.Second, Inject: []string{"8s kill-all for=1s"},
		Options: map[string]string{"appendfsync": "always", "wait": "1"},
	}, synced.Run)
	require.Equal(t, "no", found.Run.Options["appendfsync"])
	require.True(t, tormented.Run.AllFaults)
	require.Empty(t, tormented.Run.Inject)
	require.Equal(t, "somebody, somewhere", synced.Source)
}

func TestAllScenariosLoad(t *testing.T) {
	all, err := All()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	holds, finds := 0, 0
	for _, s := range all {
		switch s.Expect.Verdict {
		case verdict.Valid:
			holds++
		case verdict.Invalid:
			finds++
		}
	}
	require.GreaterOrEqual(t, holds, finds, "every finding has a control")
}

func TestScenariosThatCannotBe(t *testing.T) {
	for text, says := range map[string]string{
		"title: [":                    "line 1",
		"titel: x":                    "titel",
		"title: x\nsource: y\n":       "no system",
		"source: y\nrun: {system: z}": "no title",
		sample + "---\ntitle: two\n":  "more than one",
		"title: x\nsource: y\nrun: {system: z}\nexpect: {verdict: perhaps}":                                                                          "perhaps",
		"title: x\nsource: y\nrun: {system: z, time: long}\nexpect: {verdict: valid}":                                                                "long",
		"title: x\nsource: y\nrun: {system: z}":                                                                                                      "expects nothing",
		"title: x\nsource: y\nrun: {system: z}\nexpect: {verdict: valid}\ncontrols: {c: {title: d, must-hold: true, expect: {verdict: invalid}}}":    "must hold",
		"title: x\nsource: y\nrun: {system: z}\nexpect: {verdict: valid}\ncontrols: {c: {expect: {verdict: valid}}}":                                 "no title",
		"title: x\nsource: y\nrun: {system: z}\nexpect: {verdict: valid}\ncontrols: {c: {title: d, expect: {verdict: valid}, controls: {e: {}}}}":    "controls of its own",
		"title: x\nsource: y\nrun: {system: z}\nexpect: {verdict: valid}\ncontrols: {c: {title: d, source: e}}":                                      "expects nothing",
		"title: x\nsource: y\nrun: {system: z, inject: 8s kill}\nexpect: {verdict: valid}\ncontrols: {c: {title: d, expect: {verdict: surprising}}}": "inject",
	} {
		_, err := load(fstest.MapFS{"scenarios/sample.yaml": {Data: []byte(text)}})
		require.ErrorContains(t, err, "sample.yaml")
		if says == "inject" {
			continue // which of its two mistakes is told is the library's choice
		}
		require.ErrorContains(t, err, says)
	}
}

func result(v verdict.Verdict, took time.Duration, ok int, anomalies ...string) results.Result {
	r := results.Result{Schema: results.Schema, Verdict: v, Cause: "a | cause", Seed: 5}
	r.History.Duration = took
	r.Statistics.Total.OK = ok
	report := verdict.Report{Checker: "some", Verdict: v}
	for _, a := range anomalies {
		report.Findings = append(report.Findings, verdict.Finding{Anomaly: a})
	}
	r.Reports = []verdict.Report{report}
	return r
}

func TestJudge(t *testing.T) {
	all := scenarios(t, sample)
	found, synced := all[0], all[1]
	for name, test := range map[string]struct {
		scenario Scenario
		result   results.Result
		missed   string
	}{
		"found":               {found, result(verdict.Invalid, time.Second, 5, "stale", "other"), ""},
		"found nothing":       {found, result(verdict.Valid, time.Second, 5), "the verdict is valid, not invalid; none of lost, stale was found"},
		"found another":       {found, result(verdict.Invalid, time.Second, 5, "other"), "none of lost, stale was found"},
		"found late":          {found, result(verdict.Invalid, 61*time.Second, 5, "lost"), "it took 1m1s, more than 1m0s"},
		"unknown":             {found, result(verdict.Unknown, time.Second, 5, "lost"), "the verdict is unknown, not invalid"},
		"holds":               {synced, result(verdict.Valid, time.Second, 100), ""},
		"too little":          {synced, result(verdict.Valid, time.Second, 99), "there were 99 operations, not 100"},
		"what must be absent": {synced, result(verdict.Invalid, time.Second, 100, "lost"), "the verdict is invalid, not valid; lost was found"},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.missed, test.scenario.Judge(test.result).Missed)
		})
	}
	require.Equal(t, []int{1, 4, 8}, []int{found.Enough(1), found.Enough(5), found.Enough(10)})
	require.Equal(t, 10, synced.Enough(10))
}

func TestDocument(t *testing.T) {
	all := scenarios(t, sample)
	root := t.TempDir()
	keep := func(s Scenario, name string, r results.Result) {
		dir := filepath.Join(s.Dir(root), "redis", "set", name)
		require.NoError(t, os.MkdirAll(dir, 0o755))
		var b bytes.Buffer
		require.NoError(t, r.Write(&b))
		require.NoError(t, os.WriteFile(filepath.Join(dir, results.ResultName), b.Bytes(), 0o600))
	}
	keep(all[0], "1", result(verdict.Invalid, 20*time.Second, 5, "lost"))
	keep(all[0], "2", result(verdict.Valid, 22*time.Second, 5))
	keep(all[1], "1", result(verdict.Valid, 21*time.Second, 500))
	// A pointer to the newest run is not one run more.
	require.NoError(t, os.Symlink(filepath.Join("redis", "set", "1"), filepath.Join(all[1].Dir(root), results.LatestName)))
	var b bytes.Buffer
	require.NoError(t, Document(&b, all, root))
	text := b.String()
	require.Contains(t, text, "## something is lost\n")
	require.Contains(t, text, "Source: somebody, somewhere\n")
	require.Contains(t, text, "As expected: 1 of 2 runs; median 22s.")
	require.Contains(t, text, `- not as expected, seed 5: the verdict is valid, not invalid; none of lost, stale was found: a \| cause`)
	require.Contains(t, text, "### nothing is lost\n")
	require.Contains(t, text, "As expected: 1 of 1 runs; median 21s. Last run, seed 5: valid, 500 operations")
	require.Contains(t, text, "It must hold in every run.")
	require.Contains(t, text, "### nor here\n\n    tertium findings run sample/tormented\n\nExpected: valid.\n\nNot run.\n")

	require.NoError(t, os.WriteFile(filepath.Join(all[1].Dir(root), "redis", "set", "1", results.ResultName), []byte("{"), 0o600))
	require.ErrorContains(t, Document(&b, all, root), "sample/synced")
}
