package totalqueue

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// promises are what queues may promise, with the rules that follow.
var promises = []struct {
	name     string
	delivery Delivery
	drained  bool
	rules    rules
}{
	{"exactly once", ExactlyOnce, false, allRules},
	{"at least once", AtLeastOnce, false, allRules &^ (ruleOnce | ruleOnceByThen)},
	{"at most once", AtMostOnce, false, allRules &^ (ruleLost | ruleUrgent)},
	{"drained", ExactlyOnce, true, allRules &^ ruleUrgent},
}

// subjects are the checker and its definition, by what is promised.
func subjects() []checktest.Subject {
	var all []checktest.Subject
	for _, p := range promises {
		options := []Option{Promise(p.delivery)}
		if p.drained {
			options = append(options, Drained())
		}
		all = append(all, checktest.Subject{
			Histories: 26_000,
			Random:    dense,
			Possible: func(h *history.History) bool {
				return newTwin(h, p.delivery, p.drained).possible(len(h.Events))
			},
			Check: func(h *history.History, mask uint32) verdict.Report {
				c := New(options...)
				c.rules = rules(mask)
				return c.Check(context.Background(), h, verdict.Budget{})
			},
			Rules: uint32(p.rules),
			Excuses: func(f *verdict.Finding, op *history.Operation) bool {
				return f.Anomaly == lost && op.F != "enqueue" || f.Anomaly == duplicated && op.F == "enqueue"
			},
		})
	}
	return all
}

// The checker and its twin agree on every small history, whatever is promised.
func TestAgreesWithTheTwin(t *testing.T) {
	for i, s := range subjects() {
		t.Run(promises[i].name, func(t *testing.T) {
			t.Parallel()
			checktest.Agree(t, s)
		})
	}
}

func check(t *testing.T, ops []checktest.Op, options ...Option) verdict.Report {
	t.Helper()
	h := checktest.InOrder(ops...)
	require.NoError(t, h.Validate())
	return New(options...).Check(context.Background(), h, verdict.Budget{})
}

func enqueued(value any) checktest.Op {
	return checktest.Op{F: "enqueue", Key: "q", Input: value, Outcome: history.OK}
}

func dequeued(value any) checktest.Op {
	return checktest.Op{F: "dequeue", Key: "q", Output: value, Outcome: history.OK}
}

func drained(values ...any) checktest.Op {
	return checktest.Op{F: "drain", Key: "q", Output: values, Outcome: history.OK}
}

func with(op checktest.Op, outcome history.Outcome) checktest.Op {
	op.Outcome = outcome
	return op
}

