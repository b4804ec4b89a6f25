package idempotent

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func newMonitor(t testing.TB, options ...Option) *Monitor {
	t.Helper()
	m, err := NewMonitor(verdict.Budget{}, options...)
	require.NoError(t, err)
	return m
}

func watch(m *Monitor, h *history.History) (violated int) { return checktest.Watch(m, h) }

func prefix(h *history.History, n int) *history.History {
	return &history.History{Events: h.Events[:n]}
}

// requireSameVerdict requires that a monitor judges as the checker does, at
// the end, and that it sees a violation at the very event that completes it.
func requireSameVerdict(t *testing.T, seed int, h *history.History, options ...Option) verdict.Verdict {
	m := newMonitor(t, options...)
	at := watch(m, h)
	want, got := check(h, options...), m.Report()
	if want.Verdict != got.Verdict || want.Judged != got.Judged || (at >= 0) != (want.Verdict == verdict.Invalid) {
		t.Fatalf("seed %d: the checker says %v of %d (%s), the monitor %v of %d (%s), and saw a violation at %d\n%s", seed,
			want.Verdict, want.Judged, want.Cause, got.Verdict, got.Judged, got.Cause, at, checktest.Show(h))
	}
	if at < 0 {
		return want.Verdict
	}
	require.NotEmpty(t, got.Findings)
	if check(prefix(h, at+1), options...).Verdict != verdict.Invalid || check(prefix(h, at), options...).Verdict == verdict.Invalid {
		t.Fatalf("seed %d: the monitor saw a violation at %d (%s), which is not when it came about\n%s", seed, at, got.Cause, checktest.Show(h))
	}
	return want.Verdict
}

// requireSamePrefixes requires the same after each event.
func requireSamePrefixes(t *testing.T, seed int, h *history.History, options ...Option) {
	m := newMonitor(t, options...)
	for i := range h.Events {
		m.Observe(&h.Events[i])
		want, got := check(prefix(h, i+1), options...), m.Report()
		if want.Verdict != got.Verdict {
			t.Fatalf("seed %d: after event %d the checker says %v (%s), the monitor %v (%s)\n%s", seed, i,
				want.Verdict, want.Cause, got.Verdict, got.Cause, checktest.Show(h))
		}
	}
}

func TestMonitorAgreesWithTheChecker(t *testing.T) {
	corrupted := func(r *rand.Rand) *history.History {
		h := newSim(r.IntN, 1+r.IntN(4)).run(r.IntN(60))
		for range r.IntN(3) {
			corrupt(r, h)
		}
		return h
	}
	for name, test := range map[string]struct {
		histories int
		random    func(*rand.Rand) *history.History
		options   []Option
	}{
		"dense":              {35_000, dense, nil},
		"dense strong reads": {12_000, dense, []Option{StrongReads()}},
		"dense replies only": {3_000, dense, []Option{RepliesOnly()}},
		"simulated":          {5_000, corrupted, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			verdicts := make(map[verdict.Verdict]int)
			for seed := range checktest.Rounds(test.histories) {
				h := test.random(rand.New(rand.NewPCG(uint64(seed), 11)))
				if h.Validate() != nil {
					continue
				}
				verdicts[requireSameVerdict(t, seed, h, test.options...)]++
				if seed%32 == 0 {
					requireSamePrefixes(t, seed, h, test.options...)
				}
			}
			t.Log(verdicts)
			require.Greater(t, verdicts[verdict.Valid], test.histories/100)
			require.Greater(t, verdicts[verdict.Invalid], test.histories/100)
		})
	}
}

func TestMonitorNeverAccusesACorrectService(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		choose := func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "choice") }
		h := newSim(choose, 1+choose(6)).run(choose(200))
		require.Equal(t, -1, watch(newMonitor(t), h))
	})
}

