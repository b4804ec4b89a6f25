package results_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/results"
	"github.com/tertium-dev/tertium/results/internal/sample"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares a text with a file under testdata.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(text), 0o644))
	}
	expected, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update")
	require.Equal(t, string(expected), text)
}

func summaryOf(t require.TestingT, in results.Input, o results.SummaryOptions) string {
	var buffer bytes.Buffer
	require.NoError(t, results.Summary(&buffer, results.Judge(in), in.History, o))
	return buffer.String()
}

func TestSummaryGolden(t *testing.T) {
	for name, test := range map[string]struct {
		options sample.Options
		change  func(*results.Input)
	}{
		"valid":   {},
		"invalid": {options: sample.Options{Stale: true}},
		"unknown": {options: sample.Options{Toothless: true}},
		"interrupted": {change: func(in *results.Input) {
			in.Interrupted = true
			in.Plan.Faults = append(in.Plan.Faults, in.Plan.Faults[0])
			in.Plan.Faults[len(in.Plan.Faults)-1].Ref = "f9"
			in.Nodes[1].Exits = []cluster.Exit{{Time: 300 * time.Millisecond, Code: 2}, {Time: time.Second, Code: -1, Signal: "killed", Asked: true}}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			in := inputOf(sample.Make(test.options))
			if test.change != nil {
				test.change(&in)
			}
			text := summaryOf(t, in, results.SummaryOptions{Width: 100, Folder: "runs/ledger/register/20260304T050607Z-42"})
			golden(t, "summary-"+name+".txt", text)
			colored := summaryOf(t, in, results.SummaryOptions{Width: 100, Folder: "runs/ledger/register/20260304T050607Z-42", Color: true})
			require.Equal(t, text, withoutColor(colored), "colours add nothing and move nothing")
			require.NotEqual(t, text, colored)
		})
	}
}

func withoutColor(text string) string {
	for _, color := range []string{"\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m", "\x1b[2m", "\x1b[0m"} {
		text = strings.ReplaceAll(text, color, "")
	}
	return text
}

// Whatever a system says, a summary is short, narrow and printable.
func TestSummaryIsSafe(t *testing.T) {
	hostile := rapid.OneOf(
		rapid.String(),
		rapid.SampledFrom([]string{
			"\x1b[2J\x1b]0;title\a", "\u202etxt.exe", "line\nline\r", "</script><script>alert(1)</script>",
			strings.Repeat("wide ", 500), strings.Repeat("w", 1000), "\xff\xfe", "::error file=x::y", "\u009b31m", "\u2028",
		}),
	)
	rapid.Check(t, func(t *rapid.T) {
		run := sample.Make(sample.Options{
			Operations: 200,
			Stale:      rapid.Bool().Draw(t, "stale"), Toothless: rapid.Bool().Draw(t, "toothless"),
			Text: hostile.Draw(t, "text"),
		})
		in := inputOf(run)
		in.Reports[0].Cause += hostile.Draw(t, "cause")
		in.Reports[0].Checker = hostile.Draw(t, "checker")
		in.Plan.Config.System = hostile.Draw(t, "system")
		in.Nodes[0].Exits = []cluster.Exit{{Signal: hostile.Draw(t, "signal")}}
		for i := range in.Reports {
			for j := range in.Reports[i].Findings {
				in.Reports[i].Findings[j].Operations = rapid.SliceOf(rapid.IntRange(-1, 401)).Draw(t, "operations")
			}
		}
		width := rapid.IntRange(40, 160).Draw(t, "width")
		text := summaryOf(t, in, results.SummaryOptions{Width: width, Folder: "runs"})
		lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		require.LessOrEqual(t, len(lines), 25)
		for _, line := range lines {
			if !strings.HasPrefix(line, "again") {
				require.LessOrEqual(t, utf8.RuneCountInString(line), width, line)
			}
			require.True(t, utf8.ValidString(line))
			for _, r := range line {
				require.True(t, unicode.IsPrint(r), "%q in %q", r, line)
			}
		}
	})
}

func TestSummaryWithoutAnything(t *testing.T) {
	text := summaryOf(t, results.Input{Facts: results.Facts{SetupError: "no Docker here"}}, results.SummaryOptions{})
	require.Equal(t, "? UNKNOWN\nthe system or a fault could not be set up: no Docker here (and 2 more doubts)\n\n"+
		"ops       0 ok · 0 fail · 0 unknown\nchecks    none\n", text)
}

func TestCell(t *testing.T) {
	for expected, op := range map[string]history.Operation{
		"write 17 → ok":                  {F: "write", Key: "x", Input: int64(17), Outcome: history.OK},
		"read → 23":                      {F: "read", Output: int64(23), Outcome: history.OK},
		"read → nil":                     {F: "read", Outcome: history.OK},
		"read → ?":                       {F: "read", Error: "timeout: 2s"},
		"cas 1 2 → fail mismatch, saw 5": {F: "cas", Input: []any{int64(1), int64(2)}, Output: int64(5), Error: "mismatch", Outcome: history.Fail},
		`set "a b" → fail`:               {F: "set", Input: "a b", Outcome: history.Fail},
		`set "7" → ok`:                   {F: "set", Input: "7", Outcome: history.OK},
		`transfer amount=3 from=a1 → id=7 ok=true`: {
			F: "transfer", Input: map[string]any{"from": "a1", "amount": int64(3)}, Output: map[string]any{"id": int64(7), "ok": true}, Outcome: history.OK,
		},
		`deposit account=a1 amount=3 → balance=3 id=[1]`: {
			F: "deposit", Input: map[string]any{"account": "a1", "amount": int64(3)}, Outcome: history.OK,
			Output: map[string]any{"account": "a1", "amount": int64(3), "balance": int64(3), "id": []any{int64(1)}},
		},
		`close id=1 → ok`: {
			F: "close", Input: map[string]any{"id": int64(1)}, Output: map[string]any{"id": int64(1)}, Outcome: history.OK,
		},
		`txn [r x nil] [append y 1.5] → [r x [1 2]]`: {
			F: "txn", Input: []any{[]any{"r", "x", nil}, []any{"append", "y", 1.5}}, Output: []any{[]any{"r", "x", []any{int64(1), int64(2)}}}, Outcome: history.OK,
		},
	} {
		require.Equal(t, expected, results.Cell(op, false, 80))
	}
	op := history.Operation{F: "write", Key: "x", Input: int64(17), Outcome: history.OK}
	require.Equal(t, "write x 17 → ok", results.Cell(op, true, 80))
	op.Input, op.Output = strings.Repeat("a", 1000), strings.Repeat("b", 1000)
	require.Equal(t, `write "aa… → "bbbbbbb…`, results.Cell(op, false, 22))
	op.Output = nil
	require.Equal(t, `write "aaaaaaaa… → ok`, results.Cell(op, false, 21), "what came of it stays")
}