func TestVerdicts(t *testing.T) {
	list := []any{}
	for _, test := range []struct {
		name    string
		ops     []checktest.Op
		options []Option
		verdict verdict.Verdict
		cause   string
	}{
		{"empty", nil, nil, verdict.Unknown, "there was nothing to judge"},
		{"other operations", []checktest.Op{{F: "read", Outcome: history.OK}}, nil, verdict.Unknown, "there was nothing to judge"},
		{"all unknown", []checktest.Op{with(enqueued(int64(1)), history.Unknown), with(dequeued(nil), history.Unknown)}, nil,
			verdict.Unknown, "there was nothing to judge"},
		{"one element", []checktest.Op{enqueued("a"), dequeued("a")}, nil, verdict.Valid,
			"1 elements were acknowledged and 1 came out: none was lost, none came out twice or from nowhere"},
		{"no drain", []checktest.Op{enqueued("a")}, nil, verdict.Unknown,
			"acknowledged elements did not come out, and no drain that was called later is ok: 1; drain the queues at the end"},
		{"a drain of another queue", []checktest.Op{enqueued("a"), {F: "drain", Key: "p", Output: list, Outcome: history.OK}}, nil, verdict.Unknown,
			"acknowledged elements did not come out, and no drain that was called later is ok: 1; drain the queues at the end"},
		{"a drain of no queue", []checktest.Op{enqueued("a"), {F: "drain", Output: list, Outcome: history.OK}}, nil, verdict.Unknown,
			"some operations name a queue and some do not, so it cannot be told which are about the same; name it in all or in none"},
		{"a failed drain", []checktest.Op{enqueued("a"), with(drained(), history.Fail)}, nil, verdict.Unknown,
			"acknowledged elements did not come out, and no drain that was called later is ok: 1; drain the queues at the end"},
		{"no drain is needed if losses are allowed", []checktest.Op{enqueued("a")}, []Option{Promise(AtMostOnce)}, verdict.Valid,
			"1 elements were acknowledged and 0 came out: none came out twice or from nowhere"},
		{"lost", []checktest.Op{enqueued("a"), drained()}, nil, verdict.Invalid, `"a" was acknowledged and never came out`},
		{"lost, drained otherwise", []checktest.Op{enqueued("a")}, []Option{Drained()}, verdict.Invalid, `"a" was acknowledged and never came out`},
		{"perhaps taken", []checktest.Op{enqueued("a"), with(dequeued(nil), history.Unknown), drained()}, nil, verdict.Valid,
			"1 elements were acknowledged and 0 came out: none was lost, none came out twice or from nowhere"},
		{"more than can have been taken", []checktest.Op{enqueued("a"), enqueued("b"), with(dequeued(nil), history.Unknown), drained()}, nil, verdict.Invalid,
			`acknowledged elements never came out, "b" among them: 2, and 1 unknown dequeues can have taken only as many`},
		{"taken too late", []checktest.Op{enqueued("a"), drained(), with(dequeued(nil), history.Unknown)}, nil, verdict.Invalid,
			`"a" was acknowledged and never came out`},
		{"any number may be taken by an unknown drain", []checktest.Op{enqueued("a"), enqueued("b"), with(drained(), history.Unknown), drained()}, nil, verdict.Valid,
			"2 elements were acknowledged and 0 came out: none was lost, none came out twice or from nowhere"},
		{"late but there", []checktest.Op{enqueued("a"), drained(), dequeued("a")}, nil, verdict.Valid,
			"1 elements were acknowledged and 1 came out: none was lost, none came out twice or from nowhere"},
		{"recovered", []checktest.Op{with(enqueued("a"), history.Unknown), drained("a")}, nil, verdict.Valid,
			"0 elements were acknowledged and 1 came out: none was lost, none came out twice or from nowhere"},
		{"duplicated", []checktest.Op{enqueued("a"), dequeued("a"), drained("a")}, nil, verdict.Invalid,
			`"a" came out 2 times and had been enqueued only once`},
		{"duplicated, at least once", []checktest.Op{enqueued("a"), dequeued("a"), drained("a")}, []Option{Promise(AtLeastOnce)}, verdict.Valid,
			"1 elements were acknowledged and 2 came out: none was lost, none came from nowhere"},
		{"enqueued twice", []checktest.Op{enqueued("a"), enqueued("a"), dequeued("a"), drained("a")}, nil, verdict.Valid,
			"2 elements were acknowledged and 2 came out: none was lost, none came out twice or from nowhere"},
		{"enqueued again too late", []checktest.Op{enqueued("a"), dequeued("a"), dequeued("a"), enqueued("a"), drained()}, nil, verdict.Invalid,
			`"a" was acknowledged more often than it came out`},
		{"unexpected", []checktest.Op{enqueued("a"), drained("a", "b")}, nil, verdict.Invalid, `"b" came out and was never enqueued`},
		{"from another queue", []checktest.Op{{F: "enqueue", Key: "p", Input: "a", Outcome: history.OK}, drained("a")}, nil, verdict.Invalid,
			`"a" came out and was never enqueued`},
		{"failed", []checktest.Op{with(enqueued("a"), history.Fail), drained("a")}, nil, verdict.Invalid,
			`"a" came out though its enqueue had failed for certain`},
		{"early", []checktest.Op{dequeued("a"), enqueued("a")}, []Option{Promise(AtMostOnce)}, verdict.Invalid,
			`"a" came out before it was enqueued`},
		{"no element", []checktest.Op{enqueued(nil), enqueued("a"), drained("a")}, nil, verdict.Unknown, "the enqueue at event 0 has no element"},
		{"no list", []checktest.Op{enqueued("a"), {F: "drain", Key: "q", Outcome: history.OK}, drained("a")}, nil, verdict.Unknown,
			"the drain at event 2 says no list of what it took"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := check(t, test.ops, test.options...)
			require.Equal(t, test.verdict, got.Verdict, got.Cause)
			require.Equal(t, test.cause, got.Cause)
			require.Equal(t, "total-queue", got.Checker)
		})
	}
}

