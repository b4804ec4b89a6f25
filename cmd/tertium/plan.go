package main

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/results"
)

func newPlan() *cobra.Command {
	var config configFlags
	var hashOnly, asJSON bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Print the plan that a seed stands for, and touch nothing",
		Example: `  tertium plan --seed 7 | head
  tertium plan --seed 7 --hash`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := config.prepare(cmd)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			switch {
			case asJSON:
				err = json.NewEncoder(out).Encode(map[string]any{"seed": fmt.Sprint(t.plan.Seed), "hash": plan.Hash(t.plan)})
			case hashOnly:
				_, err = fmt.Fprintln(out, plan.Hash(t.plan))
			default:
				err = plan.Encode(out, t.plan)
			}
			if err != nil {
				return exit(results.ExitInternal, err)
			}
			return nil
		},
	}
	config.register(cmd)
	cmd.Flags().BoolVar(&hashOnly, "hash", false, "print the plan's hash alone")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the seed and the hash as JSON")
	return cmd
}
