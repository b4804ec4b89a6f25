package plan_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// scope is that of worker w of n, at one operation a second and worker.
func scope(w, n int) plan.Scope {
	return plan.Scope{Seed: 1, Worker: w, Path: "test", Config: plan.Config{
		Workers: n, Rate: n, Nodes: []string{"n1", "n2"},
	}}
}

// take returns the first n operations of a worker.
func take(n int, g plan.Generator, s plan.Scope) []plan.Op {
	var ops []plan.Op
	for op := range g(s) {
		if ops = append(ops, op); len(ops) == n {
			break
		}
	}
	return ops
}

// names returns what an operation is, for short.
func names(ops []plan.Op) string {
	var b strings.Builder
	for _, op := range ops {
		b.WriteString(op.F)
	}
	return b.String()
}

func repeat(f string) plan.Generator { return plan.Repeat(plan.Op{F: f}) }

// count makes numbered operations.
func count(f string) plan.Generator {
	return plan.Draw(func(_ *plan.Stream, n int64) plan.Op { return plan.Op{F: fmt.Sprint(f, n)} })
}

func letters(text string) plan.Generator {
	var ops []plan.Op
	for _, f := range strings.Split(text, "") {
		ops = append(ops, plan.Op{F: f})
	}
	return plan.FromSlice(ops)
}

func TestCombinators(t *testing.T) {
	key := func(n int) string { return fmt.Sprint("k", n) }
	for _, c := range []struct {
		name    string
		g       plan.Generator
		workers []string // the first 8 operations of each worker
	}{
		{"once", plan.Once(plan.Op{F: "a"}), []string{"a", ""}},
		{"once each", plan.EachWorker(plan.Once(plan.Op{F: "a"})), []string{"a", "a"}},
		{"repeat", repeat("a"), []string{"aaaaaaaa", "aaaaaaaa"}},
		{"draw", count("a"), []string{"a0a1a2a3a4a5a6a7"}},
		{"slice is dealt out", letters("abcde"), []string{"ace", "bd"}},
		{"slice to each", plan.EachWorker(letters("abc")), []string{"abc", "abc"}},
		{"empty slice", plan.FromSlice(nil), []string{"", ""}},
		{"limit is dealt out", plan.Limit(3, repeat("a")), []string{"aa", "a"}},
		{"limit of each", plan.EachWorker(plan.Limit(3, repeat("a"))), []string{"aaa", "aaa"}},
		{"limit above", plan.Limit(100, letters("abc")), []string{"ac", "b"}},
		{"limit zero", plan.Limit(0, repeat("a")), []string{"", ""}},
		{"phases", plan.Phases(letters("abc"), plan.Limit(2, repeat("x")), repeat("y")), []string{"acxyyyyy", "bxyyyyyy"}},
		{"no phases", plan.Phases(), []string{""}},
		{"reserve", plan.Reserve(repeat("c"), plan.Workers(1, repeat("a")), plan.Workers(2, letters("bBb"))),
			[]string{"aaaaaaaa", "bb", "B", "cccccccc"}},
		{"reserve more than there are", plan.Reserve(nil, plan.Workers(1, repeat("a")), plan.Workers(9, letters("bB")), plan.Workers(2, repeat("c"))),
			[]string{"aaaaaaaa", "b", "B"}},
		{"reserve nothing for the rest", plan.Reserve(nil, plan.Workers(1, repeat("a"))), []string{"aaaaaaaa", ""}},
		{"merge at one time", plan.Merge(letters("ab"), letters("cd")), []string{"ac", "bd"}},
		{"mix of one", plan.Mix(plan.Weigh(1, letters("abc"))), []string{"ac", "b"}},
		{"mix without weights", plan.Mix(plan.Weigh(0, repeat("a"))), []string{""}},
		{"mix goes on without what ended", plan.Mix(plan.Weigh(1000, letters("ab")), plan.Weigh(1, repeat("x"))), []string{"axxxxxxx", "bxxxxxxx"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for worker, want := range c.workers {
				require.Equal(t, want, names(take(8, c.g, scope(worker, len(c.workers)))))
			}
		})
	}
	t.Run("keys in turn", func(t *testing.T) {
		g := plan.SequentialKeys(key, func(string) plan.Generator { return plan.Limit(3, repeat("a")) })
		require.Equal(t, []string{"k0", "k0", "k1", "k1", "k2"}, keysOf(take(5, g, scope(0, 2))))
		require.Equal(t, []string{"k0", "k1", "k2"}, keysOf(take(3, g, scope(1, 2))))
	})
	t.Run("keys side by side", func(t *testing.T) {
		g := plan.ConcurrentKeys(2, key, func(string) plan.Generator { return plan.Limit(4, repeat("a")) })
		require.Equal(t, []string{"k0", "k0", "k2", "k2", "k4"}, keysOf(take(5, g, scope(0, 5))))
		require.Equal(t, []string{"k0", "k0", "k2", "k2", "k4"}, keysOf(take(5, g, scope(1, 5))))
		// Three workers share the keys of the last group.
		require.Equal(t, []string{"k1", "k1", "k3", "k3"}, keysOf(take(4, g, scope(2, 5))))
		require.Equal(t, []string{"k1", "k3", "k5"}, keysOf(take(3, g, scope(4, 5))))
	})
	t.Run("keys without operations", func(t *testing.T) {
		g := plan.SequentialKeys(key, func(string) plan.Generator { return plan.FromSlice(nil) })
		require.Empty(t, take(1, g, scope(0, 1)))
	})
}

