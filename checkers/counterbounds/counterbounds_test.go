package counterbounds

import (
	"context"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/checkers/internal/corpora"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func dense(r *rand.Rand) *history.History {
	var ops []checktest.Op
	for range r.IntN(7) {
		op := checktest.Op{F: checktest.Pick(r, "add", "add", "read"), Process: -1, Outcome: checktest.Outcome(r)}
		if op.F == "add" {
			op.Input = checktest.Pick[int64](r, 1, 1, 2, 5, -1, -2)
		} else if op.Outcome == history.OK {
			op.Output = checktest.Pick[int64](r, 0, 0, 1, 1, 2, 3, -1, 5)
		}
		ops = append(ops, op)
	}
	return checktest.Weave(r, ops)
}

// possible tries, for each read, all sets of additions that it can have seen:
// some such set must make at least its sum, and some at most.
func possible(h *history.History) bool {
	ops := h.Operations()
	for i := range ops {
		read := &ops[i]
		if read.F != "read" || read.Outcome != history.OK {
			continue
		}
		above, below := false, false
		for set := range 1 << len(ops) {
			sum, legal := int64(0), true
			for k := range ops {
				op := &ops[k]
				in := set&(1<<k) != 0
				if in && (op.F == "read" || op.Outcome == history.Fail || op.Call > read.Return) ||
					!in && op.F == "add" && op.Outcome == history.OK && op.Return < read.Call {
					legal = false
					break
				}
				if in {
					sum += op.Input.(int64)
				}
			}
			above = above || legal && sum >= read.Output.(int64)
			below = below || legal && sum <= read.Output.(int64)
		}
		if !above || !below {
			return false
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
		// Additions in the direction of the read show that they do not reach it.
		Excuses: func(f *verdict.Finding, op *history.Operation) bool {
			return op.F == "add" && (op.Input.(int64) > 0) == (f.Anomaly == surplus)
		},
	}
}

func TestAgreesWithTheTwin(t *testing.T) { checktest.Agree(t, subject()) }

func op(f string, input, output any) checktest.Op {
	return checktest.Op{F: f, Key: "c", Input: input, Output: output, Outcome: history.OK}
}

func TestVerdicts(t *testing.T) {
	const most = int64(math.MaxInt64)
	for _, test := range []struct {
		name    string
		ops     []checktest.Op
		options []Option
		verdict verdict.Verdict
		cause   string
	}{
		{"empty", nil, nil, verdict.Unknown, "no counter was read"},
		{"never read", []checktest.Op{op("add", int64(1), nil)}, nil, verdict.Unknown, "no counter was read"},
		{"never read, accepted", []checktest.Op{op("add", int64(1), nil)}, []Option{AcceptUnread()}, verdict.Valid,
			"0 reads are within the bounds of 1 additions"},
		{"empty, accepted", nil, []Option{AcceptUnread()}, verdict.Unknown, "there was nothing to judge"},
		{"one read", []checktest.Op{op("read", nil, int64(0))}, nil, verdict.Valid, "1 reads are within the bounds of 0 additions"},
		{"initial", []checktest.Op{op("read", nil, int64(0))}, []Option{Initial(3)}, verdict.Invalid,
			"a read says 0, and what had been acknowledged before it makes at least 3"},
		{"missed", []checktest.Op{op("add", int64(2), nil), op("increment", nil, nil), op("read", nil, int64(2))}, nil, verdict.Invalid,
			"a read says 2, and what had been acknowledged before it makes at least 3"},
		{"surplus", []checktest.Op{op("add", int64(2), nil), op("decrement", int64(1), nil), op("read", nil, int64(2))}, nil, verdict.Invalid,
			"a read says 2, and all that can have been added before it makes at most 1"},
		{"unknown", []checktest.Op{{F: "decrement", Key: "c"}, op("read", nil, int64(-1))}, nil, verdict.Valid,
			"1 reads are within the bounds of 1 additions"},
		{"failed", []checktest.Op{{F: "increment", Key: "c", Outcome: history.Fail}, op("read", nil, int64(1))}, nil, verdict.Invalid,
			"a read says 1, and all that can have been added before it makes at most 0"},
		{"sums beyond 64 bits", []checktest.Op{
			op("add", most, nil), op("add", most, nil), op("add", most, nil), op("add", -most, nil), op("add", -most, nil), op("read", nil, most),
		}, nil, verdict.Valid, "1 reads are within the bounds of 5 additions"},
		{"bounds beyond 64 bits", []checktest.Op{op("add", most, nil), op("add", most, nil), op("read", nil, most)}, nil, verdict.Invalid,
			"a read says 9223372036854775807, and what had been acknowledged before it makes at least 18446744073709551614"},
		{"no amount", []checktest.Op{op("add", nil, nil), op("read", nil, int64(7))}, nil, verdict.Unknown,
			"the add at event 0 cannot be judged, nor its counter: its amount is <nil>, not an integer; no counter was read"},
		{"cannot be negated", []checktest.Op{op("decrement", int64(math.MinInt64), nil), op("read", nil, int64(7))}, nil, verdict.Unknown,
			"the decrement at event 0 cannot be judged, nor its counter: its amount cannot be negated in 64 bits; no counter was read"},
		{"no sum", []checktest.Op{op("read", nil, "x"), op("read", nil, int64(0))}, nil, verdict.Unknown, "the read at event 0 says x, not an integer"},
		{"all counters or none", []checktest.Op{op("read", nil, int64(0)), {F: "read", Outcome: history.OK, Output: int64(0)}}, nil, verdict.Unknown,
			"some operations name a counter and some do not, so it cannot be told which are about the same; name it in all or in none"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := New(test.options...).Check(context.Background(), checktest.InOrder(test.ops...), verdict.Budget{})
			require.Equal(t, test.verdict, got.Verdict)
			require.Equal(t, test.cause, got.Cause)
			require.Equal(t, "counter", got.Checker)
		})
	}
}

