package membership_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/membership"
)

func expand(t testing.TB, change func(*plan.Config)) plan.Plan {
	w := membership.Workload{}
	c := plan.Config{System: "none", Workload: w.Name(), Nodes: []string{"n1", "n2", "n3"}}
	if change != nil {
		change(&c)
	}
	w.Defaults(&c)
	p, err := plan.Expand(1, c, w.Generators(c), nil)
	require.NoError(t, err)
	return p
}

// The plan of a seed changes only with intent: recorded seeds stand for it.
func TestPlanGolden(t *testing.T) {
	require.Equal(t, "f5e26cb2000ce28b7fd12c1e536fcc81aa2e32251185d0e3de1878829731321b", plan.Hash(expand(t, nil)))
}

// Elements come and go, and at last each is looked for through every node.
func TestTraffic(t *testing.T) {
	for name, change := range map[string]func(*plan.Config){
		"as it is":   nil,
		"one worker": func(c *plan.Config) { c.Workers = 1 },
		"one set":    func(c *plan.Config) { c.Keys = 1 },
		"slow":       func(c *plan.Config) { c.Rate = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := expand(t, change)
			count := map[string]int{}
			used, final := map[string]int{}, map[string]bool{}
			for _, lanes := range [][][]plan.Op{p.Lanes, p.Drain} {
				for _, lane := range lanes {
					for _, op := range lane {
						require.Contains(t, []string{"add", "remove", "contains"}, op.F)
						require.IsType(t, int64(0), op.Value)
						count[op.F]++
						used[fmt.Sprint(op.Key, "/", op.Value)]++
					}
				}
			}
			for _, lane := range p.Final {
				for _, op := range lane {
					require.Equal(t, "contains", op.F)
					name := fmt.Sprint(op.Key, "/", op.Value, " ", op.Node)
					require.False(t, final[name], "%s is looked for twice", name)
					final[name] = true
				}
			}
			often := 0
			for name, n := range used {
				for _, node := range p.Config.Nodes {
					require.True(t, final[name+" "+node], "%s is not looked for through %s", name, node)
				}
				if n > 20 {
					often++
				}
			}
			if change == nil {
				total := float64(count["add"] + count["remove"] + count["contains"])
				require.InDelta(t, 1500*30, total, 100)
				require.InDelta(t, 0.35, float64(count["add"])/total, 0.01)
				require.InDelta(t, 0.25, float64(count["remove"])/total, 0.01)
				require.Greater(t, often, 200, "elements should come and go many times")
			}
		})
	}
}
