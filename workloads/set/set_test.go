package set_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/set"
)

func expand(t testing.TB, change func(*plan.Config)) plan.Plan {
	w := set.Workload{}
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
	require.Equal(t, "b8ae84bab809e6cf092e848d1d38344209d78325d5775b4410a3078f5fc1d412", plan.Hash(expand(t, nil)))
}

// Elements are unique in the run, sets are shared, and at last each is read
// through every node.
func TestTraffic(t *testing.T) {
	for name, change := range map[string]func(*plan.Config){
		"as it is":   nil,
		"one worker": func(c *plan.Config) { c.Workers = 1 },
		"one set":    func(c *plan.Config) { c.Keys = 1 },
		"many sets":  func(c *plan.Config) { c.Keys = 5000 },
		"slow":       func(c *plan.Config) { c.Rate = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := expand(t, change)
			added := map[any]bool{}
			count := map[string]int{}
			final := map[string]bool{}
			workers := map[string]map[int]bool{}
			for _, lanes := range [][][]plan.Op{p.Lanes, p.Drain} {
				for worker, lane := range lanes {
					for _, op := range lane {
						count[op.F]++
						if workers[op.Key] == nil {
							workers[op.Key] = map[int]bool{}
						}
						workers[op.Key][worker] = true
						if op.F == "read" {
							require.Nil(t, op.Value)
							continue
						}
						require.Equal(t, "add", op.F)
						require.IsType(t, int64(0), op.Value)
						require.Positive(t, op.Value)
						require.False(t, added[op.Value], "%v is added twice", op.Value)
						added[op.Value] = true
					}
				}
			}
			for _, lane := range p.Final {
				for _, op := range lane {
					require.Equal(t, plan.Op{Ref: op.Ref, F: "read", Key: op.Key, Node: op.Node}, op)
					require.False(t, final[op.Key+" "+op.Node], "%s is read twice", op.Key)
					final[op.Key+" "+op.Node] = true
				}
			}
			for key := range workers {
				for _, node := range p.Config.Nodes {
					require.True(t, final[key+" "+node], "%s is not read through %s", key, node)
				}
			}
			if change == nil {
				require.InDelta(t, 1500*30, count["add"]+count["read"], 100)
				require.InDelta(t, 0.7, float64(count["add"])/float64(count["add"]+count["read"]), 0.01)
				shared := 0
				for _, by := range workers {
					if len(by) > 8 {
						shared++
					}
				}
				require.Greater(t, shared, 300, "sets should be shared by many workers")
			}
		})
	}
}
