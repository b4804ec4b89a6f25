package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/results"
	"github.com/tertium-dev/tertium/systems"
)

func newImages() *cobra.Command {
	var verbose bool
	cmd := &cobra.Command{
		Use:   "images",
		Short: "Build the images that systems run in, where they are not there yet",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			images, err := allImages()
			if err != nil {
				return exit(results.ExitInternal, err)
			}
			log := io.Discard
			if verbose {
				log = cmd.ErrOrStderr()
			}
			for _, image := range images {
				reference, err := docker.Build(cmd.Context(), image, log)
				if err != nil {
					return exit(results.ExitSetup, err)
				}
				fmt.Fprintln(cmd.OutOrStdout(), reference)
			}
			return nil
		},
	}
	cmd.Flags().BoolVarP(&verbose, "verbose", "v", false, "print what the engine says while it builds")
	return cmd
}

// allImages are the agent's and those of every system's nodes, each once.
func allImages() ([]cluster.Image, error) {
	agent, err := docker.AgentImage("")
	if err != nil {
		return nil, err
	}
	images := []cluster.Image{agent}
	for _, system := range systems.All() {
		config := plan.Config{System: system.Name(), Runtime: docker.Runtime{}.Name()}
		system.Defaults(&config)
		specs, err := system.Nodes(config)
		if err != nil {
			return nil, err
		}
		seen := map[string]bool{}
		for _, spec := range specs {
			if spec.Image != nil && spec.Image.Build != nil && !seen[spec.Image.Name] {
				seen[spec.Image.Name] = true
				images = append(images, *spec.Image)
			}
		}
	}
	return images, nil
}
