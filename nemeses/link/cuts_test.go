package link

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/plan"
)

func names(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("n%d", i+1))
	}
	return out
}

// hears are the nodes whose messages reach a node, itself among them.
func (c cuts) hears(nodes []string, at string) string {
	var heard []string
	for _, from := range nodes {
		if !c[way{from, at}] {
			heard = append(heard, from)
		}
	}
	return fmt.Sprint(heard)
}

func TestThreeNodes(t *testing.T) {
	nodes := names(3)
	for name, test := range map[string]struct {
		cuts cuts
		want []string
	}{
		"isolate": {isolate(nodes, "n2"), []string{"n1→n2", "n2→n1", "n2→n3", "n3→n2"}},
		"mute":    {mute(nodes, "n2"), []string{"n2→n1", "n2→n3"}},
		"deafen":  {deafen(nodes, "n2"), []string{"n1→n2", "n3→n2"}},
		"bridge":  {bridge(nodes, "n3", plan.NewStream(0, "", "")), []string{"n1→n2", "n2→n1"}},
		"ring":    {ring(nodes, plan.NewStream(0, "", "")), []string{"n1→n2", "n2→n3", "n3→n1"}},
	} {
		require.Equal(t, test.want, test.cuts.list(), name)
	}
}

func TestBridge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := names(rapid.IntRange(3, 9).Draw(t, "nodes"))
		middle := rapid.SampledFrom(nodes).Draw(t, "middle")
		c := bridge(nodes, middle, plan.NewStream(rapid.Uint64().Draw(t, "salt"), "", ""))
		require.Equal(t, fmt.Sprint(nodes), c.hears(nodes, middle))
		sides := map[string]int{}
		for _, node := range nodes {
			if node != middle {
				sides[c.hears(nodes, node)]++
			}
		}
		require.Len(t, sides, 2, "two halves, and each sees only itself and the middle")
		for side, size := range sides {
			require.Contains(t, side, middle)
			require.InDelta(t, float64(len(nodes)-1)/2, size, 0.5)
		}
		requireBothWays(t, c)
	})
}

func TestRing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		nodes := names(rapid.IntRange(3, 11).Draw(t, "nodes"))
		c := ring(nodes, plan.NewStream(rapid.Uint64().Draw(t, "salt"), "", ""))
		views := map[string]bool{}
		for _, node := range nodes {
			seen := 0
			for _, from := range nodes {
				if !c[way{from, node}] {
					seen++
				}
			}
			require.Equal(t, len(nodes)/2+1, seen, "%s hears a majority, with itself", node)
			views[c.hears(nodes, node)] = true
		}
		require.Len(t, views, len(nodes), "no two hear the same")
	})
}

func TestSaltsMakeDifferentRings(t *testing.T) {
	seen := map[string]bool{}
	for salt := range uint64(50) {
		seen[fmt.Sprint(ring(names(5), plan.NewStream(salt, "", "")).list())] = true
	}
	require.Greater(t, len(seen), 6, "of the twelve there are")
}

func requireBothWays(t require.TestingT, c cuts) {
	for w := range c {
		require.True(t, c[way{w.to, w.from}], "%s and back", w)
	}
}
