package conservation

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func watch(m *Monitor, h *history.History) (violated int) { return checktest.Watch(m, h) }

func prefix(h *history.History, n int) *history.History {
	return &history.History{Events: h.Events[:n]}
}

// tally counts what monitors and checkers said.
type tally struct {
	verdicts      map[verdict.Verdict]int
	early, passed int
}

// compare requires that a monitor judges as the checker does, and that what it
// calls a violation is one whatever follows.
func (y *tally) compare(t *testing.T, seed int, h *history.History, options ...Option) {
	m := NewMonitor(verdict.Budget{}, options...)
	at := watch(m, h)
	want, got := check(h, options...), m.Report()
	if m.gaveUp != nil && got.Verdict == verdict.Unknown {
		y.passed++
		return
	}
	if want.Verdict != got.Verdict || want.Judged != got.Judged && m.gaveUp == nil || at >= 0 && want.Verdict != verdict.Invalid {
		t.Fatalf("seed %d: the checker says %v of %d (%s), the monitor %v of %d (%s), and saw a violation at %d\n%s", seed,
			want.Verdict, want.Judged, want.Cause, got.Verdict, got.Judged, got.Cause, at, checktest.Show(h))
	}
	y.verdicts[want.Verdict]++
	if at < 0 {
		return
	}
	y.early++
	require.NotEmpty(t, got.Findings)
	for n := at + 1; n < len(h.Events); n++ {
		if report := check(prefix(h, n), options...); report.Verdict != verdict.Invalid {
			t.Fatalf("seed %d: the monitor saw a violation at %d (%s), but the checker says %v of the first %d events\n%s",
				seed, at, got.Cause, report.Verdict, n, checktest.Show(h))
		}
	}
}

// requireSamePrefixes requires the same verdict after each event.
func requireSamePrefixes(t *testing.T, seed int, h *history.History, options ...Option) {
	m := NewMonitor(verdict.Budget{}, options...)
	for i := range h.Events {
		m.Observe(&h.Events[i])
		want, got := check(prefix(h, i+1), options...), m.Report()
		if want.Verdict != got.Verdict && m.gaveUp == nil {
			t.Fatalf("seed %d: after event %d the checker says %v (%s), the monitor %v (%s)\n%s", seed, i,
				want.Verdict, want.Cause, got.Verdict, got.Cause, checktest.Show(h))
		}
	}
}

func TestMonitorAgreesWithTheChecker(t *testing.T) {
	long := func(r *rand.Rand) *history.History {
		h := newSim(r.IntN, 1+r.IntN(6)).run(r.IntN(80))
		for range r.IntN(3) {
			corrupt(r, h)
		}
		return h
	}
	tangled := func(r *rand.Rand) *history.History {
		sim := newSim(r.IntN, 1+r.IntN(4))
		sim.run(r.IntN(40))
		for range r.IntN(5) {
			sim.step()
			sim.read(checktest.Pick(r, "entries", "entries", "accounts"), "n1")
		}
		h := history.New(sim.events)
		for range r.IntN(6) {
			delay(r, h)
		}
		for range r.IntN(3) {
			tangle(r, h)
		}
		return h
	}
	for name, test := range map[string]struct {
		histories int
		random    func(*rand.Rand) *history.History
		options   []Option
	}{
		"small":          {30_000, small, nil},
		"long":           {10_000, long, nil},
		"tangled":        {10_000, tangled, nil},
		"stale balances": {3_000, tangled, []Option{StaleBalances()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := tally{verdicts: make(map[verdict.Verdict]int)}
			rounds := checktest.Rounds(test.histories)
			for seed := range rounds {
				h := test.random(rand.New(rand.NewPCG(uint64(seed), 21)))
				if h.Validate() != nil {
					continue
				}
				y.compare(t, seed, h, test.options...)
				if seed%32 == 0 {
					requireSamePrefixes(t, seed, h, test.options...)
				}
			}
			t.Logf("%v, %d violations seen before the end, %d left to the checker", y.verdicts, y.early, y.passed)
			require.Greater(t, y.verdicts[verdict.Valid], rounds/100)
			require.Greater(t, y.verdicts[verdict.Invalid], rounds/100)
			require.Greater(t, y.early, rounds/100)
			require.Less(t, y.passed, rounds/10)
		})
	}
}

