package systems_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/systems"
)

func TestRegistry(t *testing.T) {
	require.Nil(t, systems.Find("no such system"))
	names := map[string]bool{}
	for _, system := range systems.All() {
		name := system.Name()
		require.False(t, names[name], "two systems are called %s", name)
		names[name] = true
		require.Equal(t, system, systems.Find(name))
		require.NotEmpty(t, system.Doc())
		require.NotEmpty(t, system.Workloads())

		var config plan.Config
		system.Defaults(&config)
		specs, err := system.Nodes(config)
		require.NoError(t, err)
		require.Len(t, specs, len(config.Nodes))

		bugs := map[string]bool{}
		for _, bug := range append(system.Bugs(), harness.HarnessBugs()...) {
			require.False(t, bugs[bug.Name], "%s has two bugs called %s", name, bug.Name)
			bugs[bug.Name] = true
		}
	}
}