// Where keys expire, what a monitor calls a violation is one whatever follows,
// and what it concludes is right where it concludes anything.
func TestMonitorOfKeysThatExpire(t *testing.T) {
	t.Parallel()
	same, unsure, early := 0, 0, 0
	for seed := range checktest.Rounds(5_000) {
		r := rand.New(rand.NewPCG(uint64(seed), 12))
		h := longLived(r)
		if r.IntN(8) == 0 {
			answerAnother(r, h)
		}
		ttl := Expiry(time.Duration(checktest.Pick(r, 1, 2, 3, 5))*second + 1)
		m := newMonitor(t, ttl)
		at := watch(m, h)
		want, got := check(h, ttl), m.Report()
		switch {
		case want.Verdict == got.Verdict:
			same++
		case got.Verdict == verdict.Unknown && len(m.suspects) > 0:
			unsure++
		default:
			t.Fatalf("seed %d: the checker says %v (%s), the monitor %v (%s)\n%s", seed,
				want.Verdict, want.Cause, got.Verdict, got.Cause, checktest.Show(h))
		}
		for n := at + 1; at >= 0 && n <= len(h.Events); n++ {
			early++
			if report := check(prefix(h, n), ttl); report.Verdict != verdict.Invalid {
				t.Fatalf("seed %d: the monitor saw a violation at %d (%s), but the checker says %v of the first %d events\n%s",
					seed, at, got.Cause, report.Verdict, n, checktest.Show(h))
			}
		}
	}
	t.Logf("%d the same, %d left to the checker", same, unsure)
	require.Greater(t, same, unsure)
	require.Positive(t, early)
}

// answerAnother gives some ok attempts the replies to another request.
func answerAnother(r *rand.Rand, h *history.History) {
	for i := range h.Events {
		if reply, isReply := h.Events[i].Value.(map[string]any); isReply && h.Events[i].Outcome == history.OK && r.IntN(2) == 0 {
			reply["amount"] = int64(9)
		}
	}
}

func TestMonitorPastItsMemory(t *testing.T) {
	h := served(1000, 1)
	m, err := NewMonitor(verdict.Budget{Memory: 100_000})
	require.NoError(t, err)
	require.Equal(t, -1, watch(m, h))
	report := m.Report()
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "memory")
}

func TestMonitorRefusesTotals(t *testing.T) {
	_, err := NewMonitor(verdict.Budget{}, ReadTotals(totalsOf))
	require.ErrorContains(t, err, "totals")
}

func TestPackedValuesAreTheValues(t *testing.T) {
	value := rapid.Deferred(func() *rapid.Generator[any] {
		scalar := rapid.OneOf(rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.Int64().AsAny(), rapid.Float64().AsAny(),
			rapid.String().AsAny(), rapid.SampledFrom([]any{int64(1), 1.0, "1", true, []any{}, map[string]any{}}))
		return rapid.OneOf(scalar,
			rapid.Map(rapid.SliceOfN(scalar, 0, 3), func(v []any) any { return v }),
			rapid.Map(rapid.MapOfN(rapid.String(), scalar, 0, 3), func(v map[string]any) any { return v }))
	})
	rapid.Check(t, func(rt *rapid.T) {
		a, b := value.Draw(rt, "a"), value.Draw(rt, "b")
		f, unpacked := unpackPayload(string(pack(packText(nil, "f\x00"), a)))
		require.Equal(t, "f\x00", f)
		require.True(t, equal(a, unpacked), "%v %v", a, unpacked)
		require.Equal(t, equal(a, b), string(pack(nil, a)) == string(pack(nil, b)))
	})
	require.Equal(t, pack(nil, 0.0), pack(nil, -1*zero))
}

// zero is a variable, so that the product is made.
var zero = 0.0

func ExampleMonitor() {
	m, err := NewMonitor(verdict.Budget{})
	if err != nil {
		panic(err)
	}
	events := []history.Event{
		{Kind: history.Invoke, Process: 0, F: "deposit", Idem: "t1/deposit/k1", Value: map[string]any{"account": "a", "amount": int64(5)}},
		{Kind: history.Complete, Process: 0, F: "deposit", Outcome: history.OK, Value: map[string]any{"id": int64(1)}},
		{Kind: history.Invoke, Process: 1, F: "deposit", Idem: "t1/deposit/k1", Value: map[string]any{"account": "a", "amount": int64(5)}},
		{Kind: history.Complete, Process: 1, F: "deposit", Outcome: history.OK, Value: map[string]any{"id": int64(2)}},
	}
	for i := range events {
		events[i].Index = i
		if m.Observe(&events[i]) {
			fmt.Println("after event", i, m.Report().Cause)
		}
	}
	// Output: after event 3 t1/deposit/k1 was answered differently when it was sent again
}