func TestFinding(t *testing.T) {
	h := checktest.InOrder(op("add", int64(1), nil), op("add", int64(5), nil), op("add", int64(3), nil), op("read", nil, int64(4)))
	got := New().Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, []verdict.Finding{{
		Anomaly: "missed-additions", Key: "c", Summary: "a read says 4, and what had been acknowledged before it makes at least 9",
		Steps: []string{
			"[3s to 4s] process 0 asked for add 5 and was told ok null",
			"[7s to 8s] process 0 asked for read of c and was told ok 4",
			"2 of 4 operations on the counter are needed to say so",
		},
		Operations: []int{2, 6}, Culprit: 6,
	}}, got.Findings)
}

func TestBudget(t *testing.T) {
	h := checktest.InOrder(op("add", int64(1), nil), op("read", nil, int64(1)))
	got := New().Check(checktest.CancelledAfter(1), h, verdict.Budget{})
	require.Equal(t, verdict.Unknown, got.Verdict)
	require.Contains(t, got.Cause, "judging was ended early")
}

func TestSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total, want := sum{}, new(big.Int)
		for _, n := range rapid.SliceOf(rapid.Int64()).Draw(t, "amounts") {
			before := total
			total = total.plus(sumOf(n))
			want.Add(want, big.NewInt(n))
			require.Equal(t, want.String(), total.String())
			require.Equal(t, big.NewInt(n).Sign(), total.compare(before))
		}
	})
}

// TestRecordedHistories checks the histories that come with elle-cli.
func TestRecordedHistories(t *testing.T) {
	checked := 0
	for _, l := range corpora.Labels(t, "jepsen") {
		if l.Model != "counter" {
			continue
		}
		h, err := history.ReadFile(l.Path)
		require.NoError(t, err)
		got := New(AcceptUnread()).Check(context.Background(), h, verdict.Budget{})
		require.Equal(t, l.Verdict, got.Verdict.String(), got.Cause)
		checked++
	}
	require.Positive(t, checked)
}

// large is n operations of which a tenth are reads, two of them at a time.
func large(n int) *history.History {
	ops := make([]checktest.Op, n)
	sum := int64(0)
	for i := range ops {
		ops[i] = op("add", int64(1), nil)
		if i%10 == 9 {
			ops[i] = op("read", nil, sum)
			continue
		}
		sum++
	}
	return checktest.InOrder(ops...)
}

func TestLarge(t *testing.T) {
	h := large(200_000)
	require.Equal(t, verdict.Valid, New().Check(context.Background(), h, verdict.Budget{}).Verdict)
	got := New(Initial(1)).Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, verdict.Invalid, got.Verdict)
	got = New(Initial(-1)).Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, verdict.Invalid, got.Verdict)
	require.Len(t, got.Findings[2].Operations, 28)
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
