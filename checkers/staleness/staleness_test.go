package staleness

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func dense(r *rand.Rand) *history.History {
	var ops []checktest.Op
	writes := int64(r.IntN(4))
	for v := range writes {
		ops = append(ops, checktest.Op{F: "write", Process: -1, Input: v, Outcome: checktest.Pick(r, history.OK, history.OK, history.OK, history.Unknown)})
	}
	for range 1 + r.IntN(3) {
		op := checktest.Op{F: "read", Process: -1, Outcome: history.OK}
		if v := r.Int64N(writes + 1); v < writes {
			op.Output = v
		}
		ops = append(ops, op)
	}
	return checktest.Weave(r, ops)
}

// twin tries all orders of the operations that count: those of which something
// is known.
type twin struct{ ops []history.Operation }

func newTwin(h *history.History) (t twin, dated bool) {
	ops := h.Operations()
	shown := func(value any) bool {
		return slices.ContainsFunc(ops, func(op history.Operation) bool { return op.F == "read" && op.Output == value })
	}
	for _, op := range ops {
		if op.F == "write" && op.Outcome == history.Unknown && !shown(op.Input) {
			continue
		}
		if op.F == "read" && op.Output != nil && slices.ContainsFunc(ops, func(w history.Operation) bool {
			return w.F == "write" && w.Input == op.Output && w.Call > op.Return
		}) {
			return t, false
		}
		t.ops = append(t.ops, op)
	}
	return t, true
}

// k returns the least k of all orders in which no operation is before one that
// must be before it, or 0 if there is none in which all reads follow the write of
// their value.
func (t twin) k(before func(a, b *history.Operation) bool) int {
	best := 0
	var try func(rest, order []*history.Operation, k int)
	try = func(rest, order []*history.Operation, k int) {
		if best > 0 && k >= best {
			return
		}
		if len(rest) == 0 {
			best = k
			return
		}
		for i, op := range rest {
			if slices.ContainsFunc(rest, func(other *history.Operation) bool { return other != op && before(other, op) }) {
				continue
			}
			now := k
			if op.F == "read" {
				age, found := 1, op.Output == nil
				for _, w := range slices.Backward(order) {
					if w.F == "write" {
						if found = w.Input == op.Output; found {
							break
						}
						age++
						found = op.Output == nil
					}
				}
				if !found {
					continue
				}
				now = max(k, age)
			}
			try(slices.Delete(slices.Clone(rest), i, i+1), append(slices.Clone(order), op), now)
		}
	}
	all := make([]*history.Operation, len(t.ops))
	for i := range t.ops {
		all[i] = &t.ops[i]
	}
	try(all, nil, 1)
	return best
}

func (t twin) delta() time.Duration {
	for delta := time.Duration(0); ; delta += time.Second {
		k := t.k(func(a, b *history.Operation) bool {
			start := b.Start
			if b.F == "read" {
				start -= delta
			}
			return a.Outcome == history.OK && a.End < start
		})
		if k == 1 {
			return delta
		}
	}
}

// requireFigures requires that the figures are what trying all orders gives. It
// returns them with k, which is 0 if a read has no age.
func requireFigures(t *testing.T, h *history.History, seed any) (got Staleness, k int) {
	t.Helper()
	got = Of(h)
	twin, dated := newTwin(h)
	if !dated {
		if got.Ageless == 0 {
			t.Fatalf("seed %v: no read is without age\n%s", seed, checktest.Show(h))
		}
		return got, 0
	}
	k = twin.k(func(a, b *history.Operation) bool { return a.Return < b.Call })
	if got.AtLeast > k || got.AtMost < k || (k == 1) != (got.AtMost == 1) || (k == 1) != (got.Stale == 0) || got.Ageless != 0 {
		t.Fatalf("seed %v: k is %d, not %d to %d\n%s", seed, k, got.AtLeast, got.AtMost, checktest.Show(h))
	}
	want := time.Duration(0)
	if k > 1 {
		want = twin.delta()
	}
	if got.Delta != want {
		t.Fatalf("seed %v: Δ is %v, not %v\n%s", seed, want, got.Delta, checktest.Show(h))
	}
	return got, k
}

// The figures are what trying all orders gives, and bounds that are seldom apart.
func TestAgreesWithTheTwin(t *testing.T) {
	apart, stale, undated := 0, 0, 0
	all := checktest.Rounds(100_000)
	for seed := range all {
		got, k := requireFigures(t, dense(rand.New(rand.NewPCG(uint64(seed), 1))), seed)
		switch {
		case k == 0:
			undated++
		case k > 1:
			stale++
		}
		if k > 0 && got.AtLeast < got.AtMost {
			apart++
		}
	}
	t.Log(all, "histories:", stale, "stale,", apart, "with bounds apart,", undated, "with reads that have no age")
	require.Greater(t, stale, all/20)
	require.Less(t, apart, stale/10)
	require.Greater(t, undated, all/100)
}

func write(value any) checktest.Op {
	return checktest.Op{F: "write", Key: "r", Input: value, Outcome: history.OK}
}

func readOf(value any) checktest.Op {
	return checktest.Op{F: "read", Key: "r", Output: value, Outcome: history.OK}
}

func cas(from, to any) checktest.Op {
	return checktest.Op{F: "cas", Key: "r", Input: []any{from, to}, Outcome: history.OK}
}

