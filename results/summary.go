package results

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// SummaryOptions say how a summary looks.
type SummaryOptions struct {
	// Color turns on ANSI colours. The words say the same without.
	Color bool
	// Width is that of the terminal in columns; less than 40 means 80.
	Width int
	// Folder is where the evidence is, if it is kept.
	Folder string
}

// A summary has at most maxLines lines. Each part is bounded, and the faults
// get what the others leave.
const (
	maxLines     = 25
	causeLines   = 3
	tableRows    = 8
	stepLines    = tableRows + 2 // as many as a table has
	checkLines   = 2
	fewKinds     = 4
	labelWidth   = 10
	defaultWidth = 80
	minWidth     = 40
	pathLimit    = 4096
)

// Summary tells the result in at most 25 lines: the verdict and its cause
// first, then the counterexample, the evidence of each fault, counts, and how
// to run it again. The history is that of the result.
func Summary(w io.Writer, r Result, h *history.History, o SummaryOptions) error {
	if o.Width < minWidth {
		o.Width = defaultWidth
	}
	s := summary{o}
	before := slices.Concat(s.head(r), s.counterexample(r, h))
	after := slices.Concat(s.operations(r), s.checks(r), s.crashes(r))
	if o.Folder != "" {
		after = append(after, s.field("evidence", Printable(o.Folder, pathLimit))...)
	}
	if len(r.Reproduce) > 0 {
		after = append(after, s.field("again", Printable(CommandLine(r.Reproduce), pathLimit))...)
	}
	lines := slices.Concat(before, s.faults(r, maxLines-len(before)-len(after)), after)
	_, err := io.WriteString(w, strings.Join(lines, "\n")+"\n")
	return err
}

// summary makes the parts, each a list of lines.
type summary struct{ SummaryOptions }

// field puts lines under a label.
func (s summary) field(label string, lines ...string) []string {
	for i := range lines {
		lines[i] = s.paint(dim, fmt.Sprintf("%-*s", labelWidth, label)) + lines[i]
		label = ""
	}
	return lines
}

// items breaks a list for a field.
func (s summary) items(items []string, limit int) []string {
	return wrapItems(items, s.Width-labelWidth, limit)
}

func (s summary) head(r Result) []string {
	color, mark := verdictLook(r.Verdict)
	head := mark + " " + strings.ToUpper(r.Verdict.String())
	what := ""
	if r.Config != nil {
		what = fmt.Sprintf("  %s/%s on %s, seed %d",
			Printable(r.Config.System, 40), Printable(r.Config.Workload, 40), Printable(r.Config.Runtime, 40), r.Seed)
	}
	lines := []string{s.paint(color, head) + clip(what, s.Width-length(head))}
	lines = append(lines, wrap(Printable(r.Cause, (causeLines+1)*s.Width), s.Width, causeLines)...)
	return append(lines, "")
}

func verdictLook(v verdict.Verdict) (color, mark string) {
	switch v {
	case verdict.Valid:
		return green, "✓"
	case verdict.Invalid:
		return red, "✗"
	}
	return yellow, "?"
}

// finding returns the most telling finding, if there is one.
func finding(r Result) (verdict.Finding, bool) {
	for _, report := range r.Reports {
		if len(report.Findings) > 0 {
			return report.Findings[0], true
		}
	}
	return verdict.Finding{}, false
}

// counterexample draws the first finding as a table, or tells it if it cannot
// be drawn.
func (s summary) counterexample(r Result, h *history.History) []string {
	found, ok := finding(r)
	if !ok {
		return nil
	}
	var table Counterexample
	if h != nil {
		table = Explain(h.Operations(), found, tableRows)
	}
	if len(table.Rows) > 0 {
		return append(s.table(table), "")
	}
	story := Printable(strings.Join(found.Steps, " "), (stepLines+1)*s.Width)
	return append(wrap(story, s.Width, stepLines), "")
}

