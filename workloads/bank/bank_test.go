package bank_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/bank"
)

func expand(t testing.TB, change func(*plan.Config)) plan.Plan {
	w := bank.Workload{}
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
	require.Equal(t, "984d12f968acd2e3bd75f4397fd81b48cea3fc384c4acc01a8eb3d546c0426e5", plan.Hash(expand(t, nil)))
}

// Transfers are between two accounts that there are, reads name all, and at last
// every node is asked once.
func TestTraffic(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*plan.Config)
		accounts int
	}{
		"as it is":     {nil, 8},
		"one worker":   {func(c *plan.Config) { c.Workers = 1 }, 8},
		"one account":  {func(c *plan.Config) { c.Keys = 1 }, 2},
		"many of them": {func(c *plan.Config) { c.Keys, c.Rate = 300, 50 }, 300},
		"slow":         {func(c *plan.Config) { c.Rate = 1 }, 8},
	} {
		t.Run(name, func(t *testing.T) {
			p := expand(t, test.change)
			names := bank.Accounts(p.Config)
			require.Len(t, names, test.accounts)
			var all []any
			for _, name := range names {
				all = append(all, name)
			}
			count := map[string]int{}
			for _, lanes := range [][][]plan.Op{p.Lanes, p.Drain} {
				for _, lane := range lanes {
					for _, op := range lane {
						count[op.F]++
						require.Empty(t, op.Key)
						if op.F == "read" {
							require.Equal(t, all, op.Value)
							continue
						}
						require.Equal(t, "transfer", op.F)
						value := op.Value.(map[string]any)
						require.Len(t, value, 3)
						require.Contains(t, names, value["from"])
						require.Contains(t, names, value["to"])
						require.NotEqual(t, value["from"], value["to"])
						require.Positive(t, value["amount"])
						require.LessOrEqual(t, value["amount"], int64(5))
					}
				}
			}
			nodes := map[string]int{}
			for _, lane := range p.Final {
				for _, op := range lane {
					require.Equal(t, plan.Op{Ref: op.Ref, F: "read", Value: all, Node: op.Node}, op)
					nodes[op.Node]++
				}
			}
			require.Equal(t, map[string]int{"n1": 1, "n2": 1, "n3": 1}, nodes)
			if test.change == nil {
				require.InDelta(t, 1500*30, count["transfer"]+count["read"], 100)
				require.InDelta(t, 0.6, float64(count["transfer"])/float64(count["transfer"]+count["read"]), 0.01)
			}
		})
	}
}

// What reads should see is known from the config alone.
func TestCheckers(t *testing.T) {
	c := plan.Config{Keys: 2}
	for name, test := range map[string]struct {
		balances map[string]any
		want     verdict.Verdict
	}{
		"right":       {map[string]any{"a0": int64(3), "a1": int64(17)}, verdict.Valid},
		"wrong total": {map[string]any{"a0": int64(3), "a1": int64(16)}, verdict.Invalid},
		"left out":    {map[string]any{"a0": int64(10)}, verdict.Invalid},
		"overdrawn":   {map[string]any{"a0": int64(-1), "a1": int64(21)}, verdict.Invalid},
		"unexpected":  {map[string]any{"a0": int64(3), "a2": int64(17)}, verdict.Invalid},
	} {
		t.Run(name, func(t *testing.T) {
			h := history.New([]history.Event{
				{Kind: history.Invoke, F: "read"},
				{Kind: history.Complete, F: "read", Outcome: history.OK, Value: test.balances},
			})
			checkers := bank.Workload{}.Checkers(c)
			require.Len(t, checkers, 1)
			report := checkers[0].Check(t.Context(), h, harness.Budget{})
			require.Equal(t, test.want, report.Verdict, report.Cause)
		})
	}
}
