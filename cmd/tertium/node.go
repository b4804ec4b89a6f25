package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/results"
	"github.com/tertium-dev/tertium/systems/ledger"
)

// newNode is how the bundled system starts its nodes: the binary runs itself.
func newNode() *cobra.Command {
	return &cobra.Command{
		Use:                "node ledger [flags]",
		Short:              "Run one node of the bundled system",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || args[0] != "ledger" {
				return exit(results.ExitUsage, errors.New("only the system ledger has nodes in this binary"))
			}
			return exit(results.ExitCode(ledger.Main(cmd.Context(), args[1:], cmd.ErrOrStderr())), nil)
		},
	}
}
