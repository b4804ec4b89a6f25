package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/cmd/tertium/findings"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/results"
)

func newFindings() *cobra.Command {
	cmd := newList("findings", "List the published anomalies that can be found again, and what must hold", nil)
	cmd.Short = "Find published anomalies of real systems again, and accuse nothing that is correct"
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		asJSON, err := cmd.Flags().GetBool("json")
		if err != nil {
			return err
		}
		all, err := findings.All()
		if err != nil {
			return exit(results.ExitInternal, err)
		}
		return printList(cmd.OutOrStdout(), list(all, func(s findings.Scenario) listed {
			return listed{s.Name, []string{s.Kind()}, s.Title}
		}), asJSON)
	}
	cmd.AddCommand(newFindingsRun(), newFindingsDocument())
	return cmd
}

// rerun runs scenarios and tells of each run whether it is as expected.
type rerun struct {
	runs     int
	mustHold bool
	all      bool
	seed     uint64
	seeded   bool
	out      string
	budget   harness.Budget
	show     screen
}

func newFindingsRun() *cobra.Command {
	var budget budgetFlags
	var r rerun
	cmd := &cobra.Command{
		Use:   "run NAME...",
		Short: "Run scenarios by name; a name stands for its controls too",
		Example: `  tertium findings run mariadb-repeatable-read
  tertium findings run --all --runs 5
  tertium findings run --must-hold --runs 10`,
		RunE: func(cmd *cobra.Command, args []string) error {
			r.budget, r.seeded = budget.budget(), cmd.Flags().Changed("seed")
			r.show = newScreen(io.Discard, cmd.ErrOrStderr(), false, false)
			chosen, err := r.choose(args)
			if err != nil {
				return exit(results.ExitUsage, err)
			}
			return r.run(cmd.Context(), cmd.OutOrStdout(), chosen)
		},
	}
	budget.register(cmd)
	flags := cmd.Flags()
	flags.BoolVar(&r.all, "all", false, "all scenarios")
	flags.BoolVar(&r.mustHold, "must-hold", false, "those that must hold in every run")
	flags.IntVar(&r.runs, "runs", 1, "runs of each; four of five have to find what is to be found, and all have to hold")
	flags.Uint64Var(&r.seed, "seed", 0, "seed of the first run of each; the next run has the next seed (default: new ones)")
	flags.StringVar(&r.out, "out", "runs/findings", "folder that gets the folders of all runs")
	return cmd
}

// choose returns the scenarios that are named, in their order.
func (r *rerun) choose(names []string) ([]findings.Scenario, error) {
	all, err := findings.All()
	if err != nil {
		return nil, err
	}
	if r.runs < 1 {
		return nil, fmt.Errorf("--runs is %d: set it to 1 or more", r.runs)
	}
	used := map[string]bool{}
	chosen := slices.DeleteFunc(all, func(s findings.Scenario) bool {
		wanted := r.all || r.mustHold && s.MustHold
		for _, name := range names {
			if s.Name == name || strings.HasPrefix(s.Name, name+"/") {
				wanted, used[name] = true, true
			}
		}
		return !wanted
	})
	for _, name := range names {
		if !used[name] {
			return nil, fmt.Errorf("no scenario is called %q; `tertium findings` lists them", name)
		}
	}
	if len(chosen) == 0 {
		return nil, errors.New("name a scenario (`tertium findings` lists them), or say --all or --must-hold")
	}
	return chosen, nil
}

// run prints a line for each run and one for each scenario, and ends with exit
// code 0 only if enough runs of each are as expected.
func (r *rerun) run(ctx context.Context, out io.Writer, scenarios []findings.Scenario) error {
	table := tabwriter.NewWriter(out, 40, 0, 2, ' ', 0)
	var wrong []string
	for _, s := range scenarios {
		right := 0
		for i := range r.runs {
			outcome, err := r.once(ctx, s, uint64(i))
			if err != nil {
				return err
			}
			mark, text := "ok  ", outcome.Cause
			if outcome.Missed == "" {
				right++
			} else {
				mark, text = "MISS", outcome.Missed+": "+outcome.Cause
			}
			fmt.Fprintf(table, "%s %s\tseed %d, %v: %v: %s\n", mark, s.Name, outcome.Seed,
				outcome.Took.Round(time.Second), outcome.Verdict, results.Printable(text, 300))
			table.Flush()
		}
		if right < s.Enough(r.runs) {
			wrong = append(wrong, fmt.Sprintf("%s (%d of %d)", s.Name, right, r.runs))
		}
	}
	if len(wrong) > 0 {
		return exit(results.ExitInvalid, fmt.Errorf("not as expected in enough runs: %s", strings.Join(wrong, ", ")))
	}
	fmt.Fprintf(out, "all %d scenarios as expected\n", len(scenarios))
	return nil
}

// once is the n-th run of a scenario.
func (r *rerun) once(ctx context.Context, s findings.Scenario, n uint64) (findings.Outcome, error) {
	t, err := flagsOf(s.Run, r.seed+n).expand(r.seeded)
	if err != nil {
		return findings.Outcome{}, exit(results.ExitUsage, fmt.Errorf("scenario %s: %w", s.Name, err))
	}
	result, err := runTest(ctx, t, s.Dir(r.out), r.budget, r.show)
	if err != nil {
		return findings.Outcome{}, err
	}
	return s.Judge(result), interruption(result)
}

// flagsOf are the flags of `tertium run` that make the run of a scenario.
func flagsOf(r findings.Run, seed uint64) *configFlags {
	f := &configFlags{
		system: r.System, workload: strings.ReplaceAll(r.Workload, "+", ","), runtime: r.Runtime, seed: seed, nodes: r.Nodes,
		bugs: r.Bugs, faults: r.Faults, script: r.Inject, workers: r.Workers, rate: r.Rate, keys: r.Keys,
		time: r.Time, warmUp: r.WarmUp, timeout: r.Timeout, budget: r.Budget,
	}
	if f.runtime == "" {
		f.runtime = defaultRuntime
	}
	for name, value := range r.Options {
		f.options = append(f.options, name+"="+value)
	}
	if f.faults == nil && !r.AllFaults {
		f.faults = []string{noFaults}
	}
	return f
}

func newFindingsDocument() *cobra.Command {
	var from, to string
	cmd := &cobra.Command{
		Use:     "document",
		Short:   "Write what came of the runs of all scenarios as Markdown",
		Example: "  tertium findings document --from runs/findings --to docs/findings.md",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			all, err := findings.All()
			if err != nil {
				return exit(results.ExitInternal, err)
			}
			var text bytes.Buffer
			if err := findings.Document(&text, all, from); err != nil {
				return exit(results.ExitUsage, err)
			}
			if to == "" {
				_, err = text.WriteTo(cmd.OutOrStdout())
			} else {
				err = os.WriteFile(to, text.Bytes(), 0o644)
			}
			if err != nil {
				return exit(results.ExitSetup, err)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "runs/findings", "folder of the runs")
	cmd.Flags().StringVar(&to, "to", "", "file to write (default: print)")
	return cmd
}
