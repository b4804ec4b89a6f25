package findings

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

// Outcome is what came of one run of a scenario.
type Outcome struct {
	// Missed says in what the run is not as it has to be; empty if it is.
	Missed string
	// Found are the anomalies that were found, each once.
	Found []string
	// Cause is the run's own one sentence.
	Cause   string
	Verdict verdict.Verdict
	// Took is the time from the start of the run to its last operation.
	Took       time.Duration
	Operations int
	Version    string
	Seed       uint64
}

// Judge compares the result of a run with what is expected.
func (s Scenario) Judge(r results.Result) Outcome {
	o := Outcome{
		Cause: r.Cause, Verdict: r.Verdict, Took: r.History.Duration, Operations: r.Statistics.Total.Sum(),
		Version: r.Version, Seed: r.Seed,
	}
	for _, report := range r.Reports {
		for _, finding := range report.Findings {
			if !slices.Contains(o.Found, finding.Anomaly) {
				o.Found = append(o.Found, finding.Anomaly)
			}
		}
	}
	var missed []string
	miss := func(is bool, format string, args ...any) {
		if is {
			missed = append(missed, fmt.Sprintf(format, args...))
		}
	}
	e := s.Expect
	miss(r.Verdict != e.Verdict, "the verdict is %v, not %v", r.Verdict, e.Verdict)
	miss(len(e.Anomalies) > 0 && !slices.ContainsFunc(e.Anomalies, o.has), "none of %s was found", strings.Join(e.Anomalies, ", "))
	for _, absent := range e.Absent {
		miss(o.has(absent), "%s was found", absent)
	}
	miss(e.Within > 0 && o.Took > e.Within, "it took %v, more than %v", o.Took.Round(time.Second), e.Within)
	miss(o.Operations < e.Operations, "there were %d operations, not %d", o.Operations, e.Operations)
	o.Missed = strings.Join(missed, "; ")
	return o
}

func (o Outcome) has(anomaly string) bool { return slices.Contains(o.Found, anomaly) }

// Enough returns how many of so many runs have to be as expected: all of a
// scenario that is valid, four of five of one in which something is found, since
// that takes luck.
func (s Scenario) Enough(runs int) int {
	if s.Expect.Verdict == verdict.Valid {
		return runs
	}
	return (4*runs + 4) / 5
}
