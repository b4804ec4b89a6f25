package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/results"
)

func newCheck() *cobra.Command {
	var budget budgetFlags
	var files fileChecker
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check RUN | check [--model MODEL] HISTORY|FOLDER...",
		Short: "Judge a run again from its folder, or histories by a model",
		Long: `Judge a run again from its folder alone, or any histories by a model.

Histories may be Tertium's own, Jepsen's EDN or JSON, or Porcupine's logs. Of a
folder every history in it is checked; if it holds labels.tsv, with lines of
file, verdict, model and consistency model, each verdict is compared with its label, and the exit
code says whether all agree.`,
		Example: `  tertium check runs/latest
  tertium check --model cas-register etcd_000.log
  tertium check --model list-append --consistency-model serializable history.edn
  tertium check --model register --initial 0 --json histories/`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files.budget = budget.budget()
			if files.model == "" && len(args) == 1 && isRun(args[0]) {
				return checkRun(cmd, args[0], files, asJSON)
			}
			return checkFiles(cmd, args, files, asJSON)
		},
	}
	budget.register(cmd)
	cmd.Flags().StringVarP(&files.model, "model", "m", "", "what the history is of (tertium models)")
	cmd.Flags().StringVar(&files.initial, "initial", "", "initial value of a register, as JSON (default: 0 in EDN, as in Knossos; otherwise nothing)")
	cmd.Flags().StringVarP(&files.consistency, "consistency-model", "c", "", "what transactions must be (tertium consistency-models; default: strict-serializable)")
	cmd.Flags().BoolVar(&files.keyed, "keyed", false, "values are pairs [key value], as in Jepsen's independent workloads")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON, one result a line for histories")
	cmd.Flags().StringVar(&files.draw, "draw", "", "write a picture (SVG) of every cycle of transactions into this folder")
	_ = cmd.RegisterFlagCompletionFunc("model", cobra.FixedCompletions(
		namesOf(models(), func(m model) string { return m.name }),
		cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

func isRun(path string) bool {
	if filepath.Base(path) == results.LatestName {
		return true
	}
	_, err := os.Stat(filepath.Join(path, results.ConfigName))
	return err == nil
}

func checkRun(cmd *cobra.Command, path string, files fileChecker, asJSON bool) error {
	folder, err := results.Open(path)
	if err != nil {
		return exit(results.ExitUsage, err)
	}
	facts, err := folder.Facts()
	if err != nil {
		return exit(results.ExitUsage, err)
	}
	show := newScreen(cmd.OutOrStdout(), cmd.ErrOrStderr(), asJSON, false)
	result, err := judge(cmd.Context(), folder, facts, files.budget, show)
	if err != nil {
		return err
	}
	if err := drawCycles(files.draw, "run", result.Reports...); err != nil {
		cmd.PrintErrln(err)
	}
	return exit(result.Exit, nil)
}

// checkFiles checks histories one by one and prints a line or, in JSON, an
// object for each. The exit code is that of the gravest.
func checkFiles(cmd *cobra.Command, paths []string, files fileChecker, asJSON bool) error {
	cases, err := gather(paths, files.model)
	if err != nil {
		return exit(results.ExitUsage, err)
	}
	out := cmd.OutOrStdout()
	encoder := json.NewEncoder(out)
	var t tally
	for i, c := range cases {
		judged := files.check(cmd.Context(), c)
		t.add(judged)
		if err := drawCycles(files.draw, pictureName(c.path, i, len(cases)), judged.Report); err != nil {
			cmd.PrintErrln(err)
		}
		if asJSON {
			err = encoder.Encode(judged)
		} else {
			_, err = fmt.Fprint(out, judged.text())
		}
		if err != nil {
			return exit(results.ExitInternal, err)
		}
	}
	if !asJSON && len(cases) > 1 {
		fmt.Fprintln(out, t.text())
	}
	return exit(t.exit(), nil)
}

// tally adds up the verdicts on many histories.
type tally struct {
	verdicts           []verdict.Verdict
	labelled, disagree int
	unread             int
}

func (t *tally) add(j judged) {
	if j.Error != "" {
		t.unread++
		return
	}
	t.verdicts = append(t.verdicts, j.Report.Verdict)
	if j.Label != nil {
		t.labelled++
		if *j.Label != j.Report.Verdict {
			t.disagree++
		}
	}
}

func (t *tally) count(v verdict.Verdict) (n int) {
	for _, one := range t.verdicts {
		if one == v {
			n++
		}
	}
	return n
}

func (t *tally) text() string {
	text := fmt.Sprintf("%d histories: %d valid, %d invalid, %d unknown", len(t.verdicts)+t.unread,
		t.count(verdict.Valid), t.count(verdict.Invalid), t.count(verdict.Unknown))
	if t.unread > 0 {
		text += fmt.Sprintf(", %d unreadable", t.unread)
	}
	if t.labelled > 0 {
		text += fmt.Sprintf("; %d of %d as labelled", t.labelled-t.disagree, t.labelled)
	}
	return text
}

// exit is 0 if all labelled histories are as labelled, else that of the verdict
// on all of them together.
func (t *tally) exit() results.ExitCode {
	switch {
	case t.unread > 0:
		return results.ExitUsage
	case t.labelled == len(t.verdicts) && t.labelled > 0:
		if t.disagree > 0 {
			return results.ExitInvalid
		}
		return results.ExitValid
	}
	return results.Ending{Verdict: verdict.Compose(t.verdicts...)}.Exit()
}

var errNoModel = errors.New("say what the history is of with --model; `tertium models` lists the models")
