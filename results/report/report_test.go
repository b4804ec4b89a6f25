package report_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
	"github.com/tertium-dev/tertium/results/internal/sample"
	"github.com/tertium-dev/tertium/results/report"
)

func inputOf(run sample.Run) results.Input {
	return results.Input{
		Facts: results.Facts{Version: "1.2.3", Reproduce: []string{"tertium", "run", "--seed", "42"}},
		Plan:  &run.Plan, History: run.History, Sealed: true, Reports: run.Reports,
	}
}

func pageOf(t testing.TB, in results.Input) string {
	t.Helper()
	var buffer bytes.Buffer
	require.NoError(t, report.Write(&buffer, results.Judge(in), in.History))
	return buffer.String()
}

// inOrder asserts that the texts follow each other in the page.
func inOrder(t *testing.T, page string, texts ...string) {
	t.Helper()
	rest := page
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		require.True(t, found, "%q is missing, or not in its place", text)
		rest = after
	}
}

func TestPageTellsTheMostImportantFirst(t *testing.T) {
	page := pageOf(t, inputOf(sample.Make(sample.Options{Stale: true})))
	inOrder(t, page,
		"<title>invalid: ledger/register, seed 42</title>",
		"✗</span> invalid", "linearizable: key r1 is not linearizable",
		"tertium run --seed 42",
		"What was found: nonlinearizable on key r1",
		"Process 4 wrote 173 and was told so.",
		"write 173 → ok", "write 176 → ok", "▶ </span>read → 173",
		"When it happened", "1: write 173 → ok", "▶ 3: read → 173",
		"Rate: operations a second", "Latency: latency of ok operations",
		"Faults and what they overlapped", "lost-ack", "7 replies swallowed",
		"Checks", "Operations", "How it was made",
	)
}

func TestPageNamesWhatWasNotTested(t *testing.T) {
	page := pageOf(t, inputOf(sample.Make(sample.Options{Toothless: true})))
	inOrder(t, page, "unknown", "fault lost-ack on all (f0) was injected but never took effect",
		"lost-ack never overlapped read; lost-ack never overlapped write",
		"? no", "0 replies swallowed")
	require.NotContains(t, page, "What was found")
}

func TestPageWithoutHistory(t *testing.T) {
	in := results.Input{Facts: results.Facts{
		SetupError: "no Docker here",
		Nodes:      []results.Node{{Name: "n1", Exits: []cluster.Exit{{Code: 2}, {Signal: "killed", Asked: true}}}},
	}}
	inOrder(t, pageOf(t, in), "could not be set up: no Docker here", "No fault was planned",
		"No checker judged", "ended by itself</strong> at 0 ns (exit code 2), ended as asked at 0 ns (killed)")
}

func TestPageShowsOutcomesByShape(t *testing.T) {
	events := []history.Event{
		{Kind: history.Invoke, Process: 0, F: "write", Key: "x", Value: int64(1)},
		{Kind: history.Complete, Process: 0, F: "write", Key: "x", Outcome: history.OK},
		{Kind: history.Invoke, Process: 1, F: "write", Key: "x", Value: int64(2)},
		{Kind: history.Complete, Process: 1, F: "write", Key: "x", Error: "timeout"},
		{Kind: history.Invoke, Process: 0, F: "cas", Key: "x", Value: []any{int64(7), int64(8)}},
		{Kind: history.Complete, Process: 0, F: "cas", Key: "x", Outcome: history.Fail, Error: "mismatch"},
	}
	for i := range events {
		events[i].Time = time.Duration(i) * time.Millisecond
	}
	in := results.Input{History: history.New(events), Sealed: true, Reports: []verdict.Report{{
		Checker: "linearizable", Verdict: verdict.Invalid, Judged: 3,
		Findings: []verdict.Finding{{Anomaly: "nonlinearizable", Operations: []int{0, 2, 4}, Culprit: -1}},
	}}}
	page := pageOf(t, in)
	_, timeline, found := strings.Cut(page, `<svg id="timeline"`)
	require.True(t, found)
	timeline, _, _ = strings.Cut(timeline, "</svg>")
	require.Equal(t, 1, strings.Count(timeline, `<rect class="bar ok"`))
	require.Equal(t, 1, strings.Count(timeline, `<rect class="bar fail"`))
	require.Equal(t, 1, strings.Count(timeline, `<path class="bar unknown"`))
	require.Equal(t, 1, strings.Count(timeline, `<path class="open"`), "open to the right")
}

func TestPageIsDeterministic(t *testing.T) {
	in := inputOf(sample.Make(sample.Options{Stale: true}))
	in.Plan.Config.Options = map[string]string{"a": "1", "b": "2", "c": "3"}
	first := pageOf(t, in)
	for range 5 {
		require.Equal(t, first, pageOf(t, in))
	}
}

// The page allows its own script and style sheet by their hashes, and nothing
// else.
func TestPagePolicy(t *testing.T) {
	page := pageOf(t, inputOf(sample.Make(sample.Options{Stale: true})))
	policy := between(t, page, `http-equiv="Content-Security-Policy" content="`, `"`)
	hash := func(source string) string {
		sum := sha256.Sum256([]byte(source))
		return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
	}
	expected := fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; base-uri 'none'; form-action 'none'",
		hash(between(t, page, "<style>", "</style>")), hash(between(t, page, "<script>", "</script>")))
	require.Equal(t, expected, strings.NewReplacer("&#39;", "'", "&#43;", "+").Replace(policy))
	require.NotRegexp(t, `(?i)(https?:|//[a-z])`, strings.ReplaceAll(page, between(t, page, "<script>", "</script>"), ""))
}

