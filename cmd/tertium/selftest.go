package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/results"
	"github.com/tertium-dev/tertium/systems/ledger"
	"github.com/tertium-dev/tertium/workloads"
)

// selftest finds out whether this build finds what is planted and accuses
// nothing that is correct.
type selftest struct {
	system   harness.System
	only     []string
	seed     uint64
	limit    time.Duration
	time     time.Duration
	controls int
	out      string
	budget   harness.Budget
	show     screen
}

func newSelftest() *cobra.Command {
	var budget budgetFlags
	var t selftest
	var listBugs, asJSON bool
	cmd := &cobra.Command{
		Use:   "selftest",
		Short: "Prove that every planted bug is found, and that the correct system is not accused",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t.system, t.budget = ledger.System{}, budget.budget()
			t.show = newScreen(io.Discard, cmd.ErrOrStderr(), false, false)
			if listBugs {
				return printList(cmd.OutOrStdout(), list(t.bugs(), func(b harness.Bug) listed {
					return listed{b.Name, []string{b.Workload}, b.Doc}
				}), asJSON)
			}
			return t.run(cmd.Context(), cmd.OutOrStdout())
		},
	}
	budget.register(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&listBugs, "list", false, "list the planted bugs, one a line")
	flags.BoolVar(&asJSON, "json", false, "with --list: print JSON")
	flags.StringSliceVar(&t.only, "bug", nil, "only these bugs, with commas (default: all)")
	flags.Uint64Var(&t.seed, "seed", 1, "seed of the first run of each bug; the next run has the next seed")
	flags.DurationVar(&t.limit, "limit", time.Minute, "run time within which each bug must be found")
	flags.DurationVarP(&t.time, "time", "t", 0, "length of the phase with faults of each run (default: the workload's)")
	flags.IntVar(&t.controls, "controls", 2, "runs of the correct system, each with a seed of its own")
	flags.StringVar(&t.out, "out", "", "keep the runs' folders here (default: they are removed)")
	return cmd
}

func (t *selftest) bugs() []harness.Bug {
	bugs := append(slices.Clone(t.system.Bugs()), harness.HarnessBugs()...)
	if len(t.only) == 0 {
		return bugs
	}
	return slices.DeleteFunc(bugs, func(b harness.Bug) bool { return !slices.Contains(t.only, b.Name) })
}

// run prints a line for each bug and each control, and ends with exit code 0
// only if all are as they must be.
func (t *selftest) run(ctx context.Context, out io.Writer) error {
	for _, name := range t.only {
		if !slices.ContainsFunc(t.bugs(), func(b harness.Bug) bool { return b.Name == name }) {
			return exit(results.ExitUsage, fmt.Errorf("no bug is called %q; `tertium selftest --list` lists them", name))
		}
	}
	if t.out == "" {
		temporary, err := os.MkdirTemp("", "tertium-selftest-")
		if err != nil {
			return exit(results.ExitInternal, err)
		}
		defer os.RemoveAll(temporary)
		t.out = temporary
	}
	table := tabwriter.NewWriter(out, 26, 0, 2, ' ', 0)
	wrong := 0
	line := func(right bool, name, format string, args ...any) {
		mark := "ok  "
		if !right {
			mark = "FAIL"
			wrong++
		}
		fmt.Fprintf(table, "%s %s\t%s\n", mark, name, fmt.Sprintf(format, args...))
		table.Flush()
	}
	for _, bug := range t.bugs() {
		found, err := t.hunt(ctx, bug)
		if err != nil {
			return err
		}
		line(found.right, bug.Name, "%s", found.text)
	}
	for i := range t.controls {
		seed := t.seed + uint64(i)
		result, err := t.once(ctx, "", seed)
		if err != nil {
			return err
		}
		line(result.Verdict == verdict.Valid, "correct", "seed %d: %v: %s", seed, result.Verdict, result.Cause)
	}
	if wrong > 0 {
		return exit(results.ExitInvalid, fmt.Errorf("%d of the above are not as they must be: do not trust this build", wrong))
	}
	fmt.Fprintf(out, "all %d planted bugs found, %d runs of the correct system valid\n", len(t.bugs()), t.controls)
	return nil
}

// found is what came of the hunt for a bug.
type found struct {
	right bool
	text  string
}

// hunt runs the system with a bug until it is found or the limit is reached.
func (t *selftest) hunt(ctx context.Context, bug harness.Bug) (found, error) {
	var spent time.Duration
	for seed := t.seed; ; seed++ {
		result, err := t.once(ctx, bug.Name, seed)
		if err != nil {
			return found{}, err
		}
		if bug.Name == harness.IdleNemesis {
			return found{result.Verdict == verdict.Unknown, fmt.Sprintf("%v: %s", result.Verdict, result.Cause)}, nil
		}
		if result.Verdict == verdict.Invalid {
			at, by := discovery(result)
			return found{true, fmt.Sprintf("found after %.1f s of run %d by %s", (spent + at).Seconds(), seed-t.seed+1, by)}, nil
		}
		spent += result.History.Duration
		if spent >= t.limit || ctx.Err() != nil {
			return found{false, fmt.Sprintf("not found in %.0f s; last verdict %v: %s", spent.Seconds(), result.Verdict, result.Cause)}, nil
		}
	}
}

// discovery says when the counterexample was complete, and which checker found
// it.
func discovery(r results.Result) (at time.Duration, by string) {
	report := r.Reports[0]
	by = report.Checker
	if len(report.Findings) > 0 {
		by += " (" + report.Findings[0].Anomaly + ")"
	}
	return r.Evident, by
}

// once is one run with a bug, or of the correct system.
func (t *selftest) once(ctx context.Context, bug string, seed uint64) (results.Result, error) {
	config := plan.Config{Runtime: "local", Time: t.time, Workload: workloads.SideBySide(t.system.Workloads())}
	if bug != "" {
		config.Bugs = []string{bug}
	}
	one, err := prepare(seed, config, t.system)
	if err != nil {
		return results.Result{}, exit(results.ExitUsage, err)
	}
	result, err := runTest(ctx, one, t.out, t.budget, t.show)
	if err != nil {
		return result, err
	}
	return result, interruption(result)
}