// delay lets some operation complete later, or fail in the end.
func delay(r *rand.Rand, h *history.History) {
	at := r.IntN(len(h.Events))
	if r.IntN(2) == 0 {
		at = max(0, len(h.Events)-1-r.IntN(10)) // where readings are
	}
	e := h.Events[at]
	if e.Kind != history.Complete {
		return
	}
	if e.F != "entries" && e.F != "accounts" && r.IntN(2) == 0 {
		e.Outcome, e.Value, e.Error = history.Fail, nil, "never-sent"
	}
	later := at + r.IntN(min(12, len(h.Events)-at))
	copy(h.Events[at:later], h.Events[at+1:later+1])
	h.Events[later] = e
	for i := range h.Events {
		h.Events[i].Index, h.Events[i].Time = i, time.Duration(i+1)*time.Second
	}
}

// tangle gives a history what no correct ledger does: keys with two payloads,
// two effects, or effects that are not what was asked for.
func tangle(r *rand.Rand, h *history.History) {
	e := &h.Events[r.IntN(len(h.Events))]
	change := func(fields map[string]any) map[string]any {
		fields = maps.Clone(fields)
		field := checktest.Pick(r, "amount", "id", "balance")
		if n, isNumber := fields[field].(int64); isNumber {
			fields[field] = max(0, n+int64(r.IntN(5)-2))
		}
		return fields
	}
	switch value := e.Value.(type) {
	case map[string]any:
		e.Value = change(value)
	case []any:
		value = slices.Clone(value)
		if len(value) > 0 {
			at := r.IntN(len(value))
			if row := change(value[at].(map[string]any)); e.F == "entries" && r.IntN(2) == 0 {
				value = append(value, row)
			} else {
				value[at] = row
			}
		}
		e.Value = value
	default:
		corrupt(r, h)
	}
}

// Of two readings of entries the one that was called first counts, though the
// other returned before it.
func TestMonitorNeverAccusesACorrectLedger(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		choose := func(n int) int { return rapid.IntRange(0, n-1).Draw(rt, "choice") }
		h := newSim(choose, 1+choose(8)).run(choose(200))
		m := NewMonitor(verdict.Budget{})
		require.Equal(t, -1, watch(m, h))
		require.NotEqual(t, verdict.Invalid, m.Report().Verdict)
	})
}

func TestMonitorPastItsMemory(t *testing.T) {
	m := NewMonitor(verdict.Budget{Memory: 100_000})
	require.Equal(t, -1, watch(m, large(1000)))
	report := m.Report()
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "memory")
}

func TestMonitorOfWhatCannotBeRead(t *testing.T) {
	m := NewMonitor(verdict.Budget{})
	require.False(t, m.Observe(&history.Event{Kind: history.Invoke, F: "deposit"}))
	require.False(t, m.Observe(&history.Event{Index: 1, Kind: history.Complete, F: "deposit", Outcome: history.OK}))
	report := m.Report()
	require.Equal(t, verdict.Unknown, report.Verdict)
	require.Contains(t, report.Cause, "no idempotency key")
}

// BenchmarkMonitor is 300,000 deposits and transfers, all entries of which are
// read back six times, and reports what the monitor holds on to.
func BenchmarkMonitor(b *testing.B) {
	h := large(300_000)
	var held, keys float64
	for b.Loop() {
		empty := heap()
		m := NewMonitor(verdict.Budget{})
		if at := watch(m, h); at >= 0 || m.Report().Verdict != verdict.Valid {
			b.Fatal(at, m.Report())
		}
		b.StopTimer()
		held, keys = heap()-empty, float64(len(m.requests))
		runtime.KeepAlive(m)
		b.StartTimer()
	}
	b.ReportMetric(float64(len(h.Events))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(held/keys, "B/key")
}

func heap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}

func ExampleMonitor() {
	m := NewMonitor(verdict.Budget{})
	events := []history.Event{
		{Kind: history.Invoke, Process: 0, F: "accounts", Key: "t1", Node: "n1"},
		{Kind: history.Complete, Process: 0, F: "accounts", Outcome: history.OK, Value: []any{map[string]any{"account": "a", "balance": int64(-5)}}},
	}
	for i := range events {
		events[i].Index = i
		if m.Observe(&events[i]) {
			fmt.Println("after event", i, m.Report().Cause)
		}
	}
	// Output: after event 1 account t1/a held -5
}
