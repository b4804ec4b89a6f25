package longfork_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/longfork"
)

func expand(t testing.TB, change func(*plan.Config)) plan.Plan {
	w := longfork.Workload{}
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
	require.Equal(t, "66d8a61fcb063d7eb2af20b470cc38cb25c67a28b5988a004c2d095eca49052c", plan.Hash(expand(t, nil)))
}

// group returns the number of the group that a read is of, all of whose keys it
// names in order.
func group(t *testing.T, list []any) string {
	name, _, _ := strings.Cut(list[0].([]any)[1].(string), ".")
	var want []any
	for k := range longfork.GroupSize {
		want = append(want, []any{"r", name + "." + strconv.Itoa(k), nil})
	}
	require.Equal(t, want, list)
	return name
}

// Each key is written at most once, most reads of a group are near its writes,
// and at last each group is read through every node.
func TestTraffic(t *testing.T) {
	for name, change := range map[string]func(*plan.Config){
		"as it is":   nil,
		"one worker": func(c *plan.Config) { c.Workers, c.Rate = 1, 300 },
		"a few":      func(c *plan.Config) { c.Workers, c.Rate = 5, 300 },
		"fast": func(c *plan.Config) {
			c.Rate, c.WarmUp, c.Time, c.Settle = 20_000, time.Second, time.Second, time.Second
		},
		"slow": func(c *plan.Config) { c.Rate = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := expand(t, change)
			written, read := map[string]bool{}, map[string]int{}
			used := map[string]bool{}
			writers := map[string]map[int]bool{}
			for _, lanes := range [][][]plan.Op{p.Lanes, p.Drain} {
				for worker, lane := range lanes {
					for _, op := range lane {
						require.Equal(t, "txn", op.F)
						require.Empty(t, op.Key)
						list := op.Value.([]any)
						if micro := list[0].([]any); micro[0] == "w" {
							require.Len(t, list, 1)
							require.Equal(t, int64(1), micro[2])
							key := micro[1].(string)
							require.False(t, written[key], "%s is written twice", key)
							written[key] = true
							name, _, _ := strings.Cut(key, ".")
							if writers[name] == nil {
								writers[name] = map[int]bool{}
							}
							writers[name][worker] = true
							used[name] = true
							continue
						}
						name := group(t, list)
						read[name]++
						used[name] = true
					}
				}
			}
			final := map[string]bool{}
			for _, lane := range p.Final {
				for _, op := range lane {
					name := group(t, op.Value.([]any)) + " " + op.Node
					require.False(t, final[name], "%s is read twice", name)
					final[name] = true
				}
			}
			for name := range used {
				for _, node := range p.Config.Nodes {
					require.True(t, final[name+" "+node], "%s is not read through %s", name, node)
				}
			}
			if change == nil {
				require.InDelta(t, 0.3*1500*30, len(written), 200)
				reads := 0
				for name, by := range writers {
					require.Len(t, by, longfork.GroupSize)
					reads += read[name]
				}
				require.InDelta(t, 0.7*1500*30, reads, 500)
			}
		})
	}
}
