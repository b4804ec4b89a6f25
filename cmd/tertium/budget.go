package main

import (
	"time"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness"
)

// budgetFlags bound what checking may cost.
type budgetFlags struct {
	time      time.Duration
	megabytes int64
}

func (f *budgetFlags) register(cmd *cobra.Command) {
	cmd.Flags().DurationVar(&f.time, "check-time", time.Minute, "time that each checker may take; past it the verdict is unknown")
	cmd.Flags().Int64Var(&f.megabytes, "check-memory", 2048, "memory in MiB that each checker may take; past it the verdict is unknown")
}

func (f *budgetFlags) budget() harness.Budget {
	return harness.Budget{Time: f.time, Memory: f.megabytes << 20}
}
