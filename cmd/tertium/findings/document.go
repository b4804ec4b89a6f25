package findings

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

// Dir is the folder, below root, of all runs of the scenario.
func (s Scenario) Dir(root string) string {
	return filepath.Join(root, filepath.FromSlash(s.Name), "runs")
}

// Outcomes judges all runs of the scenario that are kept below root, the oldest
// first. A run without a result is left out: it did not come to its end.
func (s Scenario) Outcomes(root string) ([]Outcome, error) {
	type run struct {
		started time.Time
		outcome Outcome
	}
	var runs []run
	err := filepath.WalkDir(s.Dir(root), func(path string, entry fs.DirEntry, err error) error {
		switch {
		case os.IsNotExist(err):
			return nil
		case err != nil:
			return err
		case entry.Name() != results.ResultName || !entry.Type().IsRegular():
			return nil
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		result, err := results.ReadResult(file)
		if err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		runs = append(runs, run{result.Started, s.Judge(result)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the runs of %s: %w", s.Name, err)
	}
	slices.SortStableFunc(runs, func(a, b run) int { return a.started.Compare(b.started) })
	outcomes := make([]Outcome, len(runs))
	for i, r := range runs {
		outcomes[i] = r.outcome
	}
	return outcomes, nil
}

// Document writes what came of the runs of each scenario as Markdown.
func Document(w io.Writer, scenarios []Scenario, root string) error {
	var b strings.Builder
	b.WriteString(`# Findings

Published anomalies of real systems, each found again by one command, and beside
each its control: what holds with one setting changed. This page is made by
` + "`tertium findings document`" + ` from the results of real runs; a scenario that was
not run says so. "As expected" counts runs with the expected verdict, anomaly, time
and number of operations.

    tertium findings                                  # what there is
    tertium findings run postgres-long-fork           # one of them
    tertium findings run --must-hold --runs 10        # what must never be accused

`)
	for _, s := range scenarios {
		outcomes, err := s.Outcomes(root)
		if err != nil {
			return err
		}
		s.document(&b, outcomes)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (s Scenario) document(b *strings.Builder, outcomes []Outcome) {
	level := "##"
	if strings.Contains(s.Name, "/") {
		level = "###"
	}
	fmt.Fprintf(b, "%s %s\n\n", level, s.Title)
	if story := strings.TrimSpace(s.Story); story != "" {
		fmt.Fprintf(b, "%s\n\n", story)
	}
	if level == "##" {
		fmt.Fprintf(b, "Source: %s\n\n", strings.TrimSpace(s.Source))
	}
	fmt.Fprintf(b, "    tertium findings run %s\n\n", s.Name)
	fmt.Fprintf(b, "Expected: %s.", s.Expect.text())
	if s.MustHold {
		b.WriteString(" It must hold in every run.")
	}
	b.WriteString("\n\n")
	if len(outcomes) == 0 {
		b.WriteString("Not run.\n\n")
		return
	}
	right := 0
	var times []time.Duration
	for _, o := range outcomes {
		if o.Missed == "" {
			right++
		}
		times = append(times, o.Took)
	}
	slices.Sort(times)
	last := outcomes[len(outcomes)-1]
	fmt.Fprintf(b, "As expected: %d of %d runs; median %v. Last run, seed %d: %v", right, len(outcomes),
		times[len(times)/2].Round(time.Second), last.Seed, last.Verdict)
	if len(last.Found) > 0 {
		fmt.Fprintf(b, " (%s)", strings.Join(last.Found, ", "))
	}
	fmt.Fprintf(b, ", %d operations: %s\n\n", last.Operations, markdown(last.Cause))
	for _, o := range outcomes {
		if o.Missed != "" {
			fmt.Fprintf(b, "- not as expected, seed %d: %s: %s\n", o.Seed, markdown(o.Missed), markdown(o.Cause))
		}
	}
	if right < len(outcomes) {
		b.WriteString("\n")
	}
}

// text says in words what is expected.
func (e Expectation) text() string {
	text := e.Verdict.String()
	if len(e.Anomalies) > 0 {
		text += " with " + strings.Join(e.Anomalies, " or ")
	}
	if len(e.Absent) > 0 {
		text += ", without " + strings.Join(e.Absent, ", ")
	}
	if e.Operations > 0 {
		text += fmt.Sprintf(", at least %d operations", e.Operations)
	}
	if e.Within > 0 {
		text += fmt.Sprintf(", within %v", e.Within)
	}
	return text
}

// markdown takes from a text what Markdown would read as something else.
func markdown(text string) string {
	const special = "\\`*_{}[]<>#|!"
	var b strings.Builder
	for _, r := range results.Printable(text, 400) {
		if strings.ContainsRune(special, r) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// Kind is "finding", "control" or "must hold".
func (s Scenario) Kind() string {
	switch {
	case s.MustHold:
		return "must hold"
	case s.Expect.Verdict == verdict.Valid:
		return "control"
	}
	return "finding"
}
