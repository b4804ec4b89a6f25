package rotation_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/rotation"
)

func touch(c plan.Config) plan.Generator {
	return plan.Draw(func(r *plan.Stream, _ int64) plan.Op { return plan.Op{F: "touch", Key: rotation.Draw(r, c)} })
}

// Every key that is used is one of all, keys get about their uses, and the
// drain begins where the faults ended.
func TestKeys(t *testing.T) {
	keys := rotation.Keys{Prefix: "k", Uses: 100}
	c := plan.Config{
		System: "none", Workload: "none", Nodes: []string{"n1"}, Workers: 8, Rate: 1000, Keys: 16,
		WarmUp: time.Second, Time: 19 * time.Second, Settle: 4 * time.Second, Timeout: time.Second, AmbiguityBudget: 1,
	}
	p, err := plan.Expand(1, c, plan.Generators{Main: keys.Main(touch(c)), Drain: keys.Drain(touch(c))}, nil)
	require.NoError(t, err)
	all := map[string]bool{}
	for _, key := range keys.All(c) {
		require.False(t, all[key], "%s is there twice", key)
		all[key] = true
	}
	main, drain := map[string]int{}, map[string]int{}
	for used, lanes := range map[*map[string]int][][]plan.Op{&main: p.Lanes, &drain: p.Drain} {
		for _, lane := range lanes {
			for _, op := range lane {
				require.True(t, all[op.Key], "%s is not one of all", op.Key)
				(*used)[op.Key]++
			}
		}
	}
	require.InDelta(t, 200, len(main), 20, "20,000 uses of about 100 each")
	require.Greater(t, main["k0.3"], 4*main["k9.3"], "k0 is hot")
	carried := 0
	for key := range drain {
		if main[key] > 0 {
			carried++
		}
	}
	require.Greater(t, carried, 8, "the drain goes on with the keys in use")
	require.Greater(t, len(drain), carried, "and with fresh ones in the end")
}

func TestOddConfigs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rotation.Keys{Prefix: "k", Uses: rapid.IntRange(-1, 300).Draw(t, "uses")}
		c := plan.Config{
			System: "none", Workload: "none", Nodes: []string{"n1"}, Timeout: time.Second, AmbiguityBudget: 1,
			Workers: rapid.IntRange(1, 5).Draw(t, "workers"), Keys: rapid.IntRange(1, 50).Draw(t, "keys"),
			Rate:   rapid.IntRange(1, 2000).Draw(t, "rate"),
			WarmUp: time.Duration(rapid.IntRange(0, 500).Draw(t, "warm-up")) * time.Millisecond,
			Time:   time.Duration(rapid.IntRange(1, 500).Draw(t, "time")) * time.Millisecond,
			Settle: time.Duration(rapid.IntRange(0, 500).Draw(t, "settle")) * time.Millisecond,
		}
		p, err := plan.Expand(1, c, plan.Generators{Main: keys.Main(touch(c)), Drain: keys.Drain(touch(c))}, nil)
		if err != nil {
			t.Fatal(err)
		}
		all := map[string]bool{}
		for _, key := range keys.All(c) {
			all[key] = true
		}
		for _, lanes := range [][][]plan.Op{p.Lanes, p.Drain} {
			for _, lane := range lanes {
				for _, op := range lane {
					if !all[op.Key] {
						t.Fatalf("%s is not one of %d keys", op.Key, len(all))
					}
				}
			}
		}
	})
}

// What is no place stays as it is.
func TestNoPlace(t *testing.T) {
	keys := rotation.Keys{Prefix: "k", Uses: 10}
	for op := range keys.Main(plan.Once(plan.Op{F: "touch", Key: "own"}))(plan.Scope{Config: plan.Config{Workers: 1, Rate: 1, Keys: 1}}) {
		require.Equal(t, "own", op.Key)
	}
}
