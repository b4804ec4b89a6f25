package main

import (
	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/cluster/docker/agent"
	"github.com/tertium-dev/tertium/results"
)

// newAgent is what the runtime docker starts beside each node: the binary runs
// itself.
func newAgent() *cobra.Command {
	return &cobra.Command{
		Use:    docker.AgentArgument,
		Short:  "Put faults on the connections of a container, as told on standard input",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return exit(results.ExitCode(agent.Main(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), cmd.ErrOrStderr())), nil)
		},
	}
}
