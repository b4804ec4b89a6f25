package register_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/register"
)

func expand(t testing.TB, change func(*plan.Config)) plan.Plan {
	w := register.Workload{}
	c := plan.Config{System: "none", Workload: w.Name(), Nodes: []string{"n1", "n2", "n3"}}
	if change != nil {
		change(&c)
	}
	w.Defaults(&c)
	p, err := plan.Expand(1, c, w.Generators(c), nil)
	require.NoError(t, err)
	return p
}

func each(lanes [][]plan.Op, visit func(worker int, op plan.Op)) {
	for worker, lane := range lanes {
		for _, op := range lane {
			visit(worker, op)
		}
	}
}

// The plan of a seed changes only with intent: recorded seeds stand for it.
func TestPlanGolden(t *testing.T) {
	require.Equal(t, "1c4d7635e4c01a48e387ec283b24a301f1057aa127822fbe78f028a84ed6d7cc", plan.Hash(expand(t, nil)))
}

func TestTraffic(t *testing.T) {
	p := expand(t, nil)
	count := map[string]int{}
	perKey := map[string]int{}
	workers := map[string]map[int]bool{}
	written := map[any]bool{}
	look := func(worker int, op plan.Op) {
		count[op.F]++
		perKey[op.Key]++
		if workers[op.Key] == nil {
			workers[op.Key] = map[int]bool{}
		}
		workers[op.Key][worker] = true
		value := op.Value
		if op.F == "cas" {
			pair := value.([]any)
			require.Equal(t, plan.Symbol("seen"), pair[0])
			value = pair[1]
		}
		if op.F == "read" {
			require.Nil(t, value)
			return
		}
		require.Positive(t, value)
		require.False(t, written[value], "%v is written twice", value)
		written[value] = true
	}
	each(p.Lanes, look)
	total := count["read"] + count["write"] + count["cas"]
	require.InDelta(t, 1500*28, total, 100)
	require.InDelta(t, 0.40, float64(count["read"])/float64(total), 0.01)
	require.InDelta(t, 0.35, float64(count["write"])/float64(total), 0.01)
	require.InDelta(t, 0.25, float64(count["cas"])/float64(total), 0.01)

	shared := 0
	for key, n := range perKey {
		require.Less(t, n, 1500, "register %s has too long a history", key)
		if len(workers[key]) > 10 {
			shared++
		}
	}
	require.Greater(t, len(perKey), 200)
	require.Greater(t, shared, 150, "registers should be shared by many workers")
	require.Greater(t, perKey["r0.3"], 2*perKey["r20.3"], "r0 should be hot")

	each(p.Drain, look)
	require.InDelta(t, 1500*30, count["read"]+count["write"]+count["cas"], 100)
}

// Every register of the plan is read at last, as it is and where it may have
// gone, through every node.
func TestReadBack(t *testing.T) {
	p := expand(t, nil)
	want := map[string]bool{}
	for _, lanes := range [][][]plan.Op{p.Lanes, p.Drain} {
		each(lanes, func(_ int, op plan.Op) {
			for _, node := range p.Config.Nodes {
				want[op.Key+" "+node] = true
				want[op.Key+" "+node+" exact"] = true
			}
		})
	}
	got := map[string]bool{}
	each(p.Final, func(_ int, op plan.Op) {
		require.Equal(t, "read", op.F)
		name := op.Key + " " + op.Node
		if op.Value != nil {
			require.Equal(t, plan.Symbol("exact"), op.Value)
			name += " exact"
		}
		require.False(t, got[name], "%s is read twice", name)
		got[name] = true
	})
	for name := range want {
		require.True(t, got[name], "%s is not read", name)
	}
}

func TestOddConfigs(t *testing.T) {
	for name, change := range map[string]func(*plan.Config){
		"one worker":      func(c *plan.Config) { c.Workers = 1 },
		"one key":         func(c *plan.Config) { c.Keys = 1 },
		"many keys":       func(c *plan.Config) { c.Keys = 10_000 },
		"one a second":    func(c *plan.Config) { c.Rate = 1 },
		"more than ticks": func(c *plan.Config) { c.Rate, c.Time, c.WarmUp, c.Settle = 1_000_000, 1e6, 1e6, 1e6; c.Keys = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			p := expand(t, change)
			require.NotEmpty(t, p.Lanes[0])
		})
	}
}

