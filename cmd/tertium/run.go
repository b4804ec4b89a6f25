package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/klauspost/compress/zstd"
	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/journal"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses"
	"github.com/tertium-dev/tertium/results"
)

func newRun() *cobra.Command {
	var config configFlags
	var budget budgetFlags
	var out string
	var asJSON, quiet bool
	var watch watching
	cmd := &cobra.Command{
		Use:   "run",
		Short: "Run a system under faults and judge what happened",
		Example: `  tertium run --system ledger
  tertium run --system ledger --bug ack-before-quorum --seed 7 --stop-on-violation
  tertium run --faults kill,partition --time 1m --out /tmp/runs`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := config.prepare(cmd)
			if err != nil {
				return err
			}
			show := newScreen(cmd.OutOrStdout(), cmd.ErrOrStderr(), asJSON, quiet)
			result, err := runWatched(cmd.Context(), t, out, budget.budget(), show, watch)
			if err != nil {
				return err
			}
			return exit(result.Exit, nil)
		},
	}
	config.register(cmd)
	budget.register(cmd)
	watch.register(cmd)
	cmd.Flags().StringVar(&out, "out", "runs", "folder that gets a folder for the run")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON instead of a summary")
	cmd.Flags().BoolVarP(&quiet, "quiet", "q", false, "print no progress")
	return cmd
}

// runTest runs and judges a test, with monitors, and shows the result. An error
// means that there is no result.
func runTest(ctx context.Context, t test, out string, budget harness.Budget, show screen) (results.Result, error) {
	return runWatched(ctx, t, out, budget, show, watching{monitor: true})
}

// runWatched is runTest with monitors as asked for.
func runWatched(ctx context.Context, t test, out string, budget harness.Budget, show screen, watch watching) (results.Result, error) {
	ctx, stop, release := onSignals(ctx, show.notice)
	defer release()
	undo, err := openJournal(ctx, show.notice)
	if err != nil {
		return results.Result{}, exit(results.ExitInternal, err)
	}
	defer undo.Close()
	folder, err := newFolder(t, out)
	if err != nil {
		return results.Result{}, exit(results.ExitSetup, err)
	}
	facts, err := perform(ctx, t, folder, undo, stop, show, watch)
	if err != nil {
		return results.Result{}, exit(results.ExitInternal, err)
	}
	// Judging goes on after a signal: what was recorded is never thrown away.
	return judge(context.WithoutCancel(ctx), folder, facts, budget, show)
}

// newFolder makes the run's folder with what is known before the run.
func newFolder(t test, out string) (results.Folder, error) {
	folder, err := results.Create(out, t.plan.Config.System, t.plan.Config.Workload, t.plan.Seed, time.Now())
	if err != nil {
		return folder, err
	}
	if err := folder.WriteJSON(results.ConfigName, t.plan.Config); err != nil {
		return folder, err
	}
	return folder, folder.Write(results.PlanName, func(w io.Writer) error { return encodePlan(w, t.plan) })
}

// encodePlan writes a plan as it is kept in run folders.
func encodePlan(w io.Writer, p plan.Plan) error {
	compressor, err := zstd.NewWriter(w)
	if err != nil {
		return err
	}
	return errors.Join(plan.Encode(compressor, p), compressor.Close())
}

// perform makes the run and closes its history. What went wrong is part of the
// facts; an error means that the evidence itself could not be kept.
func perform(ctx context.Context, t test, folder results.Folder, undo cluster.Journal, stop <-chan struct{}, show screen, watch watching) (results.Facts, error) {
	runtime, err := findRuntime(t.plan.Config.Runtime)
	if err != nil {
		return results.Facts{}, exit(results.ExitUsage, err)
	}
	command, err := reproduce(t.plan)
	if err != nil {
		return results.Facts{}, err
	}
	facts := results.Facts{Version: version, Started: folder.Started(), Reproduce: command}
	var progress harness.Progress
	finished := show.progress(&progress)
	record, err := harness.Run(ctx, harness.Test{
		Plan: t.plan, System: t.system, Workload: t.workload, Kinds: t.kinds,
		Runtime: runtime, Framer: nemeses.Framers()[t.system.Protocol()],
		Journal: undo, Dir: folder.Path(), History: folder.Path(results.HistoryName),
		Stop: stop, Progress: &progress,
		Monitors: watch.monitors(t), StopOnViolation: watch.stop,
	})
	finished()
	facts.Monitors = observed(record)
	facts.Interrupted, facts.Trouble = record.Interrupted || ctx.Err() != nil, record.Trouble
	switch {
	case errors.Is(err, harness.ErrSetup):
		facts.SetupError = err.Error()
	case err != nil:
		facts.InternalError = err.Error()
	}
	for _, name := range t.plan.Config.Nodes {
		exits := append([]cluster.Exit{}, record.Exits[name]...)
		facts.Nodes = append(facts.Nodes, results.Node{Name: name, Image: record.Images[name], Exits: exits})
		if err := folder.WriteJSON(filepath.Join(results.NodesName, name, results.ExitsName), exits); err != nil {
			return facts, err
		}
	}
	if _, err := history.Seal(folder.Path(results.HistoryName)); err != nil {
		return facts, fmt.Errorf("the history is in %s but could not be sealed: %w", folder.Path(results.HistoryName), err)
	}
	return facts, nil
}

// openJournal undoes what dead harnesses left behind and opens the journal of
// this one.
func openJournal(ctx context.Context, notice func(string)) (*journal.Journal, error) {
	dir, err := journal.Dir()
	if err != nil {
		return nil, err
	}
	report, err := journal.Sweep(ctx, dir, undoers())
	if err != nil {
		return nil, err
	}
	if len(report.Entries) > 0 {
		notice(fmt.Sprintf("cleaned up after a run that died: %d things", len(report.Entries)))
	}
	if err := report.Err(); err != nil {
		notice("something of an earlier run could not be cleaned up: " + err.Error())
	}
	return journal.Open(dir)
}

// onSignals closes stop at the first interrupt, so that the run heals, drains
// and is judged, and ends the context at the second, so that it only heals.
func onSignals(ctx context.Context, notice func(string)) (_ context.Context, stop <-chan struct{}, release func()) {
	ctx, cancel := context.WithCancel(ctx)
	first := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		select {
		case <-signals:
			notice("stopping: faults are healed and what happened is read back; interrupt again to only heal")
			close(first)
		case <-done:
			return
		}
		select {
		case <-signals:
			notice("stopping at once: faults are healed and nodes are ended")
			cancel()
		case <-done:
		}
	}()
	return ctx, first, func() {
		signal.Stop(signals)
		close(done)
		cancel()
	}
}

// interruption returns the error that ends a series of runs because somebody
// asked this one to stop.
func interruption(r results.Result) error {
	if r.Interrupted {
		return exit(results.ExitInterrupted, errors.New("interrupted"))
	}
	return nil
}
