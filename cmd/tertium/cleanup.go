package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness/journal"
	"github.com/tertium-dev/tertium/results"
)

func newCleanup() *cobra.Command {
	return &cobra.Command{
		Use:   "cleanup",
		Short: "Remove whatever a run that died has left behind",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := journal.Dir()
			if err != nil {
				return exit(results.ExitInternal, err)
			}
			report, err := journal.Sweep(cmd.Context(), dir, undoers())
			if err != nil {
				return exit(results.ExitInternal, err)
			}
			out := cmd.OutOrStdout()
			for _, undone := range report.Entries {
				if undone.Err == nil {
					fmt.Fprintf(out, "%s %s: %s\n", undone.Entry.Kind, undone.Entry.Name, undone.What)
				}
			}
			if report.Alive > 0 {
				fmt.Fprintf(out, "%d running harnesses were left alone\n", report.Alive)
			}
			if err := report.Err(); err != nil {
				return exit(results.ExitInternal, err)
			}
			if len(report.Entries) == 0 {
				fmt.Fprintln(out, "nothing was left behind")
			}
			return nil
		},
	}
}
