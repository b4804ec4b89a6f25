package uniqueids

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func generate(id any) checktest.Op {
	return checktest.Op{F: "generate", Process: -1, Output: id, Outcome: history.OK}
}

func dense(r *rand.Rand) *history.History {
	var ops []checktest.Op
	for range r.IntN(6) {
		op := generate(checktest.Pick[any](r, int64(r.IntN(9)), int64(r.IntN(9)), "1", []any{int64(1), "a"}, 1.5))
		op.Key = checktest.Pick(r, "", "", "k")
		if op.Outcome = checktest.Outcome(r); op.Outcome != history.OK {
			op.Output = nil
		}
		ops = append(ops, op)
	}
	return checktest.Weave(r, ops)
}

// possible compares all ids with each other.
func possible(h *history.History) bool {
	ops := h.Operations()
	for i := range ops {
		for k := range ops[:i] {
			if ops[i].Outcome == history.OK && ops[k].Outcome == history.OK && ops[i].Key == ops[k].Key &&
				assert.ObjectsAreEqual(ops[i].Output, ops[k].Output) {
				return false
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

func TestVerdicts(t *testing.T) {
	for _, test := range []struct {
		name    string
		ops     []checktest.Op
		verdict verdict.Verdict
		cause   string
	}{
		{"empty", nil, verdict.Unknown, "no two ids were told, so there was nothing to compare"},
		{"one id", []checktest.Op{generate("a")}, verdict.Unknown, "no two ids were told, so there was nothing to compare"},
		{"all unknown", []checktest.Op{{F: "generate"}, {F: "generate"}}, verdict.Unknown, "no two ids were told, so there was nothing to compare"},
		{"two ids", []checktest.Op{generate(int64(1)), generate(int64(2))}, verdict.Valid, "2 ids are all different"},
		{"twice", []checktest.Op{generate("a"), generate("b"), generate("a")}, verdict.Invalid, `"a" was told twice`},
		{"as a float", []checktest.Op{generate(int64(1)), generate(1.0)}, verdict.Invalid, "1 was told twice"},
		{"of bytes", []checktest.Op{generate([]any{"\xfe"}), generate([]any{"\xff"})}, verdict.Valid, "2 ids are all different"},
		{"without id", []checktest.Op{generate("a"), generate(nil), generate("b")}, verdict.Unknown, "the generate at event 2 was answered without an id"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := New().Check(context.Background(), checktest.InOrder(test.ops...), verdict.Budget{})
			require.Equal(t, test.verdict, got.Verdict)
			require.Equal(t, test.cause, got.Cause)
			require.Equal(t, "unique-ids", got.Checker)
		})
	}
}

func TestReport(t *testing.T) {
	h := checktest.InOrder(generate(int64(5)), checktest.Op{F: "next", Outcome: history.OK, Output: int64(3)}, generate(int64(3)), generate(int64(5)))
	got := New().Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, []int{0, 6}, got.Findings[0].Operations)
	require.Equal(t, 6, got.Findings[0].Culprit)
	require.Equal(t, []verdict.Figure{
		{Name: "attempts", Value: 3, Unit: "ops"}, {Name: "acknowledged", Value: 3, Unit: "ops"},
		{Name: "lowest id", Value: 3}, {Name: "highest id", Value: 5}, {Name: "duplicated-id", Value: 1},
	}, got.Figures)
	require.Equal(t, "no two ids were told, so there was nothing to compare",
		New(Function("next")).Check(context.Background(), h, verdict.Budget{}).Cause)
}

func TestBudget(t *testing.T) {
	h := checktest.InOrder(generate("a"), generate("b"))
	got := New().Check(checktest.CancelledAfter(1), h, verdict.Budget{})
	require.Equal(t, verdict.Unknown, got.Verdict)
	require.Contains(t, got.Cause, "judging was ended early")
}

func large(n int) []history.Operation {
	ops := make([]checktest.Op, n)
	for i := range ops {
		ops[i] = generate(int64(i) << 20)
	}
	return checktest.InOrder(ops...).Operations()
}

func TestLarge(t *testing.T) {
	ops := large(250_000)
	j, err := New().judge(context.Background(), ops)
	require.NoError(t, err)
	require.False(t, j.Found.Any())
	ops[249_999].Output = int64(0)
	j, err = New().judge(context.Background(), ops)
	require.NoError(t, err)
	require.Len(t, j.Found.Sorted(), 1)
}

func BenchmarkJudge(b *testing.B) {
	ops := large(1_000_000)
	b.ReportAllocs()
	for b.Loop() {
		if j, err := New().judge(context.Background(), ops); err != nil || j.Found.Any() {
			b.Fatal(err, j.Found.Sorted())
		}
	}
}