func TestFinding(t *testing.T) {
	got := check(t, []checktest.Op{enqueued(int64(7)), enqueued(int64(8)), drained(int64(8))})
	require.Equal(t, []verdict.Finding{{
		Anomaly: "lost-element", Key: "q", Summary: "7 was acknowledged and never came out",
		Steps: []string{
			"[1s to 2s] process 0 asked for enqueue 7 and was told ok null",
			"[5s to 6s] process 0 asked for drain of q and was told ok [8]",
			"the drain emptied the queue after that",
		},
		Operations: []int{0, 4}, Culprit: 0,
	}}, got.Findings)
	require.Equal(t, []verdict.Figure{
		{Name: "attempts", Value: 2, Unit: "ops"}, {Name: "acknowledged", Value: 2, Unit: "ops"}, {Name: "dequeued", Value: 1, Unit: "ops"},
		{Name: "recovered", Unit: "ops"}, {Name: "perhaps taken by unknown dequeues", Unit: "ops"}, {Name: "not settled", Unit: "ops"},
		{Name: "lost-element", Value: 1},
	}, got.Figures)
}

func TestBudget(t *testing.T) {
	h := large(1000, 5)
	for _, budget := range []verdict.Budget{{Time: 1}, {Memory: 1000}} {
		require.Equal(t, verdict.Unknown, New().Check(context.Background(), h, budget).Verdict)
	}
	ctx := checktest.CancelledAfter(1)
	got := New().Check(ctx, h, verdict.Budget{})
	require.Equal(t, verdict.Unknown, got.Verdict)
	require.Contains(t, got.Cause, "judging was ended early")
}

// Sizes that would hurt an algorithm with a square in it.
func TestHostileSizes(t *testing.T) {
	const n = 60_000
	repeat := func(of func(i int) checktest.Op) []checktest.Op {
		ops := make([]checktest.Op, 0, 2*n+1)
		for i := range n {
			ops = append(ops, of(i))
		}
		return ops
	}
	same := func(int) checktest.Op { return enqueued(int64(1)) }
	all := make([]any, n)
	for i := range all {
		all[i] = int64(1)
	}
	t.Run("one element", func(t *testing.T) {
		require.Equal(t, verdict.Valid, check(t, append(repeat(same), drained(all...))).Verdict)
		require.Equal(t, verdict.Invalid, check(t, append(repeat(same), drained(all[1:]...))).Verdict)
	})
	t.Run("all unknown", func(t *testing.T) {
		ops := repeat(func(int) checktest.Op { return with(dequeued(nil), history.Unknown) })
		for i := range n {
			ops = append(ops, enqueued(int64(i)))
		}
		require.Equal(t, verdict.Valid, check(t, append(ops, drained())).Verdict)
		require.Equal(t, verdict.Invalid, check(t, append(ops, enqueued("more"), drained())).Verdict)
	})
	t.Run("a queue each", func(t *testing.T) {
		ops := repeat(func(i int) checktest.Op {
			return checktest.Op{F: "enqueue", Key: fmt.Sprint(i), Input: int64(1), Outcome: history.OK}
		})
		require.Equal(t, verdict.Unknown, check(t, ops).Verdict)
		require.Equal(t, verdict.Invalid, check(t, ops, Drained()).Verdict)
	})
}
