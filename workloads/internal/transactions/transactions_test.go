package transactions_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/transactions"
)

func expand(t *testing.T, traffic transactions.Traffic, change func(*plan.Config)) plan.Plan {
	c := plan.Config{
		System: "none", Workload: "none", Nodes: []string{"n1", "n2"}, Workers: 6, Rate: 500, Keys: 16,
		WarmUp: time.Second, Time: 9 * time.Second, Settle: 2 * time.Second, Timeout: time.Second, AmbiguityBudget: 1,
	}
	change(&c)
	p, err := plan.Expand(1, c, traffic.Generators(), nil)
	require.NoError(t, err)
	return p
}

// Values are unique, transactions have the size that is promised, a few keys
// are hot, and at last every key is read through every node.
func TestTraffic(t *testing.T) {
	for name, change := range map[string]func(*plan.Config){
		"as it is":   func(*plan.Config) {},
		"one worker": func(c *plan.Config) { c.Workers = 1 },
		"one key":    func(c *plan.Config) { c.Keys = 1 },
		"many keys":  func(c *plan.Config) { c.Keys = 3000 },
		"slow":       func(c *plan.Config) { c.Rate = 1 },
	} {
		for _, traffic := range []transactions.Traffic{{Prefix: "l", Write: "append", Uses: 24}, {Prefix: "x", Write: "w", Uses: 4, ReadFirst: true}} {
			t.Run(name+" "+traffic.Write, func(t *testing.T) {
				p := expand(t, traffic, change)
				written, used, sizes := map[any]bool{}, map[string]int{}, map[int]int{}
				for _, lanes := range [][][]plan.Op{p.Lanes, p.Drain} {
					for _, lane := range lanes {
						for _, op := range lane {
							require.Equal(t, "txn", op.F)
							require.Empty(t, op.Key)
							sizes[look(t, traffic, op, written, used)]++
						}
					}
				}
				final := map[string]bool{}
				for _, lane := range p.Final {
					for _, op := range lane {
						for _, item := range op.Value.([]any) {
							micro := item.([]any)
							require.Equal(t, []any{"r", micro[1], nil}, micro)
							name := fmt.Sprint(micro[1], " ", op.Node)
							require.False(t, final[name], "%s is read twice", name)
							final[name] = true
						}
					}
				}
				for key := range used {
					for _, node := range p.Config.Nodes {
						require.True(t, final[key+" "+node], "%s is not read through %s", key, node)
					}
				}
				if name == "as it is" {
					require.Len(t, sizes, 4)
					require.Greater(t, used[traffic.Prefix+"0.3"], 2*used[traffic.Prefix+"9.3"], "some keys are hot")
				}
			})
		}
	}
}

// look looks at a transaction and returns its size without the reads that belong
// before its writes.
func look(t *testing.T, traffic transactions.Traffic, op plan.Op, written map[any]bool, used map[string]int) int {
	list := op.Value.([]any)
	known := map[string]bool{}
	size := len(list)
	for i, item := range list {
		micro := item.([]any)
		require.Len(t, micro, 3)
		key := micro[1].(string)
		require.Equal(t, traffic.Prefix, key[:1])
		used[key]++
		if micro[0] == "r" {
			require.Nil(t, micro[2])
			if traffic.ReadFirst && !known[key] && i+1 < len(list) {
				if next := list[i+1].([]any); next[0] == traffic.Write && next[1] == key {
					size--
				}
			}
			known[key] = true
			continue
		}
		require.Equal(t, traffic.Write, micro[0])
		require.False(t, written[micro[2]], "%v is written twice", micro[2])
		written[micro[2]] = true
		if traffic.ReadFirst {
			require.True(t, known[key], "%s is written before it is read: %v", key, list)
		}
	}
	require.LessOrEqual(t, size, 4)
	if size < 1 {
		size = 1 // a read of its own, right before the write of the same
	}
	return size
}