// faultGroup is all faults of a kind.
type faultGroup struct {
	kind            string
	count, neverBit int
	hits            int64
	evidence        string
}

// text says what the faults did: in words if there is one and room for them.
func (g faultGroup) text(words bool) string {
	hits := Number(g.hits) + " hits"
	if g.hits == 1 {
		hits = "1 hit"
	}
	if words && g.count == 1 && g.evidence != "" {
		hits = Printable(g.evidence, 60)
	}
	switch g.neverBit {
	case 0:
	case g.count:
		hits = "NEVER BIT"
	default:
		hits += fmt.Sprintf(" (%d NEVER BIT)", g.neverBit)
	}
	return fmt.Sprintf("%s ×%d: %s", Printable(g.kind, 40), g.count, hits)
}

func (s summary) faults(r Result, limit int) []string {
	if len(r.Faults) == 0 {
		return nil
	}
	var kinds []string
	groups := map[string]faultGroup{}
	bit := 0
	for _, fault := range r.Faults {
		g, known := groups[fault.Kind]
		if !known {
			kinds = append(kinds, fault.Kind)
		}
		g.kind, g.evidence = fault.Kind, fault.Evidence
		g.count++
		g.hits += fault.Count
		g.neverBit += 1 - btoi(fault.Bit)
		bit += btoi(fault.Bit)
		groups[fault.Kind] = g
	}
	// What was not tested must not be lost if the list is cut.
	slices.SortStableFunc(kinds, func(a, b string) int {
		return cmp.Compare(btoi(groups[b].neverBit > 0), btoi(groups[a].neverBit > 0))
	})
	texts := make([]string, len(kinds))
	for i, kind := range kinds {
		texts[i] = groups[kind].text(len(kinds) <= fewKinds)
	}
	head := clip(fmt.Sprintf("%d of %d took effect while operations ran", bit, len(r.Faults)), s.Width-labelWidth)
	return s.field("faults", append([]string{head}, s.items(texts, limit-1)...)...)
}

func (s summary) operations(r Result) []string {
	total := r.Statistics.Total
	texts := []string{Number(total.OK) + " ok", Number(total.Fail) + " fail", Number(total.Unknown) + " unknown"}
	if total.OK > 0 {
		texts = append(texts, "p50 "+Span(total.Latency.P50), "p99 "+Span(total.Latency.P99))
	}
	return s.field("ops", s.items(texts, 1)...)
}

func (s summary) checks(r Result) []string {
	if len(r.Reports) == 0 {
		return s.field("checks", "none")
	}
	texts := make([]string, len(r.Reports))
	for i, report := range r.Reports {
		_, mark := verdictLook(report.Verdict)
		texts[i] = fmt.Sprintf("%s %s (%s judged)", mark, Printable(report.Checker, 40), Number(report.Judged))
	}
	return s.field("checks", s.items(texts, checkLines)...)
}

// crashes tells of nodes that ended without being asked to.
func (s summary) crashes(r Result) []string {
	var texts []string
	for _, node := range r.Nodes {
		for _, exit := range node.Exits {
			if exit.Asked {
				continue
			}
			how := fmt.Sprintf("exit code %d", exit.Code)
			if exit.Signal != "" {
				how = Printable(exit.Signal, 20)
			}
			texts = append(texts, fmt.Sprintf("%s ended by itself at %s (%s)", Printable(node.Name, 40), Span(exit.Time), how))
		}
	}
	return s.field("crashes", s.items(texts, 1)...)
}

// The colours of a summary, as ANSI sequences.
const (
	red    = "\x1b[1;31m"
	green  = "\x1b[1;32m"
	yellow = "\x1b[1;33m"
	dim    = "\x1b[2m"
	plain  = "\x1b[0m"
)

func (s summary) paint(color, text string) string {
	if !s.Color || text == "" {
		return text
	}
	return color + text + plain
}
