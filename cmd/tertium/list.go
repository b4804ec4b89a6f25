package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/nemeses"
	"github.com/tertium-dev/tertium/systems"
	"github.com/tertium-dev/tertium/workloads"
)

// listed is one line of a list.
type listed struct {
	Name string   `json:"name"`
	Tags []string `json:"tags,omitempty"`
	Doc  string   `json:"doc"`
}

func newSystems() *cobra.Command {
	return newList("systems", "List the systems that can be tested", func() []listed {
		return list(systems.All(), func(s harness.System) listed {
			return listed{s.Name(), s.Workloads(), s.Doc()}
		})
	})
}

func newWorkloads() *cobra.Command {
	return newList("workloads", "List the workloads", func() []listed {
		return list(workloads.All(), func(w harness.Workload) listed {
			return listed{w.Name(), nil, w.Doc()}
		})
	})
}

func newFaults() *cobra.Command {
	return newList("faults", "List the faults that can be injected", func() []listed {
		return list(nemeses.All(), func(k harness.FaultKind) listed {
			doc := k.Doc
			if k.OptIn {
				doc += " (only when named)"
			}
			return listed{k.Name, []string{k.Family}, doc}
		})
	})
}

func list[T any](all []T, line func(T) listed) []listed {
	lines := make([]listed, len(all))
	for i, one := range all {
		lines[i] = line(one)
	}
	slices.SortStableFunc(lines, func(a, b listed) int { return cmp.Compare(a.Name, b.Name) })
	return lines
}

func newList(name, short string, lines func() []listed) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return printList(cmd.OutOrStdout(), lines(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printList(w io.Writer, lines []listed, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(lines)
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintf(table, "%s\t%s\t%s\n", line.Name, strings.Join(line.Tags, ","), line.Doc)
	}
	return table.Flush()
}