func keysOf(ops []plan.Op) []string {
	var keys []string
	for _, op := range ops {
		keys = append(keys, op.Key)
	}
	return keys
}

func TestMixKeepsWeights(t *testing.T) {
	g := plan.Mix(plan.Weigh(40, repeat("r")), plan.Weigh(35, repeat("w")), plan.Weigh(25, repeat("c")))
	ops := names(take(10_000, g, scope(0, 1)))
	require.InDelta(t, 4000, strings.Count(ops, "r"), 150)
	require.InDelta(t, 3500, strings.Count(ops, "w"), 150)
	require.InDelta(t, 2500, strings.Count(ops, "c"), 150)
}

func TestAnnotations(t *testing.T) {
	until := plan.Condition{F: "a", Outcome: history.OK, Count: 3}
	op := take(1, plan.Until(until, plan.OnNode("n2", repeat("a"))), scope(0, 1))[0]
	require.Equal(t, plan.Op{F: "a", Node: "n2", Unless: &until}, op)

	ops := take(9, plan.OnEachNode(letters("ab")), scope(0, 1))
	require.Equal(t, "aabb", names(ops))
	require.Equal(t, []string{"n1", "n2", "n1", "n2"}, []string{ops[0].Node, ops[1].Node, ops[2].Node, ops[3].Node})
}

func TestStagger(t *testing.T) {
	const n = 1000
	for worker := range 3 {
		s := scope(worker, 3)
		ops := take(n, plan.Stagger(0, repeat("a")), s)
		for i, op := range ops {
			slot := time.Duration(i) * time.Second
			require.True(t, op.At >= slot && op.At < slot+time.Second, "operation %d at %v", i, op.At)
		}
		require.NotEqual(t, ops[1].At-ops[0].At, ops[2].At-ops[1].At)
	}
	ops := take(n, plan.Stagger(30, repeat("a")), scope(0, 3))
	require.Equal(t, 9, int(ops[n/10].At/time.Second)-1, "30 a second of three workers are 10 of one")
}

func TestStaggerKeepsLaterTimes(t *testing.T) {
	g := plan.Stagger(0, plan.Phases(plan.Once(plan.Op{F: "a"}), plan.Once(plan.Op{F: "b", At: 5 * time.Second}), plan.Limit(5, repeat("c"))))
	ops := take(9, g, scope(0, 1))
	require.Equal(t, "abccccc", names(ops))
	require.Equal(t, 5*time.Second, ops[1].At)
	require.True(t, slices.IsSortedFunc(ops, func(a, b plan.Op) int { return int(a.At - b.At) }))
}

