package counter_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/counter"
)

func expand(t testing.TB, change func(*plan.Config)) plan.Plan {
	w := counter.Workload{}
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
	require.Equal(t, "adb6ab1a344ac5cbcd69663ee2d3dbc55425f18d064aa926c282af2d381d0157", plan.Hash(expand(t, nil)))
}

// Steps are of one, and at last every counter is read through every node, as it
// is and where it may have gone.
func TestTraffic(t *testing.T) {
	for name, change := range map[string]func(*plan.Config){
		"as it is":    nil,
		"one worker":  func(c *plan.Config) { c.Workers = 1 },
		"one counter": func(c *plan.Config) { c.Keys = 1 },
		"slow":        func(c *plan.Config) { c.Rate = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := expand(t, change)
			count := map[string]int{}
			used, final := map[string]bool{}, map[string]bool{}
			for _, lanes := range [][][]plan.Op{p.Lanes, p.Drain} {
				for _, lane := range lanes {
					for _, op := range lane {
						require.Contains(t, []string{"increment", "read"}, op.F)
						require.Nil(t, op.Value)
						count[op.F]++
						used[op.Key] = true
					}
				}
			}
			for _, lane := range p.Final {
				for _, op := range lane {
					require.Equal(t, "read", op.F)
					name := op.Key + " " + op.Node
					if op.Value != nil {
						require.Equal(t, plan.Symbol("exact"), op.Value)
						name += " exact"
					}
					require.False(t, final[name], "%s is read twice", name)
					final[name] = true
				}
			}
			for key := range used {
				for _, node := range p.Config.Nodes {
					require.True(t, final[key+" "+node], "%s is not read through %s", key, node)
					require.True(t, final[key+" "+node+" exact"], "%s is not read through %s as it is", key, node)
				}
			}
			if change == nil {
				total := float64(count["increment"] + count["read"])
				require.InDelta(t, 1500*30, total, 100)
				require.InDelta(t, 0.6, float64(count["increment"])/total, 0.01)
				require.Greater(t, len(used), 200)
			}
		})
	}
}

func TestResolver(t *testing.T) {
	r := counter.Workload{}.Resolver(plan.Config{AmbiguityBudget: 2})
	unknown := harness.Completion{Error: "timeout"}
	increment, read := plan.Op{F: "increment", Key: "c1.3"}, plan.Op{F: "read", Key: "c1.3"}
	now := func() string { return r.Resolve(0, read).Key }

	r.Observe(0, increment, unknown)
	r.Observe(0, increment, harness.Completion{Outcome: history.OK})
	r.Observe(0, increment, harness.Completion{Outcome: history.Fail})
	r.Observe(0, read, unknown)
	r.Observe(0, read, unknown)
	require.Equal(t, "c1.3", now(), "only unknown increments count")
	r.Observe(1, increment, unknown)
	require.Equal(t, "c1.3~1", now(), "the budget is used up")
	require.Equal(t, plan.Op{F: "increment", Key: "c1.3~1"}, r.Resolve(0, increment))
	require.Equal(t, "c2.3", r.Resolve(0, plan.Op{F: "read", Key: "c2.3"}).Key, "another counter has its own")
	require.Equal(t, read, r.Resolve(0, plan.Op{F: "read", Key: "c1.3", Value: plan.Symbol("exact")}))
	r.Observe(0, increment, unknown)
	r.Observe(0, increment, unknown)
	require.Equal(t, "c1.3~1", now(), "late news of the counter that was left is no news of its successor")
	next := plan.Op{F: "increment", Key: "c1.3~1"}
	r.Observe(0, next, unknown)
	r.Observe(0, next, unknown)
	require.Equal(t, "c1.3~2", now())
	r.Observe(0, plan.Op{F: "increment", Key: "c1~x"}, unknown)
	require.Equal(t, "c1~x", r.Resolve(0, plan.Op{F: "read", Key: "c1~x"}).Key)
}

func TestResolverForManyWorkers(t *testing.T) {
	r := counter.Workload{}.Resolver(plan.Config{AmbiguityBudget: 4})
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for range 100 {
				r.Observe(worker, r.Resolve(worker, plan.Op{F: "increment", Key: "c1"}), harness.Completion{Error: "timeout"})
			}
		})
	}
	wait.Wait()
	require.NotEqual(t, "c1", r.Resolve(0, plan.Op{F: "read", Key: "c1"}).Key)
}
