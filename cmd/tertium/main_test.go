package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

// The bundled system starts this binary again as its nodes.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "node" {
		os.Exit(int(execute(context.Background(), os.Args[1:], os.Stdout, os.Stderr)))
	}
	state, err := os.MkdirTemp("", "tertium-test-state-")
	if err != nil {
		panic(err)
	}
	if err := os.Setenv("TERTIUM_STATE", state); err != nil {
		panic(err)
	}
	code := m.Run()
	_ = os.RemoveAll(state) // a folder of the test's own
	os.Exit(code)
}

// tertium runs the command line.
func tertium(t *testing.T, args ...string) (code results.ExitCode, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	code = execute(t.Context(), args, &out, &err)
	t.Logf("tertium %s: %v\n%s%s", strings.Join(args, " "), code, out.String(), err.String())
	return code, out.String(), err.String()
}

// short are flags for a run of a few seconds.
func short(out string, more ...string) []string {
	return append([]string{"run", "--quiet", "--out", out, "--time", "4s", "--warm-up", "500ms", "--faults", "kill,lost-ack", "--seed", "1"}, more...)
}

func TestACorrectSystemIsValidAndCanBeJudgedAgain(t *testing.T) {
	runs := t.TempDir()
	code, out, _ := tertium(t, short(runs)...)
	require.Equal(t, results.ExitValid, code)
	require.Contains(t, out, "VALID")

	latest := filepath.Join(runs, results.LatestName)
	first, err := os.ReadFile(filepath.Join(latest, results.ResultName))
	require.NoError(t, err)
	code, _, _ = tertium(t, "check", latest)
	require.Equal(t, results.ExitValid, code)
	second, err := os.ReadFile(filepath.Join(latest, results.ResultName))
	require.NoError(t, err)
	require.Equal(t, string(first), string(second))

	folder, err := results.Open(latest)
	require.NoError(t, err)
	differences, err := folder.Verify()
	require.NoError(t, err)
	require.Empty(t, differences)
}

func TestAPlantedBugIsFound(t *testing.T) {
	runs := t.TempDir()
	code, out, _ := tertium(t, short(runs, "--bug", "no-dedupe")...)
	require.Equal(t, results.ExitInvalid, code)
	require.Contains(t, out, "INVALID")
	require.Contains(t, out, "--bug no-dedupe", "the command that runs it again")
	require.LessOrEqual(t, strings.Count(out, "\n"), 25)
}

func TestANemesisThatDoesNothingIsNotBelieved(t *testing.T) {
	code, out, _ := tertium(t, short(t.TempDir(), "--bug", "idle-nemesis", "--json")...)
	require.Equal(t, results.ExitUnknown, code)
	var result results.Result
	require.NoError(t, json.Unmarshal([]byte(out), &result))
	require.Equal(t, verdict.Unknown, result.Verdict)
	require.Contains(t, result.Cause, "never took effect")
}

func TestPlansAreTheSeedsAlone(t *testing.T) {
	_, first, _ := tertium(t, "plan", "--seed", "7", "--hash")
	_, again, _ := tertium(t, "plan", "--seed", "7", "--hash")
	_, other, _ := tertium(t, "plan", "--seed", "8", "--hash")
	require.Equal(t, first, again)
	require.NotEqual(t, first, other)
}