func TestStaggerOddRates(t *testing.T) {
	s := scope(0, 1)
	s.Config.Rate = 0
	require.Len(t, take(3, plan.Stagger(-1, repeat("a")), s), 3)
	s.Config.Workers = 1 << 30
	require.Len(t, take(3, plan.Stagger(1, repeat("a")), s), 3)
}

func TestTimes(t *testing.T) {
	second := func(f string) plan.Generator { return plan.Stagger(0, count(f)) }
	ops := take(99, plan.TimeLimit(5*time.Second, second("a")), scope(0, 1))
	require.Len(t, ops, 5)
	require.Less(t, ops[4].At, 5*time.Second)

	late := take(5, plan.After(time.Minute, second("a")), scope(0, 1))
	require.Equal(t, time.Minute, late[0].At.Truncate(time.Second))

	two := take(99, plan.Phases(plan.TimeLimit(5*time.Second, second("a")), plan.TimeLimit(5*time.Second, second("b"))), scope(0, 1))
	require.Equal(t, "a0a1a2a3a4b0b1b2b3b4", names(two))
	require.Greater(t, two[5].At, two[4].At)
	require.Less(t, two[9].At, 10*time.Second)

	merged := take(99, plan.Merge(plan.TimeLimit(10*time.Second, second("a")), plan.After(3*time.Second, plan.TimeLimit(3*time.Second, second("b")))), scope(0, 1))
	require.Len(t, merged, 13)
	require.True(t, slices.IsSortedFunc(merged, func(a, b plan.Op) int { return int(a.At - b.At) }))
}

// Ranging over a generator again gives the same again, and generators in other
// places, or of other workers, have draws of their own.
func TestGeneratorsArePure(t *testing.T) {
	draws := plan.Draw(func(r *plan.Stream, _ int64) plan.Op { return plan.Op{F: fmt.Sprint(r.Below(1000), " ")} })
	g := plan.Stagger(0, plan.Mix(plan.Weigh(1, draws), plan.Weigh(1, draws)))
	ops := g(scope(0, 2))
	first, again := slices.Collect(limited(ops, 50)), slices.Collect(limited(ops, 50))
	require.Equal(t, first, again)
	require.Equal(t, first, take(50, g, scope(0, 2)))
	require.NotEqual(t, first, take(50, g, scope(1, 2)))

	seen := map[string]string{}
	for name, g := range map[string]plan.Generator{
		"plain": draws, "each": plan.EachWorker(draws), "reserve": plan.Reserve(draws),
		"first of a reserve": plan.Reserve(nil, plan.Workers(1, draws)), "map": plan.Until(plan.Condition{}, draws),
		"merge": plan.Merge(draws), "phase": plan.Phases(draws), "stagger": plan.Stagger(1, draws),
		"keys": plan.SequentialKeys(func(int) string { return "" }, func(string) plan.Generator { return draws }),
	} {
		ops := names(take(20, g, scope(0, 1)))
		require.Empty(t, seen[ops], "%s draws as another does", name)
		seen[ops] = name
	}
	require.NotEqual(t, names(take(20, plan.EachWorker(draws), scope(0, 2))), names(take(20, plan.EachWorker(draws), scope(1, 2))))
}

func limited(ops func(func(plan.Op) bool), n int) func(func(plan.Op) bool) {
	return func(yield func(plan.Op) bool) {
		left := n
		for op := range ops {
			if left--; left < 0 || !yield(op) {
				return
			}
		}
	}
}

func TestReserveSharesTheRate(t *testing.T) {
	g := plan.Reserve(plan.Stagger(0, repeat("b")), plan.Workers(2, plan.Stagger(0, repeat("a"))))
	for worker := range 6 {
		s := scope(worker, 6)
		s.Config.Rate = 60
		require.Equal(t, 9, int(take(100, g, s)[99].At/time.Second), "worker %d should do 10 a second", worker)
	}
}
