package setfull

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// subject is the checker and its definition.
func subject(linearizable bool) checktest.Subject {
	all := rules(allRules)
	if !linearizable {
		all &^= ruleAckedShows | ruleSeenShows
	}
	return checktest.Subject{
		Histories: 55_000,
		Random:    dense,
		Possible:  func(h *history.History) bool { return possible(h, linearizable) },
		Check: func(h *history.History, mask uint32) verdict.Report {
			c := New()
			c.linearizable, c.rules = linearizable, rules(mask)
			return c.Check(context.Background(), h, verdict.Budget{})
		},
		Rules: uint32(all),
		// The add only says where what was read had come from.
		Excuses: func(f *verdict.Finding, op *history.Operation) bool {
			return op.F == "add" && (f.Anomaly == duplicated || f.Anomaly == resurrected || f.Anomaly == lost && len(f.Operations) == 3)
		},
	}
}

// The checker and its twin agree on every small history.
func TestAgreesWithTheTwin(t *testing.T) {
	for name, linearizable := range map[string]bool{"linearizable": true, "eventual": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			checktest.Agree(t, subject(linearizable))
		})
	}
}

func check(t *testing.T, ops []checktest.Op, options ...Option) verdict.Report {
	t.Helper()
	h := checktest.InOrder(ops...)
	require.NoError(t, h.Validate())
	return New(options...).Check(context.Background(), h, verdict.Budget{})
}

func add(value any) checktest.Op {
	return checktest.Op{F: "add", Key: "s", Input: value, Outcome: history.OK}
}

func readAll(values ...any) checktest.Op {
	if values == nil {
		values = []any{}
	}
	return checktest.Op{F: "read", Key: "s", Output: values, Outcome: history.OK}
}

func with(op checktest.Op, outcome history.Outcome) checktest.Op {
	op.Outcome = outcome
	return op
}

func TestVerdicts(t *testing.T) {
	unread := "no read that shows all was called after elements were acknowledged: 1 of them; read all sets at the end"
	for _, test := range []struct {
		name    string
		ops     []checktest.Op
		options []Option
		verdict verdict.Verdict
		cause   string
	}{
		{"empty", nil, nil, verdict.Unknown, "no element was known and then looked for"},
		{"all unknown", []checktest.Op{with(add("a"), history.Unknown), readAll()}, nil, verdict.Unknown, "no element was known and then looked for"},
		{"one element", []checktest.Op{add("a"), readAll("a")}, nil, verdict.Valid, "1 elements were known, and 1 reads lost none of them"},
		{"recovered", []checktest.Op{with(add("a"), history.Unknown), readAll("a"), readAll("a")}, nil, verdict.Valid,
			"1 elements were known, and 2 reads lost none of them"},
		{"no final read", []checktest.Op{add("a"), readAll("a"), add("b")}, nil, verdict.Unknown, unread},
		{"another set", []checktest.Op{add("a"), readAll("a"), {F: "add", Key: "r", Input: "a", Outcome: history.OK}}, nil, verdict.Unknown, unread},
		{"all sets or none", []checktest.Op{add("a"), {F: "read", Output: []any{"a"}, Outcome: history.OK}}, nil, verdict.Unknown,
			"some operations name a set and some do not, so it cannot be told which are about the same; name it in all or in none"},
		{"lost at once", []checktest.Op{add("a"), readAll()}, nil, verdict.Invalid, `"a" was acknowledged and is lost`},
		{"lost later", []checktest.Op{with(add("a"), history.Unknown), readAll("a"), readAll()}, nil, verdict.Invalid, `"a" was read and is lost`},
		{"stale", []checktest.Op{add("a"), readAll(), readAll("a")}, nil, verdict.Valid, "1 elements were known, and 2 reads lost none of them"},
		{"stale, linearizable", []checktest.Op{add("a"), readAll(), readAll("a")}, []Option{Linearizable()}, verdict.Invalid,
			`a read lacks "a", which had been acknowledged before the read was called`},
		{"resurrected", []checktest.Op{add("a"), readAll("a"), readAll(), readAll("a")}, nil, verdict.Valid, "1 elements were known, and 3 reads lost none of them"},
		{"resurrected, linearizable", []checktest.Op{add("a"), readAll("a"), readAll(), readAll("a")}, []Option{Linearizable()}, verdict.Invalid,
			`"a" was read, then was not in the set, and came back`},
		{"duplicated", []checktest.Op{add("a"), readAll("a", "a")}, nil, verdict.Invalid, `a read has "a" more than once`},
		{"unexpected", []checktest.Op{readAll("a")}, nil, verdict.Invalid, `"a" was read and was never added`},
		{"failed", []checktest.Op{with(add("a"), history.Fail), readAll("a")}, nil, verdict.Invalid, `"a" was read though its add had failed for certain`},
		{"early", []checktest.Op{readAll("a"), add("a"), readAll("a")}, nil, verdict.Invalid, `"a" was read before it was added`},
		{"added again", []checktest.Op{add("a"), add("a"), with(add("a"), history.Fail), readAll("a")}, nil, verdict.Valid,
			"1 elements were known, and 1 reads lost none of them"},
		{"no element", []checktest.Op{add(nil), add("a"), readAll("a")}, nil, verdict.Unknown, "the add at event 0 has no element"},
		{"no list", []checktest.Op{add("a"), readAll("a"), {F: "read", Key: "s", Outcome: history.OK}}, nil, verdict.Unknown,
			"the read at event 4 says no list of elements"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := check(t, test.ops, test.options...)
			require.Equal(t, test.verdict, got.Verdict, got.Cause)
			require.Equal(t, test.cause, got.Cause)
			require.Equal(t, "set-full", got.Checker)
		})
	}
}