func TestRubbishGetsOneClearError(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		return path
	}
	file := write("file", "not a folder")
	for name, test := range map[string]struct {
		args []string
		code results.ExitCode
		says string
	}{
		"unknown command":   {[]string{"frobnicate"}, results.ExitUsage, "frobnicate"},
		"unknown flag":      {[]string{"run", "--frobnicate"}, results.ExitUsage, "frobnicate"},
		"unknown system":    {[]string{"run", "--system", "oracle"}, results.ExitUsage, "oracle"},
		"unknown workload":  {[]string{"run", "--workload", "poetry"}, results.ExitUsage, "poetry"},
		"unknown fault":     {[]string{"run", "--faults", "earthquake"}, results.ExitUsage, "earthquake"},
		"unknown bug":       {[]string{"run", "--bug", "heisenbug"}, results.ExitUsage, "heisenbug"},
		"unknown runtime":   {[]string{"run", "--runtime", "mainframe", "--out", dir}, results.ExitUsage, "mainframe"},
		"too little time":   {[]string{"run", "--time", "10ms"}, results.ExitUsage, "too short"},
		"option no value":   {[]string{"run", "--option", "x"}, results.ExitUsage, "name=value"},
		"bad injection":     {[]string{"run", "--inject", "kill"}, results.ExitUsage, "8s kill"},
		"unknown injection": {[]string{"run", "--inject", "3s earthquake"}, results.ExitUsage, "earthquake"},
		"folder is a file":  {[]string{"run", "--out", file}, results.ExitSetup, "--out"},
		"no such history":   {[]string{"check", "--model", "register", filepath.Join(dir, "none")}, results.ExitUsage, "none"},
		"no model":          {[]string{"check", file}, results.ExitUsage, "--model"},
		"unknown model":     {[]string{"check", "--model", "novel", file}, results.ExitUsage, ""},
		"unknown level":     {[]string{"check", "--model", "list-append", "--consistency-model", "hopeful", file}, results.ExitUsage, "hopeful"},
		"no selftest bug":   {[]string{"selftest", "--bug", "heisenbug"}, results.ExitUsage, "heisenbug"},
		"empty history":     {[]string{"check", "--model", "register", write("empty.edn", "")}, results.ExitUsage, ""},
		"truncated history": {[]string{"check", "--model", "register", write("torn.edn", "{:type :invoke, :f :re")}, results.ExitUsage, "torn.edn"},
		"nested brackets":   {[]string{"check", "--model", "register", write("bomb.edn", strings.Repeat("[", 10<<20))}, results.ExitUsage, "bomb.edn"},
	} {
		t.Run(name, func(t *testing.T) {
			code, stdout, stderr := tertium(t, test.args...)
			require.Equal(t, test.code, code)
			require.Contains(t, stdout+stderr, test.says)
			require.NotContains(t, stderr, "goroutine")
		})
	}
}

func TestLists(t *testing.T) {
	for command, want := range map[string]string{
		"systems": "ledger", "workloads": "register", "faults": "lost-ack", "models": "cas-register",
		"consistency-models": "snapshot-isolation",
	} {
		code, out, _ := tertium(t, command)
		require.Equal(t, results.ExitValid, code)
		require.Contains(t, out, want)
		_, out, _ = tertium(t, command, "--json")
		require.True(t, json.Valid([]byte(out)))
	}
	_, out, _ := tertium(t, "selftest", "--list")
	require.Equal(t, 18, strings.Count(out, "\n"), "sixteen bugs of the system and two of the harness")
}

func TestDoctorAndCleanup(t *testing.T) {
	code, out, _ := tertium(t, "doctor", "--out", t.TempDir())
	require.Equal(t, results.ExitValid, code)
	require.Contains(t, out, "loopback")
	code, out, _ = tertium(t, "cleanup")
	require.Equal(t, results.ExitValid, code)
	require.Contains(t, out, "nothing was left behind")
}

// corpora finds the recorded histories with known verdicts.
func corpora(t *testing.T) string {
	dir := os.Getenv("TERTIUM_CORPORA")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "corpora")
	}
	if _, err := os.Stat(dir); err != nil {
		t.Skip("no recorded histories here: set TERTIUM_CORPORA to their folder")
	}
	return dir
}

func TestRecordedHistoriesGetTheirVerdict(t *testing.T) {
	for _, folder := range []string{"elle", "jepsen", "knossos", "porcupine"} {
		code, out, _ := tertium(t, "check", filepath.Join(corpora(t), folder))
		require.Equal(t, results.ExitValid, code, out)
	}
}

// What a history lost at its end may be what makes it invalid.
func TestAHistoryThatBreaksOffIsNotValid(t *testing.T) {
	path := filepath.Join(t.TempDir(), "broken.jsonl")
	whole := `{"t":1,"process":0,"type":"invoke","f":"write","key":"x","value":1}
{"t":2,"process":0,"type":"ok","f":"write","key":"x"}
{"t":3,"process":1,"type":"invoke","f":"read","key":"x"}
{"t":4,"process":1,"type":"ok","f":"read","key":"x","value":2}`
	for text, want := range map[string]results.ExitCode{
		whole: results.ExitInvalid, whole + "\n": results.ExitInvalid, whole[:len(whole)-1]: results.ExitUnknown,
	} {
		require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
		code, out, _ := tertium(t, "check", "--model", "register", path)
		require.Equal(t, want, code)
		require.Equal(t, want == results.ExitUnknown, strings.Contains(out, "the history breaks off"))
	}
}