func between(t *testing.T, text, before, after string) string {
	t.Helper()
	_, text, found := strings.Cut(text, before)
	require.True(t, found, before)
	text, _, found = strings.Cut(text, after)
	require.True(t, found, after)
	return text
}

var hostile = map[string]string{
	"script":      `</script><script>alert(1)</script>`,
	"style":       `</style><style>*{display:none}</style>`,
	"handler":     `"><img src=x onerror=alert(1)>`,
	"single":      `' onclick='alert(1)`,
	"svg":         `</text></svg><svg onload=alert(1)>`,
	"closing":     `</title></td></table></main></body></html>`,
	"comment":     `<!-- -->]]>`,
	"entity":      `&lt;b&gt; &#0; &amp;`,
	"link":        `javascript:alert(1)`,
	"template":    `{{.Policy}} ${alert(1)}`,
	"ansi":        "\x1b[2J\x1b]0;title\a",
	"right":       "\u202e\u2066abc",
	"null":        "a\x00b",
	"utf-8":       "\xff\xfe\xed\xa0\x80",
	"separator":   "\u2028\u2029",
	"a megabyte":  strings.Repeat("<b>wide</b>", 100_000),
	"long word":   strings.Repeat("w", 1<<20),
	"expressions": "expression(alert(1)) url(http://x)",
}

// Whatever a system says, the page has the elements and attributes that it has
// without it, no control characters, and a bounded size.
func TestPageIsSafe(t *testing.T) {
	tame := anatomy(t, pageOf(t, hostileInput("tame")))
	for name, text := range hostile {
		t.Run(name, func(t *testing.T) {
			page := pageOf(t, hostileInput(text))
			require.Equal(t, tame, anatomy(t, page))
			require.Less(t, len(page), 1<<20)
			require.Equal(t, 1, strings.Count(page, "<script"))
			require.Equal(t, 1, strings.Count(page, "</script"))
			at := strings.IndexFunc(page, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) })
			require.Equal(t, -1, at, "a control character")
		})
	}
}

// hostileInput has the text wherever a system, a checker or a user can put one.
func hostileInput(text string) results.Input {
	in := inputOf(sample.Make(sample.Options{Stale: true, Text: text}))
	in.Plan.Config.System, in.Plan.Config.Workload, in.Plan.Config.Runtime = text, text, text
	in.Plan.Config.Options = map[string]string{text: text}
	in.Plan.Config.Nodes, in.Plan.Config.Bugs, in.Plan.Config.Faults = []string{text}, []string{text}, []string{text}
	in.PlanHash, in.Head, in.Version = text, text, text
	in.SetupError, in.Trouble = text, []string{text}
	in.Reproduce = []string{"tertium", text}
	in.Nodes = []results.Node{{Name: text, Exits: []cluster.Exit{{Signal: text}}}}
	in.History.Torn = text
	first := &in.Reports[0]
	first.Checker, first.Cause, first.Method = text, text, text
	first.Figures = []verdict.Figure{{Name: text, Unit: text}}
	first.Findings[0].Anomaly = text
	second := first.Findings[0]
	first.Findings = append(first.Findings, second)
	for i := range in.History.Events {
		event := &in.History.Events[i]
		switch event.Kind {
		case history.Phase:
			event.F = text
		default:
			event.Error, event.Node, event.Idem = text, text, text
		}
	}
	return in
}

// anatomy are the elements of a page with the names of their attributes, each
// once, in the order in which they first appear.
func anatomy(t *testing.T, page string) []string {
	t.Helper()
	for _, element := range []string{"style", "script"} {
		page = regexp.MustCompile("(?s)<"+element+">.*?</"+element+">").ReplaceAllString(page, "<"+element+"></"+element+">")
	}
	decoder := xml.NewDecoder(strings.NewReader(page))
	decoder.Strict = false
	decoder.AutoClose = []string{"meta", "p", "li"}
	decoder.Entity = xml.HTMLEntity
	seen := map[string]bool{}
	var parts []string
	for {
		token, err := decoder.RawToken()
		if errors.Is(err, io.EOF) {
			return parts
		}
		require.NoError(t, err)
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		for _, attribute := range append(element.Attr, xml.Attr{}) {
			part := element.Name.Local + " " + attribute.Name.Local
			switch attribute.Name.Local {
			case "class", "role", "id", "type", "href":
				part += "=" + attribute.Value
			}
			if !seen[part] {
				seen[part] = true
				parts = append(parts, part)
			}
		}
	}
}

func TestPageOfManyOperationsIsSmall(t *testing.T) {
	run := sample.Make(sample.Options{Operations: 100_000, Stale: true, Text: strings.Repeat("<value>", 200)})
	page := pageOf(t, inputOf(run))
	require.Less(t, len(page), 2<<20)

	// All operations overlap the finding, and are in it.
	in := inputOf(run)
	finding := &in.Reports[0].Findings[0]
	finding.Operations, finding.Key = nil, ""
	for _, op := range in.History.Operations() {
		finding.Operations = append(finding.Operations, op.Call)
		finding.Steps = append(finding.Steps, "a step")
	}
	page = pageOf(t, in)
	require.Less(t, len(page), 2<<20)
	require.Contains(t, page, "99960 operations more are in result.json")
	require.Contains(t, page, "99943 more steps are in result.json")
}

func BenchmarkWrite(b *testing.B) {
	run := sample.Make(sample.Options{Operations: 100_000, Stale: true})
	result := results.Judge(inputOf(run))
	for b.Loop() {
		require.NoError(b, report.Write(io.Discard, result, run.History))
	}
}
