package results

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// junitText bounds each text, as build servers show them whole.
const junitText = 4000

// junitSuites is a report in the form that build servers read: the schema of
// Ant and Surefire. The order of the fields is the order that the schema wants.
type junitSuites struct {
	XMLName xml.Name   `xml:"testsuites"`
	Suite   junitSuite `xml:"testsuite"`
}

type junitSuite struct {
	Name       string          `xml:"name,attr"`
	Package    string          `xml:"package,attr"`
	ID         int             `xml:"id,attr"`
	Timestamp  string          `xml:"timestamp,attr"`
	Hostname   string          `xml:"hostname,attr"`
	Tests      int             `xml:"tests,attr"`
	Failures   int             `xml:"failures,attr"`
	Errors     int             `xml:"errors,attr"`
	Time       string          `xml:"time,attr"`
	Properties []junitProperty `xml:"properties>property"`
	Cases      []junitCase     `xml:"testcase"`
	Out        string          `xml:"system-out"`
	Err        string          `xml:"system-err"`
}

type junitProperty struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
}

type junitCase struct {
	Name    string        `xml:"name,attr"`
	Class   string        `xml:"classname,attr"`
	Time    string        `xml:"time,attr"`
	Error   *junitTrouble `xml:"error"`
	Failure *junitTrouble `xml:"failure"`
}

type junitTrouble struct {
	Message string `xml:"message,attr"`
	Type    string `xml:"type,attr"`
	Text    string `xml:",chardata"`
}

// WriteJUnit writes the result as a JUnit report: one test a checker, one a
// kind of fault, and one for the run itself. A violation is a failure; what is
// unknown is an error, never skipped, so that no build server shows it green.
func WriteJUnit(w io.Writer, r Result) error {
	class := "tertium"
	suite := "tertium"
	if r.Config != nil {
		class = junit(r.Config.System) + "." + junit(r.Config.Workload)
		suite = fmt.Sprintf("%s/%s seed %d", junit(r.Config.System), junit(r.Config.Workload), r.Seed)
	}
	cases := append([]junitCase{runCase(r)}, faultCases(r)...)
	for _, report := range r.Reports {
		cases = append(cases, reportCase(report))
	}
	s := junitSuite{
		Name: suite, Package: class, Hostname: "localhost",
		Timestamp: r.Started.UTC().Format("2006-01-02T15:04:05"),
		Time:      seconds(r.History.Duration),
		Tests:     len(cases),
		Properties: []junitProperty{
			{"verdict", r.Verdict.String()},
			{"exit", fmt.Sprint(int(r.Exit))},
			{"seed", fmt.Sprint(r.Seed)},
			{"tertium", junit(r.Version)},
		},
		Out: junit(CommandLine(r.Reproduce)),
	}
	for i := range cases {
		cases[i].Class, cases[i].Time = class, seconds(0)
		switch {
		case cases[i].Failure != nil:
			s.Failures++
		case cases[i].Error != nil:
			s.Errors++
		}
	}
	s.Cases = cases
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(junitSuites{Suite: s}); err != nil {
		return fmt.Errorf("write JUnit report: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

// runCase is about everything that keeps the verdict from being valid, beside
// the checkers.
func runCase(r Result) junitCase {
	c := junitCase{Name: "the run went as planned"}
	if len(r.Doubts) > 0 {
		c.Error = &junitTrouble{Message: junit(r.Doubts[0]), Type: r.Exit.String(), Text: junit(strings.Join(r.Doubts, "\n"))}
	}
	return c
}

// faultCases are one case a kind of fault, in the order in which they began.
func faultCases(r Result) []junitCase {
	var kinds []string
	why := map[string][]string{}
	for _, fault := range r.Faults {
		if _, known := why[fault.Kind]; !known {
			kinds = append(kinds, fault.Kind)
			why[fault.Kind] = nil
		}
		if !fault.Bit {
			why[fault.Kind] = append(why[fault.Kind], fault.Name()+" "+fault.WhyNot())
		}
	}
	cases := make([]junitCase, len(kinds))
	for i, kind := range kinds {
		cases[i].Name = "fault " + junit(kind) + " took effect"
		if len(why[kind]) > 0 {
			cases[i].Error = &junitTrouble{Message: junit(why[kind][0]), Type: "unknown", Text: junit(strings.Join(why[kind], "\n"))}
		}
	}
	return cases
}

func reportCase(report verdict.Report) junitCase {
	c := junitCase{Name: junit(report.Checker + ": " + report.Property)}
	trouble := &junitTrouble{Message: junit(report.Cause), Type: report.Verdict.String(), Text: junit(story(report))}
	switch report.Verdict {
	case verdict.Invalid:
		c.Failure = trouble
	case verdict.Unknown:
		c.Error = trouble
	}
	return c
}

// story tells the findings of a report, one line a step.
func story(report verdict.Report) string {
	var lines []string
	for _, finding := range report.Findings {
		lines = append(lines, finding.Anomaly+": "+finding.Summary)
		lines = append(lines, finding.Steps...)
	}
	return strings.Join(lines, "\n")
}

// junit makes text safe line by line; the encoder escapes what XML needs.
func junit(text string) string {
	lines := strings.SplitN(text, "\n", 100)
	for i, line := range lines {
		lines[i] = Printable(line, junitText)
	}
	return strings.Join(lines, "\n")
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