// A read before the nodes had settled may be behind, and the last read after is
// what counts.
func TestSettled(t *testing.T) {
	h := checktest.InOrder(add("a"), readAll())
	phase := history.Event{Kind: history.Phase, Process: history.NoProcess, F: "calm"}
	h = history.New(append(h.Events[:2:2], append([]history.Event{phase}, h.Events[2:]...)...))
	verdictOf := func(options ...Option) verdict.Verdict {
		return New(options...).Check(context.Background(), h, verdict.Budget{}).Verdict
	}
	require.Equal(t, verdict.Unknown, verdictOf())
	require.Equal(t, verdict.Invalid, verdictOf(Settled("calm")))
	require.Equal(t, verdict.Invalid, verdictOf(Linearizable()))
}

func TestFinding(t *testing.T) {
	got := check(t, []checktest.Op{add(int64(7)), add(int64(8)), readAll(int64(8)), readAll(int64(7), int64(8)), readAll(int64(8))})
	require.Equal(t, []verdict.Finding{{
		Anomaly: "lost-element", Key: "s", Summary: "7 was acknowledged and is lost",
		Steps: []string{
			"[1s to 2s] process 0 asked for add 7 and was told ok null",
			"[9s to 10s] process 0 asked for read of s and was told ok [8]",
			"the read was called after that, and after all reads that show 7",
		},
		Operations: []int{0, 8}, Culprit: 8,
	}}, got.Findings)
}

func TestLatency(t *testing.T) {
	got := check(t, []checktest.Op{add(int64(7)), readAll(), readAll(), readAll(int64(7))})
	require.Equal(t, verdict.Valid, got.Verdict)
	require.Contains(t, got.Figures, verdict.Figure{Name: "stale", Value: 1})
	require.Contains(t, got.Figures, verdict.Figure{Name: "stale for p50", Value: 3, Unit: "s"})
	require.Contains(t, got.Figures, verdict.Figure{Name: "stale for max", Value: 3, Unit: "s"})
}

func TestBudget(t *testing.T) {
	h := checktest.InOrder(add("a"), readAll("a"))
	for _, budget := range []verdict.Budget{{Time: 1}, {Memory: 10}} {
		require.Equal(t, verdict.Unknown, New().Check(context.Background(), h, budget).Verdict)
	}
	got := New().Check(checktest.CancelledAfter(1), h, verdict.Budget{})
	require.Equal(t, verdict.Unknown, got.Verdict)
	require.Contains(t, got.Cause, "judging was ended early")
}

// Sizes that would hurt an algorithm with a square in it.
func TestHostileSizes(t *testing.T) {
	const n = 60_000
	all := make([]any, n)
	var adds, reads []checktest.Op
	for i := range n {
		all[i] = int64(i)
		adds = append(adds, add(int64(i)))
		reads = append(reads, readAll())
	}
	require.Equal(t, verdict.Valid, check(t, append(append(reads, adds...), readAll(all...))).Verdict)
	require.Equal(t, verdict.Invalid, check(t, append(append(adds, reads...), readAll(all[1:]...))).Verdict)
	same := make([]checktest.Op, n)
	for i := range same {
		same[i] = add("a")
	}
	require.Equal(t, verdict.Valid, check(t, append(same, readAll("a")), Linearizable()).Verdict)
	for i := range same {
		same[i] = with(add(int64(i)), history.Unknown)
	}
	require.Equal(t, verdict.Valid, check(t, append(same, add("a"), readAll("a"))).Verdict)
}

// BenchmarkJudge is the judging of a million adds by turns with reads of all
// that was added a while before.
func BenchmarkJudge(b *testing.B) {
	const n = 1_000_000
	ops := make([]checktest.Op, 0, n)
	var all []any
	for i := range n {
		ops = append(ops, checktest.Op{F: "add", Input: int64(i), Outcome: history.OK})
		all = append(all, int64(i))
		if i%(n/10) == 0 || i == n-1 {
			ops = append(ops, checktest.Op{F: "read", Output: all[:len(all):len(all)], Outcome: history.OK})
		}
	}
	h := checktest.InOrder(ops...)
	operations := h.Operations()
	c := New()
	b.ReportAllocs()
	for b.Loop() {
		j, err := c.judge(context.Background(), operations, c.settling(h))
		if err != nil || j.Found.Any() || len(j.Doubts) > 0 {
			b.Fatal(err, j.Found.Sorted(), j.Doubts)
		}
	}
}
