package checktest

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/hostile"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Monitor judges a history while it goes on.
type Monitor interface {
	// Observe takes in the next event, and reports whether there was a violation
	// by then that nothing can take back.
	Observe(e *history.Event) (violated bool)
	Report() verdict.Report
}

// Watch shows a history to a monitor and returns the event at which it saw a
// violation, or -1.
func Watch(m Monitor, h *history.History) (violated int) {
	violated = -1
	for i := range h.Events {
		if m.Observe(&h.Events[i]) && violated < 0 {
			violated = i
		}
	}
	return violated
}

// Monitored is a monitor that is compared with the checker whose verdicts it
// gives.
type Monitored[M Monitor] struct {
	New func(t testing.TB) M
	// Undecided reports whether a monitor left the verdict to the checker.
	Undecided func(m M) bool
	Check     func(h *history.History) verdict.Report
}

// Fuzz lets the fuzzer look for a history of which monitor and checker say
// different things, and for one that a monitor does not stand.
func (s Monitored[M]) Fuzz(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte("a few bytes to begin with, which are not much of a history"))
	f.Fuzz(func(t *testing.T, data []byte) { s.agrees(t, hostile.Bytes(data)) })
}

// Hostile is [Monitored.Fuzz] with so many histories that are drawn by chance,
// see [Rounds].
func (s Monitored[M]) Hostile(t *testing.T, histories int) {
	t.Helper()
	for seed := range Rounds(histories) {
		s.agrees(t, rand.New(rand.NewPCG(uint64(seed), 31)).IntN)
	}
}

func (s Monitored[M]) agrees(t *testing.T, choose hostile.Chooser) {
	t.Helper()
	h := hostile.History(choose)
	Watch(s.New(t), h)
	repair(h)
	require.NoError(t, h.Validate())
	m := s.New(t)
	at, got, want := Watch(m, h), m.Report(), s.Check(h)
	require.NotEmpty(t, got.Cause)
	switch {
	case s.Undecided(m) && got.Verdict == verdict.Unknown:
	case want.Verdict != got.Verdict, at >= 0 && want.Verdict != verdict.Invalid:
		t.Fatalf("the checker says %v (%s), the monitor %v (%s), and saw a violation at %d\n%s",
			want.Verdict, want.Cause, got.Verdict, got.Cause, at, Show(h))
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
