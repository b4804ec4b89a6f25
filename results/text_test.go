package results_test

import (
	"os/exec"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/results"
)

func TestPrintable(t *testing.T) {
	for in, expected := range map[string]string{
		"plain":      "plain",
		"größe 木":    "größe 木",
		"a\x1b[31mb": `a\x1b[31mb`,
		"a\nb\tc":    `a\nb\tc`,
		"\u202eabc":  `\u202eabc`,
		"\xff":       `\xff`,
		"it's":       "it's",
		"\u00a0":     `\u00a0`,
	} {
		require.Equal(t, expected, results.Printable(in, 100))
	}
	require.Equal(t, "abc", results.Printable("abc", 3))
	require.Equal(t, "ab…", results.Printable("abcd", 3))
}

func TestPrintableProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := string(rapid.SliceOf(rapid.Byte()).Draw(t, "in"))
		limit := rapid.IntRange(1, 40).Draw(t, "limit")
		out := results.Printable(in, limit)
		require.LessOrEqual(t, utf8.RuneCountInString(out), limit)
		require.Equal(t, -1, strings.IndexFunc(out, func(r rune) bool { return !unicode.IsPrint(r) }), "%q", out)
	})
}

func TestValueIsBounded(t *testing.T) {
	var deep any = "bottom"
	for range 1_000_000 {
		deep = []any{deep}
	}
	require.Equal(t, "[[[[[[[[[…", results.Value(deep, 10))
	wide := map[string]any{"b": strings.Repeat("x", 10<<20), "a": nil}
	require.Equal(t, `a=nil b="xxxxxxxxxx…`, results.Value(wide, 20))
}

func TestSpan(t *testing.T) {
	for expected, d := range map[string]time.Duration{
		"0 ns": 0, "999 ns": 999, "1.0 µs": time.Microsecond, "9.9 ms": 9900 * time.Microsecond, "10 ms": 9960 * time.Microsecond,
		"120 ms": 120 * time.Millisecond, "2.5 s": 2500 * time.Millisecond, "90 s": 90 * time.Second, "-1.0 s": -time.Second,
	} {
		require.Equal(t, expected, results.Span(d))
	}
}

func TestNumber(t *testing.T) {
	for expected, n := range map[string]int{"0": 0, "999": 999, "1,000": 1000, "20,134,567": 20134567, "-100": -100, "-1,000": -1000} {
		require.Equal(t, expected, results.Number(n))
	}
}

// A shell reads back the arguments that were written.
func TestCommandLine(t *testing.T) {
	require.Equal(t, "tertium run --seed=7 'a b' ''", results.CommandLine([]string{"tertium", "run", "--seed=7", "a b", ""}))
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no sh here")
	}
	rapid.Check(t, func(t *rapid.T) {
		arg := rapid.StringOf(rapid.RuneFrom(nil, unicode.Letter, unicode.Punct, unicode.Symbol, unicode.Space)).Draw(t, "arg")
		out, err := exec.Command(sh, "-c", "printf %s "+results.CommandLine([]string{arg})).Output()
		require.NoError(t, err)
		require.Equal(t, arg, string(out))
	})
}
