package causalreverse

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func dense(r *rand.Rand) *history.History {
	var ops []checktest.Op
	writes := int64(1 + r.IntN(3))
	for v := range writes {
		ops = append(ops, checktest.Op{F: "write", Process: -1, Input: v, Outcome: checktest.Outcome(r)})
	}
	for range r.IntN(4) {
		op := checktest.Op{F: "read", Process: -1, Outcome: checktest.Outcome(r)}
		list := []any{}
		for v := range writes + 1 {
			if r.IntN(3) > 0 && (v < writes || r.IntN(4) == 0) {
				list = append(list, v)
			}
		}
		if op.Outcome == history.OK {
			op.Output = list
		}
		ops = append(ops, op)
	}
	return checktest.Weave(r, ops)
}

// possible compares each read with each pair of writes.
func possible(h *history.History) bool {
	ops := h.Operations()
	shows := func(read, write *history.Operation) bool {
		return read.F == "read" && read.Outcome == history.OK && write.Call < read.Return && slices.Contains(read.Output.([]any), write.Input)
	}
	before := func(first, second *history.Operation) bool {
		if first.Outcome == history.Fail {
			return false
		}
		return first.Return < second.Call || slices.ContainsFunc(ops, func(op history.Operation) bool {
			return op.Return < second.Call && shows(&op, first)
		})
	}
	for i := range ops {
		for k := range ops {
			first, second := &ops[i], &ops[k]
			if first.F != "write" || second.F != "write" || second.Outcome == history.Fail || !before(first, second) {
				continue
			}
			for m := range ops {
				if ops[m].F == "read" && shows(&ops[m], second) && !shows(&ops[m], first) {
					return false
				}
			}
		}
	}
	return true
}

func subject() checktest.Subject {
	return checktest.Subject{
		Histories: 100_000,
		Random:    dense,
		Possible:  possible,
		Check: func(h *history.History, mask uint32) verdict.Report {
			c := New()
			c.rules = rules(mask)
			return c.Check(context.Background(), h, verdict.Budget{})
		},
		Rules: allRules,
	}
}

func TestAgreesWithTheTwin(t *testing.T) { checktest.Agree(t, subject()) }

func written(value any) checktest.Op {
	return checktest.Op{F: "write", Key: "k", Input: value, Outcome: history.OK}
}

func readOf(values ...any) checktest.Op {
	return checktest.Op{F: "read", Key: "k", Output: slices.Concat([]any{}, values), Outcome: history.OK}
}

func with(op checktest.Op, outcome history.Outcome) checktest.Op {
	op.Outcome = outcome
	return op
}

func TestVerdicts(t *testing.T) {
	nothing := "no read shows a write that was called after another had certainly happened"
	for _, test := range []struct {
		name    string
		ops     []checktest.Op
		verdict verdict.Verdict
		cause   string
	}{
		{"empty", nil, verdict.Unknown, nothing},
		{"one write", []checktest.Op{written("a"), readOf("a")}, verdict.Unknown, nothing},
		{"all unknown", []checktest.Op{with(written("a"), history.Unknown), with(written("b"), history.Unknown), readOf("b")}, verdict.Unknown, nothing},
		{"both", []checktest.Op{written("a"), written("b"), readOf("b", "a")}, verdict.Valid,
			"1 reads show all that had happened before what they show of 2 writes"},
		{"only the first", []checktest.Op{written("a"), written("b"), readOf("a")}, verdict.Unknown, nothing},
		{"only the second", []checktest.Op{written("a"), written("b"), readOf("b")}, verdict.Invalid,
			`a read shows "b" without "a", which had happened before "b" was called`},
		{"the first failed", []checktest.Op{with(written("a"), history.Fail), written("b"), readOf("b")}, verdict.Unknown, nothing},
		{"seen before", []checktest.Op{with(written("a"), history.Unknown), readOf("a"), written("b"), readOf("b")}, verdict.Invalid,
			`a read shows "b" without "a", which had happened before "b" was called`},
		{"written twice", []checktest.Op{written("a"), written("a"), written("b"), readOf("b")}, verdict.Unknown,
			`"a" is written more than once, again at event 2; write each value once; ` + nothing},
		{"no list", []checktest.Op{written("a"), written("b"), readOf("a", "b"), {F: "read", Key: "k", Outcome: history.OK}}, verdict.Unknown,
			"the read at event 6 says no list of values"},
		{"other keys", []checktest.Op{written("a"), {F: "write", Key: "l", Input: "b", Outcome: history.OK}, {F: "read", Key: "l", Output: []any{"b"}, Outcome: history.OK}},
			verdict.Unknown, nothing},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := New().Check(context.Background(), checktest.InOrder(test.ops...), verdict.Budget{})
			require.Equal(t, test.verdict, got.Verdict, got.Cause)
			require.Equal(t, test.cause, got.Cause)
			require.Equal(t, "causal-reverse", got.Checker)
		})
	}
}

func TestFinding(t *testing.T) {
	h := checktest.InOrder(written("a"), written("b"), written("c"), readOf("b", "c"))
	got := New().Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, []verdict.Finding{{
		Anomaly: "causal-reverse", Key: "k", Summary: `a read shows "b" without "a", which had happened before "b" was called`,
		Steps: []string{
			`[1s to 2s] process 0 asked for write "a" and was told ok null`,
			`[3s to 4s] process 0 asked for write "b" and was told ok null`,
			`[7s to 8s] process 0 asked for read of k and was told ok ["b","c"]`,
		},
		Operations: []int{0, 2, 6}, Culprit: 6,
	}}, got.Findings)
}

func TestBudget(t *testing.T) {
	h := checktest.InOrder(written("a"), readOf("a"))
	got := New().Check(checktest.CancelledAfter(1), h, verdict.Budget{})
	require.Equal(t, verdict.Unknown, got.Verdict)
	require.Contains(t, got.Cause, "judging was ended early")
}

// large has n writes and a read of what was written for each tenth of them.
func large(n int) *history.History {
	var ops []checktest.Op
	var all []any
	for i := range n {
		ops = append(ops, written(int64(i)))
		all = append(all, int64(i))
		if i%(n/10) == n/10-1 {
			ops = append(ops, checktest.Op{F: "read", Key: "k", Output: all[:len(all):len(all)], Outcome: history.OK})
		}
	}
	return checktest.InOrder(ops...)
}

func TestLarge(t *testing.T) {
	h := large(100_000)
	require.Equal(t, verdict.Valid, New().Check(context.Background(), h, verdict.Budget{}).Verdict)
	last := &h.Events[len(h.Events)-1]
	last.Value = slices.Delete(slices.Clone(last.Value.([]any)), 500, 501)
	got := New().Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, verdict.Invalid, got.Verdict)
	require.Len(t, got.Findings[0].Operations, 3)
}

func BenchmarkJudge(b *testing.B) {
	ops := large(1_000_000).Operations()
	b.ReportAllocs()
	for b.Loop() {
		if j, err := New().judge(context.Background(), ops); err != nil || j.Found.Any() {
			b.Fatal(err, j.Found.Sorted())
		}
	}
}
