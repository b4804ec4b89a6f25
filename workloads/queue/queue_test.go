package queue_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/queue"
)

func expand(t testing.TB, change func(*plan.Config)) plan.Plan {
	w := queue.Workload{}
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
	require.Equal(t, "740e604810d610dfed25a0b4a5c5cfa8553c2017319782da988024e9e19c7003", plan.Hash(expand(t, nil)))
}

// Elements are unique, there is something left to lose when the faults end,
// afterwards elements are only taken, and at last each queue is drained through
// every node by one worker.
func TestTraffic(t *testing.T) {
	for name, change := range map[string]func(*plan.Config){
		"as it is":   nil,
		"one worker": func(c *plan.Config) { c.Workers = 1 },
		"one queue":  func(c *plan.Config) { c.Keys = 1 },
		"many":       func(c *plan.Config) { c.Keys = 500 },
		"slow":       func(c *plan.Config) { c.Rate = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := expand(t, change)
			put := map[any]bool{}
			count := map[string]int{}
			used := map[string]bool{}
			for _, lane := range p.Lanes {
				for _, op := range lane {
					count[op.F]++
					used[op.Key] = true
					if op.F == "dequeue" {
						require.Nil(t, op.Value)
						continue
					}
					require.Equal(t, "enqueue", op.F)
					require.IsType(t, int64(0), op.Value)
					require.Positive(t, op.Value)
					require.False(t, put[op.Value], "%v is enqueued twice", op.Value)
					put[op.Value] = true
				}
			}
			for _, lane := range p.Drain {
				for _, op := range lane {
					require.Equal(t, plan.Op{Ref: op.Ref, F: "dequeue", Key: op.Key, At: op.At}, op)
				}
			}
			drainedBy := map[string]int{}
			drained := map[string]bool{}
			for worker, lane := range p.Final {
				for _, op := range lane {
					require.Equal(t, plan.Op{Ref: op.Ref, F: "drain", Key: op.Key, Node: op.Node}, op)
					require.False(t, drained[op.Key+" "+op.Node], "%s is drained twice", op.Key)
					drained[op.Key+" "+op.Node] = true
					if by, known := drainedBy[op.Key]; known {
						require.Equal(t, by, worker, "two workers drain %s", op.Key)
					}
					drainedBy[op.Key] = worker
				}
			}
			for key := range used {
				for _, node := range p.Config.Nodes {
					require.True(t, drained[key+" "+node], "%s is not drained through %s", key, node)
				}
			}
			if change == nil {
				require.InDelta(t, 0.53, float64(count["enqueue"])/float64(count["enqueue"]+count["dequeue"]), 0.01)
				require.Len(t, used, 4)
			}
		})
	}
}

// element is the history of one that was taken so many times.
func element(taken int) *history.History {
	h := &history.History{}
	add := func(kind history.Kind, f string, value any) {
		e := history.Event{Index: len(h.Events), Kind: kind, F: f, Key: "q0", Value: value}
		if kind == history.Complete {
			e.Outcome = history.OK
		}
		h.Events = append(h.Events, e)
	}
	add(history.Invoke, "enqueue", int64(1))
	add(history.Complete, "enqueue", nil)
	for range taken {
		add(history.Invoke, "dequeue", nil)
		add(history.Complete, "dequeue", int64(1))
	}
	add(history.Invoke, "drain", nil)
	add(history.Complete, "drain", []any{})
	return h
}

func TestDelivery(t *testing.T) {
	w := queue.Workload{}
	for delivery, want := range map[string][3]verdict.Verdict{
		"":                {verdict.Invalid, verdict.Valid, verdict.Valid},
		queue.AtLeastOnce: {verdict.Invalid, verdict.Valid, verdict.Valid},
		queue.ExactlyOnce: {verdict.Invalid, verdict.Valid, verdict.Invalid},
		queue.AtMostOnce:  {verdict.Valid, verdict.Valid, verdict.Invalid},
		"perhaps":         {},
	} {
		c := plan.Config{Options: map[string]string{queue.DeliveryOption: delivery}}
		if delivery == "perhaps" {
			require.EqualError(t, w.Validate(c), `option delivery is "perhaps": it may be one of at-least-once, at-most-once, exactly-once`)
		} else {
			require.NoError(t, w.Validate(c))
		}
		for taken, verdict := range want {
			checkers := w.Checkers(c)
			require.Len(t, checkers, 1)
			report := checkers[0].Check(t.Context(), element(taken), harness.Budget{})
			require.Equal(t, verdict, report.Verdict, "%s, taken %d times: %s", delivery, taken, report.Cause)
			require.Equal(t, "total-queue", report.Checker)
		}
	}
}
