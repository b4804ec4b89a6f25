package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/klauspost/compress/zstd"

	"github.com/tertium-dev/tertium/checkers/availability"
	"github.com/tertium-dev/tertium/checkers/stats"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/results"
	"github.com/tertium-dev/tertium/results/report"
	"github.com/tertium-dev/tertium/workloads"
)

// judge checks what a run's folder holds, writes everything that derives from
// it beside it, and shows the result.
func judge(ctx context.Context, folder results.Folder, facts results.Facts, budget harness.Budget, show screen) (results.Result, error) {
	config, err := readConfig(folder)
	if err != nil {
		return results.Result{}, exit(results.ExitUsage, err)
	}
	workload, err := workloads.Find(config.Workload)
	if err != nil {
		return results.Result{}, exit(results.ExitUsage, fmt.Errorf("%s: %w", folder.Path(results.ConfigName), err))
	}
	input := results.Input{Facts: facts}
	if input.Plan, input.PlanHash, err = readPlan(folder); err != nil {
		return results.Result{}, exit(results.ExitUsage, err)
	}
	if len(input.Reproduce) == 0 && input.Plan != nil {
		// The harness died before it wrote down how to run this again.
		if input.Reproduce, err = reproduce(*input.Plan); err != nil {
			return results.Result{}, exit(results.ExitUsage, err)
		}
	}
	if err := readHistory(folder, &input); err != nil {
		return results.Result{}, exit(results.ExitUsage, err)
	}
	checkers := append(workload.Checkers(config), availability.New(), stats.New())
	input.Reports = harness.Check(ctx, input.History, checkers, budget)
	result := results.Judge(input)
	if err := derive(folder, result, input.History); err != nil {
		return result, exit(results.ExitInternal, err)
	}
	return result, show.result(result, input.History, folder)
}

// derive writes all that derives from a result, the manifest last.
func derive(folder results.Folder, result results.Result, h *history.History) error {
	return errors.Join(
		folder.WriteResult(result),
		folder.Write(results.JUnitName, func(w io.Writer) error { return results.WriteJUnit(w, result) }),
		folder.Write(results.ReportName, func(w io.Writer) error { return report.Write(w, result, h) }),
		folder.Seal(result),
	)
}

// readHistory reads the evidence: sealed, or the lanes of a harness that died.
func readHistory(folder results.Folder, input *results.Input) error {
	dir := folder.Path(results.HistoryName)
	sealed, err := history.Verify(folder.Path(results.HistoryName, history.SealedName))
	switch {
	case err == nil:
		input.Sealed, input.Head = true, sealed.Head
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	input.History, err = history.ReadDir(dir)
	return err
}

func readConfig(folder results.Folder) (plan.Config, error) {
	var config plan.Config
	content, err := os.ReadFile(folder.Path(results.ConfigName))
	if err != nil {
		return config, fmt.Errorf("the folder of a run holds its config: %w", err)
	}
	if err := json.Unmarshal(content, &config); err != nil {
		return config, fmt.Errorf("%s: %w", folder.Path(results.ConfigName), err)
	}
	return config, nil
}

// readPlan reads a run's plan. A run that died before its plan was written did
// nothing, and has none.
func readPlan(folder results.Folder) (*plan.Plan, string, error) {
	file, err := os.Open(folder.Path(results.PlanName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	defer file.Close()
	decompressor, err := zstd.NewReader(file)
	if err != nil {
		return nil, "", err
	}
	defer decompressor.Close()
	p, err := plan.Decode(decompressor)
	if err != nil {
		return nil, "", fmt.Errorf("%s: %w", file.Name(), err)
	}
	return &p, plan.Hash(p), nil
}