func TestResolver(t *testing.T) {
	const seen, exact = plan.Symbol("seen"), plan.Symbol("exact")
	r := register.Workload{}.Resolver(plan.Config{AmbiguityBudget: 2})
	ok := func(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }
	mismatch := harness.Completion{Outcome: history.Fail, Error: "mismatch", Value: int64(30)}
	refused := harness.Completion{Outcome: history.Fail, Error: "no-leader"}
	unknown := harness.Completion{Error: "timeout"}
	read := plan.Op{F: "read", Key: "r1"}
	write := func(v int64) plan.Op { return plan.Op{F: "write", Key: "r1", Value: v} }
	cas := func(v int64) plan.Op { return plan.Op{F: "cas", Key: "r1", Value: []any{seen, v}} }
	resolve := func(op plan.Op) plan.Op { return r.Resolve(0, op) }

	planned := cas(1)
	require.Equal(t, write(1), resolve(planned), "nothing to expect yet")
	require.Equal(t, cas(1), planned, "the plan stays as it is")
	require.Equal(t, read, resolve(read))

	expects := func(old any, text string) {
		t.Helper()
		op := resolve(cas(99))
		require.Equal(t, "cas", op.F, text)
		require.Equal(t, []any{old, int64(99)}, op.Value, text)
	}
	r.Observe(0, write(10), ok(nil))
	expects(int64(10), "a write shows its value")
	r.Observe(1, write(11), refused)
	expects(int64(10), "a refused write shows nothing")
	r.Observe(2, read, ok(int64(12)))
	expects(int64(12), "a read shows what it saw")
	r.Observe(2, read, ok(nil))
	expects(int64(12), "an empty read shows nothing to expect")
	r.Observe(0, plan.Op{F: "cas", Key: "r1", Value: []any{int64(12), int64(13)}}, ok(nil))
	expects(int64(13), "a compare-and-set shows its new value")
	r.Observe(0, plan.Op{F: "cas", Key: "r1", Value: []any{int64(12), int64(14)}}, mismatch)
	expects(int64(30), "a mismatch shows what it saw")
	r.Observe(0, plan.Op{F: "cas", Key: "r1", Value: []any{int64(12), int64(15)}}, refused)
	expects(int64(30), "a refusal shows nothing")
	require.Equal(t, "write", resolve(plan.Op{F: "cas", Key: "r2", Value: []any{seen, int64(1)}}).F, "another register has its own")

	r.Observe(0, read, unknown)
	r.Observe(0, read, unknown)
	r.Observe(0, write(16), unknown)
	require.Equal(t, "r1", resolve(read).Key, "unknown reads do not count")
	r.Observe(0, plan.Op{F: "cas", Key: "r1", Value: []any{int64(30), int64(17)}}, unknown)
	require.Equal(t, "r1~1", resolve(read).Key, "the budget is used up")
	require.Equal(t, plan.Op{F: "read", Key: "r1"}, resolve(plan.Op{F: "read", Key: "r1", Value: exact}))
	require.Equal(t, plan.Op{F: "write", Key: "r1~1", Value: int64(1)}, resolve(cas(1)), "nothing was seen in the successor")

	r.Observe(0, write(18), ok(nil))
	r.Observe(0, write(19), unknown)
	require.Equal(t, "write", resolve(cas(1)).F, "late news of the register that was left is no news of its successor")
	next := write(20)
	next.Key = "r1~1"
	r.Observe(0, next, ok(nil))
	expects(int64(20), "its own is")
	r.Observe(0, next, unknown)
	r.Observe(0, next, unknown)
	require.Equal(t, "r1~2", resolve(read).Key)
}

func TestResolverForManyWorkers(t *testing.T) {
	p := expand(t, nil)
	r := register.Workload{}.Resolver(p.Config)
	var wait sync.WaitGroup
	for worker, lane := range p.Lanes {
		wait.Go(func() {
			for _, op := range lane {
				r.Observe(worker, r.Resolve(worker, op), harness.Completion{Outcome: history.OK})
			}
		})
	}
	wait.Wait()
	written := map[any]string{}
	each(p.Lanes, func(_ int, op plan.Op) {
		if pair, ok := op.Value.([]any); ok {
			written[pair[1]] = op.Key
		} else {
			written[op.Value] = op.Key
		}
	})
	each(p.Drain, func(_ int, op plan.Op) {
		if op.F == "cas" {
			op = r.Resolve(0, op)
			require.Equal(t, "cas", op.F, "something was written to %s", op.Key)
			require.Equal(t, op.Key, written[op.Value.([]any)[0]])
		}
	})
}

func BenchmarkExpand(b *testing.B) {
	for b.Loop() {
		expand(b, nil)
	}
}
