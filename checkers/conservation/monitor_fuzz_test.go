package conservation

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/checkers/internal/hostile"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// FuzzMonitor lets the fuzzer look for a history of which monitor and checker say
// different things, and for one that a monitor does not stand.
func FuzzMonitor(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("a few bytes to begin with, which are not much of a history"))
	f.Fuzz(func(t *testing.T, data []byte) { monitorHostile(t, hostile.Bytes(data)) })
}

func TestMonitorOfHostileHistories(t *testing.T) {
	for seed := range checktest.Rounds(5_000) {
		monitorHostile(t, rand.New(rand.NewPCG(uint64(seed), 31)).IntN)
	}
}

func monitorHostile(t *testing.T, choose hostile.Chooser) {
	h := hostile.History(choose)
	watch(newMonitor(t), h)
	repair(h)
	require.NoError(t, h.Validate())
	m := newMonitor(t)
	at, got, want := watch(m, h), m.Report(), check(h)
	require.NotEmpty(t, got.Cause)
	switch {
	case undecided(m) && got.Verdict == verdict.Unknown:
	case want.Verdict != got.Verdict, at >= 0 && want.Verdict != verdict.Invalid:
		t.Fatalf("the checker says %v (%s), the monitor %v (%s), and saw a violation at %d\n%s",
			want.Verdict, want.Cause, got.Verdict, got.Cause, at, checktest.Show(h))
	}
}

// repair makes events a history: completions are those of the operation that is
// open longest, and of its function.
func repair(h *history.History) {
	var open []history.Event
	for i := range h.Events {
		e := &h.Events[i]
		e.Index, e.Time = i, time.Duration(i)
		switch {
		case e.Kind == history.Complete && len(open) > 0:
			e.Process, e.F, e.Outcome = open[0].Process, open[0].F, e.Outcome%3
			open = open[1:]
		case e.Kind == history.Nemesis:
			e.Process, e.Outcome = history.NoProcess, history.Unknown
		case e.Kind == history.Phase:
			e.Process, e.Outcome = history.NoProcess, history.Unknown
		default:
			e.Kind, e.Process, e.Outcome = history.Invoke, i, history.Unknown
			open = append(open, *e)
		}
	}
}

func newMonitor(*testing.T) *Monitor { return NewMonitor(verdict.Budget{}) }

// undecided reports whether a monitor left the verdict to the checker.
func undecided(m *Monitor) bool { return m.gaveUp != nil || m.misread != nil }
