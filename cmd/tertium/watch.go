package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/results"
)

// watching says what is judged while a run goes on.
type watching struct {
	// monitor is whether anything is, and stop whether a violation ends the run.
	monitor, stop bool
}

func (w *watching) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&w.monitor, "monitor", true, "judge while the run goes on, and say at once when it is invalid")
	cmd.Flags().BoolVar(&w.stop, "stop-on-violation", false, "end the faults as soon as a monitor sees a violation, then read back and judge")
}

// monitors returns those of a test.
func (w watching) monitors(t test) []harness.Monitor {
	if !w.monitor && !w.stop {
		return nil
	}
	return harness.MonitorsOf(t.workload, t.plan.Config)
}

// observed is what monitors saw of a run.
func observed(record harness.Record) []results.Monitor {
	var all []results.Monitor
	for _, o := range record.Observed {
		m := results.Monitor{
			Checker: o.Report.Checker, Operations: o.Operations, Verdict: o.Report.Verdict, Cause: o.Report.Cause,
		}
		if v := o.Violation; v != nil {
			m.Violation = &results.Violation{Event: v.Event, Time: v.Time, After: v.Operations, Cause: v.Cause}
		}
		all = append(all, m)
	}
	return all
}

// violationLine is what a user sees at once.
func violationLine(v harness.Violation) string {
	operations := "operations"
	if v.Operations == 1 {
		operations = "operation"
	}
	return fmt.Sprintf("✗ already invalid after %s %s: %s: %s",
		results.Number(int64(v.Operations)), operations, v.Monitor, results.Printable(v.Cause, causeLimit))
}

// causeLimit is how much of a cause the line shows.
const causeLimit = 300
