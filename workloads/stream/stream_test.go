package stream_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/stream"
)

func expand(t testing.TB, change func(*plan.Config)) plan.Plan {
	w := stream.Workload{}
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
	require.Equal(t, "fa4d5ddcaaea8829a7e97d01eee05e05412ce8990e9152ecb30e5be6b0029c1b", plan.Hash(expand(t, nil)))
}

// Messages are unique, each worker polls one partition, and at last there are
// polls enough to read each through every node.
func TestTraffic(t *testing.T) {
	for name, change := range map[string]func(*plan.Config){
		"as it is":   nil,
		"one worker": func(c *plan.Config) { c.Workers = 1 },
		"one log":    func(c *plan.Config) { c.Keys = 1 },
		"many logs":  func(c *plan.Config) { c.Keys = 200 },
		"slow":       func(c *plan.Config) { c.Rate = 1 },
		"short":      func(c *plan.Config) { c.WarmUp, c.Time, c.Settle = 1, 900*time.Millisecond, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := expand(t, change)
			sent, sentTo := map[any]bool{}, map[string]int{}
			for _, lanes := range [][][]plan.Op{p.Lanes, p.Drain} {
				for _, lane := range lanes {
					polled := map[string]bool{}
					for _, op := range lane {
						if op.F == "poll" {
							require.Equal(t, plan.Symbol("next"), op.Value)
							polled[op.Key] = true
							continue
						}
						require.Equal(t, "send", op.F)
						require.IsType(t, int64(0), op.Value)
						require.Positive(t, op.Value)
						require.False(t, sent[op.Value], "%v is sent twice", op.Value)
						sent[op.Value] = true
						sentTo[op.Key]++
					}
					require.LessOrEqual(t, len(polled), 1)
				}
			}
			type place struct{ key, node string }
			polls, readers := map[place]int{}, map[place]int{}
			for worker, lane := range p.Final {
				for _, op := range lane {
					at := place{op.Key, op.Node}
					if op.F == "assign" {
						require.Equal(t, int64(0), op.Value)
						require.NotContains(t, readers, at)
						readers[at] = worker
						continue
					}
					require.Equal(t, plan.Op{Ref: op.Ref, F: "poll", Key: op.Key, Node: op.Node, Value: plan.Symbol("next")}, op)
					require.Equal(t, worker, readers[at])
					polls[at]++
				}
			}
			for key, n := range sentTo {
				for _, node := range p.Config.Nodes {
					require.Greater(t, polls[place{key, node}]*stream.Batch, n, "%s has %d messages", key, n)
				}
			}
		})
	}
}

// A worker goes on behind what it was given, wherever an assign says, and where
// it was if something went wrong.
func TestResolver(t *testing.T) {
	r := stream.Workload{}.Resolver(plan.Config{})
	poll := plan.Op{F: "poll", Key: "p1", Value: plan.Symbol("next")}
	begins := func(worker int, offset int64) {
		t.Helper()
		require.Equal(t, plan.Op{F: "poll", Key: "p1", Value: offset}, r.Resolve(worker, poll))
	}
	given := func(worker int, c harness.Completion) { r.Observe(worker, r.Resolve(worker, poll), c) }
	pair := func(offset int64) any { return []any{offset, int64(7)} }
	begins(3, 0)
	given(3, harness.Completion{Outcome: history.OK, Value: []any{pair(1), pair(4)}})
	begins(3, 5)
	begins(2, 0)
	given(3, harness.Completion{Outcome: history.OK, Value: []any{}})
	given(3, harness.Completion{Outcome: history.Fail, Error: "timeout"})
	given(3, harness.Completion{Value: []any{pair(9)}})
	given(3, harness.Completion{Outcome: history.OK, Value: "rubbish"})
	given(3, harness.Completion{Outcome: history.OK, Value: []any{"rubbish"}})
	begins(3, 5)
	other := r.Resolve(3, plan.Op{F: "poll", Key: "p2", Value: plan.Symbol("next")})
	require.Equal(t, int64(0), other.Value)
	send := plan.Op{F: "send", Key: "p1", Value: int64(8)}
	require.Equal(t, send, r.Resolve(3, send))
	r.Observe(3, send, harness.Completion{Outcome: history.OK, Value: int64(77)})
	begins(3, 5)
	r.Observe(3, plan.Op{F: "assign", Key: "p1", Value: int64(2)}, harness.Completion{Outcome: history.OK})
	begins(3, 2)
}