func TestOf(t *testing.T) {
	mismatch := checktest.Op{F: "cas", Key: "r", Input: []any{"x", "y"}, Output: "a", Outcome: history.Fail, Error: "mismatch"}
	for _, test := range []struct {
		name string
		ops  []checktest.Op
		want Staleness
	}{
		{"empty", nil, Staleness{}},
		{"never read", []checktest.Op{write("a")}, Staleness{}},
		{"fresh", []checktest.Op{write("a"), readOf("a")}, Staleness{Reads: 1, Writes: 1, Registers: 1, AtLeast: 1, AtMost: 1}},
		{"never written", []checktest.Op{readOf(nil)}, Staleness{Reads: 1, Registers: 1, AtLeast: 1, AtMost: 1}},
		{"one behind", []checktest.Op{write("a"), write("b"), readOf("a")},
			Staleness{Reads: 1, Writes: 2, Registers: 1, Stale: 1, Delta: time.Second, AtLeast: 2, AtMost: 2}},
		{"two behind", []checktest.Op{write("a"), write("b"), write("c"), readOf("a")},
			Staleness{Reads: 1, Writes: 3, Registers: 1, Stale: 1, Delta: 3 * time.Second, AtLeast: 3, AtMost: 3}},
		{"unknown", []checktest.Op{write("a"), {F: "write", Key: "r", Input: "b"}, readOf("a")},
			Staleness{Reads: 1, Writes: 2, Registers: 1, AtLeast: 1, AtMost: 1}},
		{"unknown, read before", []checktest.Op{write("a"), {F: "write", Key: "r", Input: "b"}, readOf("b"), readOf("a")},
			Staleness{Reads: 2, Writes: 2, Registers: 1, Stale: 1, Delta: time.Second, AtLeast: 2, AtMost: 2}},
		{"from nowhere", []checktest.Op{write("a"), readOf("b"), readOf("a")},
			Staleness{Reads: 1, Writes: 1, Registers: 1, AtLeast: 1, AtMost: 1, Ageless: 1}},
		{"failed", []checktest.Op{{F: "write", Key: "r", Input: "a", Outcome: history.Fail}, readOf("a")}, Staleness{Ageless: 1}},
		{"written twice", []checktest.Op{write("a"), write("a"), readOf("a")}, Staleness{Skipped: 1}},
		{"compared and set", []checktest.Op{write("a"), cas("a", "b"), readOf("b")},
			Staleness{Reads: 2, Writes: 2, Registers: 1, AtLeast: 1, AtMost: 1}},
		{"compared with the past", []checktest.Op{write("a"), write("b"), cas("a", "c")},
			Staleness{Reads: 1, Writes: 3, Registers: 1, Stale: 1, Delta: time.Second, AtLeast: 2, AtMost: 2}},
		{"refused with the past", []checktest.Op{write("a"), write("b"), mismatch},
			Staleness{Reads: 1, Writes: 2, Registers: 1, Stale: 1, Delta: time.Second, AtLeast: 2, AtMost: 2}},
		{"no pair", []checktest.Op{{F: "cas", Key: "r", Input: "a", Outcome: history.OK}}, Staleness{Skipped: 1}},
		{"registers by themselves", []checktest.Op{write("a"), {F: "write", Key: "s", Input: "b", Outcome: history.OK}, readOf("a")},
			Staleness{Reads: 1, Writes: 1, Registers: 1, AtLeast: 1, AtMost: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Equal(t, test.want, Of(checktest.InOrder(test.ops...)))
		})
	}
}

func TestReport(t *testing.T) {
	check := func(ops ...checktest.Op) verdict.Report {
		return New(Initial("a")).Check(context.Background(), checktest.InOrder(ops...), verdict.Budget{})
	}
	got := check(write("b"), readOf("a"))
	require.Equal(t, "staleness", got.Checker)
	require.Equal(t, verdict.Valid, got.Verdict, "it is a figure, and no verdict")
	require.Equal(t, "1 reads of 1 registers returned one of the last 2 values, replaced for at most 1s", got.Cause)
	require.Equal(t, []verdict.Figure{
		{Name: "registers", Value: 1}, {Name: "not linearizable", Value: 1}, {Name: "reads", Value: 1, Unit: "ops"},
		{Name: "delta", Value: 1, Unit: "s"}, {Name: "k at least", Value: 2}, {Name: "k at most", Value: 2},
	}, got.Figures)
	got = check()
	require.Equal(t, verdict.Unknown, got.Verdict)
	require.Equal(t, "no read of a register with unique values can be measured", got.Cause)
	got = New().Check(checktest.CancelledAfter(1), checktest.InOrder(write("b"), readOf("b")), verdict.Budget{})
	require.Equal(t, verdict.Unknown, got.Verdict)
	require.Contains(t, got.Cause, "ended early")
}

// large is n operations, reads by turns with writes; each read is behind by some
// writes.
func large(n, behind int) *history.History {
	ops := make([]checktest.Op, 0, n)
	for i := range n / 2 {
		ops = append(ops, write(int64(i)))
		var value any
		if i >= behind {
			value = int64(i - behind)
		}
		ops = append(ops, readOf(value))
	}
	return checktest.InOrder(ops...)
}

func TestLarge(t *testing.T) {
	const n = 100_000
	got := Of(large(n, 0))
	require.Equal(t, 1, got.AtMost)
	got = Of(large(n, 1000))
	require.Equal(t, 1001, got.AtLeast)
	require.Equal(t, 1001, got.AtMost)
	require.Equal(t, 3997*time.Second, got.Delta)
}

func BenchmarkMeasure(b *testing.B) {
	for name, behind := range map[string]int{"fresh": 0, "stale": 10} {
		b.Run(name, func(b *testing.B) {
			ops := large(1_000_000, behind).Operations()
			b.ReportAllocs()
			for b.Loop() {
				if s, err := New().measure(context.Background(), ops); err != nil || s.AtMost != behind+1 {
					b.Fatal(err, s)
				}
			}
		})
	}
}
