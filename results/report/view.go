package report

import (
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

// Bounds on what a page shows; result.json has the rest.
const (
	maxText     = 600
	maxCell     = 160
	maxValue    = 1000
	maxRows     = 40
	maxSteps    = 60
	maxFindings = 10
	maxFaults   = 500
)

// view is the page as the template sees it: every text is cut, every number is
// written.
type view struct {
	Policy string
	Style  template.CSS
	Script template.JS

	Title    string
	Verdict  verdictView
	Cause    string
	Doubts   []string
	Command  string
	Facts    []pair
	Finding  *findingView
	Timeline *timeline
	Charts   *charts
	Coverage coverage
	Faults   []faultView
	// MoreFaults is how many faults the page leaves out.
	MoreFaults int
	Reports    []reportView
	Functions  []measureView
	Phases     []measureView
	Nodes      []nodeView
	Settings   []pair
}

type pair struct{ Name, Value string }

// verdictView is a verdict as a word, a colour's class and a shape, so that no
// one has to tell colours apart.
type verdictView struct{ Word, Class, Mark string }

func lookOf(v verdict.Verdict) verdictView {
	mark := map[verdict.Verdict]string{verdict.Valid: "✓", verdict.Invalid: "✗"}[v]
	if mark == "" {
		mark = "?"
	}
	return verdictView{Word: v.String(), Class: v.String(), Mark: mark}
}

type reportView struct {
	Verdict                          verdictView
	Checker, Property, Cause, Method string
	Judged                           string
	Figures                          []pair
	// Above is true if its first finding is the one that the page begins with.
	Above    bool
	Findings []findingView
	More     int
}

type measureView struct {
	Name, OK, Fail, Unknown string
	P50, P95, P99, Max      string
}

type nodeView struct {
	Name  string
	Exits []exitView
}

type exitView struct {
	At, How string
	Asked   bool
}

func newView(r results.Result, h *history.History) view {
	operations := h.Operations()
	v := view{
		Title:     "Tertium",
		Verdict:   lookOf(r.Verdict),
		Cause:     text(r.Cause),
		Facts:     factsOf(r),
		Coverage:  coverageOf(r.Faults),
		Reports:   reportsOf(r, operations),
		Functions: measuresOf(r.Statistics.Functions),
		Phases:    measuresOf(r.Statistics.Phases),
		Nodes:     nodesOf(r.Nodes),
		Settings:  settingsOf(r),
		Charts:    newCharts(r, h, operations),
	}
	if len(r.Doubts) > 0 && r.Cause != r.Doubts[0] {
		v.Doubts = texts(r.Doubts, maxSteps)
	}
	if r.Config != nil {
		v.Title = fmt.Sprintf("%s/%s, seed %d", text(r.Config.System), text(r.Config.Workload), r.Seed)
	}
	if len(r.Reproduce) > 0 {
		v.Command = results.Printable(results.CommandLine(r.Reproduce), maxValue)
	}
	shown := r.Faults[:min(len(r.Faults), maxFaults)]
	v.MoreFaults = len(r.Faults) - len(shown)
	for _, fault := range shown {
		v.Faults = append(v.Faults, faultOf(fault))
	}
	if at := mostTelling(r.Reports); at >= 0 {
		finding := r.Reports[at].Findings[0]
		first := newFinding(finding, operations)
		if strings.HasSuffix(r.Cause, finding.Summary) {
			first.Summary = "" // the page has just said it
		}
		v.Finding = &first
		v.Timeline = newTimeline(finding, operations, r.Faults)
	}
	return v
}

// mostTelling is the place of the report whose first finding the page begins
// with: the reports come with the gravest first. It is -1 if there is none.
func mostTelling(reports []verdict.Report) int {
	return slices.IndexFunc(reports, func(r verdict.Report) bool { return len(r.Findings) > 0 })
}

// text makes a text of a system, a checker or a user fit for the page.
func text(s string) string { return results.Printable(s, maxText) }

func texts(all []string, limit int) []string {
	var cut []string
	for _, s := range all[:min(len(all), limit)] {
		cut = append(cut, text(s))
	}
	return cut
}

func factsOf(r results.Result) []pair {
	total := r.Statistics.Total
	facts := []pair{
		{"Exit code", fmt.Sprintf("%d (%s)", int(r.Exit), r.Exit)},
		{"Operations", fmt.Sprintf("%s ok, %s fail, %s unknown", results.Number(total.OK), results.Number(total.Fail), results.Number(total.Unknown))},
		{"Duration", results.Span(r.History.Duration)},
	}
	if !r.Started.IsZero() {
		facts = append(facts, pair{"Started", r.Started.UTC().Format(time.RFC3339)})
	}
	if r.Config != nil {
		facts = append(facts, pair{"Runtime", text(r.Config.Runtime)})
	}
	return facts
}

func reportsOf(r results.Result, operations []history.Operation) []reportView {
	var views []reportView
	above := mostTelling(r.Reports)
	for i, report := range r.Reports {
		v := reportView{
			Verdict: lookOf(report.Verdict), Checker: text(report.Checker), Property: text(report.Property),
			Cause: text(report.Cause), Method: text(report.Method), Judged: results.Number(report.Judged),
		}
		for _, figure := range report.Figures {
			v.Figures = append(v.Figures, pair{text(figure.Name), figureOf(figure)})
		}
		findings := report.Findings
		if v.Above = i == above; v.Above {
			findings = findings[1:]
		}
		shown := findings[:min(len(findings), maxFindings)]
		v.More = len(findings) - len(shown)
		for _, finding := range shown {
			v.Findings = append(v.Findings, newFinding(finding, operations))
		}
		views = append(views, v)
	}
	return views
}

func figureOf(f verdict.Figure) string {
	if f.Unit == "s" {
		return results.Span(time.Duration(f.Value * float64(time.Second)))
	}
	return fmt.Sprintf("%.6g %s", f.Value, text(f.Unit))
}

func measuresOf(measures []results.Measure) []measureView {
	var views []measureView
	for _, m := range measures {
		v := measureView{Name: text(m.Name), OK: results.Number(m.OK), Fail: results.Number(m.Fail), Unknown: results.Number(m.Unknown)}
		if m.OK > 0 {
			l := m.Latency
			v.P50, v.P95, v.P99, v.Max = results.Span(l.P50), results.Span(l.P95), results.Span(l.P99), results.Span(l.Max)
		}
		views = append(views, v)
	}
	return views
}

func nodesOf(nodes []results.Node) []nodeView {
	var views []nodeView
	for _, node := range nodes {
		v := nodeView{Name: text(node.Name)}
		for _, exit := range node.Exits {
			how := fmt.Sprintf("exit code %d", exit.Code)
			if exit.Signal != "" {
				how = text(exit.Signal)
			}
			v.Exits = append(v.Exits, exitView{At: results.Span(exit.Time), How: how, Asked: exit.Asked})
		}
		views = append(views, v)
	}
	return views
}

// settingsOf is what the run was made with.
func settingsOf(r results.Result) []pair {
	settings := []pair{
		{"Tertium", text(r.Version)},
		{"Plan", text(r.PlanHash)},
		{"History", fmt.Sprintf("%s events, chain head %s", results.Number(r.History.Events), text(r.History.Head))},
	}
	if r.History.Torn != "" {
		settings = append(settings, pair{"Torn", text(r.History.Torn)})
	}
	c := r.Config
	if c == nil {
		return settings
	}
	settings = append(settings,
		pair{"Nodes", text(strings.Join(c.Nodes, ", "))},
		pair{"Bugs switched on", text(strings.Join(c.Bugs, ", "))},
		pair{"Workers", fmt.Sprint(c.Workers)},
		pair{"Rate", fmt.Sprintf("%d operations a second", c.Rate)},
		pair{"Warm-up, faults, settle", fmt.Sprintf("%s, %s, %s", results.Span(c.WarmUp), results.Span(c.Time), results.Span(c.Settle))},
		pair{"Timeout", results.Span(c.Timeout)},
		pair{"Keys", fmt.Sprint(c.Keys)},
		pair{"Ambiguity budget of a key", fmt.Sprint(c.AmbiguityBudget)},
		pair{"Fault kinds", text(strings.Join(c.Faults, ", "))},
	)
	var names []string
	for name := range c.Options {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		settings = append(settings, pair{"Option " + text(name), text(c.Options[name])})
	}
	return settings
}
