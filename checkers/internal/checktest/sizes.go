package checktest

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Sizes are histories of sizes that hurt an algorithm with a square in it, and
// the verdicts on them.
type Sizes struct {
	// Op is the i-th of n operations, all on one object.
	Op func(i, n int) Op
	// Keyed is the i-th of n operations, on objects of which each has a few.
	Keyed func(i, n int) Op
	// Most is how many operations there are at most, and Overlapping how many at
	// the same time; 0 is for as many as others have.
	Most, Overlapping int
	// OneKey, ManyKeys, ManyProcesses and Together are the verdicts on ok
	// operations: on one object by a few processes, on an object each, by a
	// process each, and all at the same time.
	OneKey, ManyKeys, ManyProcesses, Together verdict.Verdict
	// Long is the i-th of n operations of a long valid history; without it that
	// is Op. Broken is what to put in the place of the last one to have a history
	// on which the verdict is BrokenIs.
	Long     func(i, n int) Op
	Broken   func(n int) Op
	BrokenIs verdict.Verdict
}

// TenMillion is the TERTIUM_SOAK from which on long histories have that many
// operations.
const TenMillion = 10_000_000

// Hostile checks an empty history, one in which nothing was answered, and those
// of hostile sizes: a million operations with TERTIUM_SOAK, else a tenth of that.
func Hostile(t *testing.T, s Sizes, check func(h *history.History) verdict.Report) {
	t.Helper()
	n := most(s)
	overlapping := n
	if s.Overlapping > 0 {
		overlapping = min(n, s.Overlapping)
	}
	for _, test := range []struct {
		name string
		h    func() *history.History
		want verdict.Verdict
	}{
		{"empty", func() *history.History { return history.New(nil) }, verdict.Unknown},
		{"one key", func() *history.History { return lined(n, few, s.Op) }, s.OneKey},
		{"many keys", func() *history.History { return lined(n, few, s.Keyed) }, s.ManyKeys},
		{"many processes", func() *history.History { return lined(n, n, s.Op) }, s.ManyProcesses},
		{"together", func() *history.History { return stacked(overlapping, s.Op, true) }, s.Together},
		{"all ambiguous", func() *history.History { return stacked(n, s.Op, false) }, verdict.Unknown},
		{"all ambiguous, many keys", func() *history.History { return stacked(n, s.Keyed, false) }, verdict.Unknown},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := test.h()
			require.NoError(t, h.Validate())
			report := check(h)
			require.Equal(t, test.want, report.Verdict, report.Cause)
			require.NotEmpty(t, report.Cause)
			require.Less(t, len(report.Cause), 10_000, "a cause is for people to read")
		})
	}
	if s.Long != nil || s.OneKey == verdict.Valid {
		Long(t, s, check)
	}
}

// Long checks, as a subtest, a long history that is valid and then, to make only
// one, the same with another last operation. It logs how long that takes, and the
// most memory that was held in the meantime. There are as many operations as in
// [Hostile], or ten million if TERTIUM_SOAK is at least that.
func Long(t *testing.T, s Sizes, check func(h *history.History) verdict.Report) {
	t.Helper()
	n := most(s)
	if soak, err := strconv.Atoi(os.Getenv("TERTIUM_SOAK")); err == nil && soak >= TenMillion {
		n = TenMillion
		if s.Most > 0 {
			n = min(n, s.Most)
		}
	}
	t.Run("long", func(t *testing.T) { s.long(t, n, check) })
}

func (s Sizes) long(t *testing.T, n int, check func(h *history.History) verdict.Report) {
	t.Helper()
	op := s.Op
	if s.Long != nil {
		op = s.Long
	}
	h := lined(n, few, op)
	judge := func(want verdict.Verdict) {
		debug.FreeOSMemory()
		peak, start := watchMemory(), time.Now()
		report := check(h)
		t.Logf("%d operations: %v in %v, %d MB at the peak", n, report.Verdict, time.Since(start).Round(time.Millisecond), peak()/1_000_000)
		require.Equal(t, want, report.Verdict, report.Cause)
		require.Less(t, len(report.Cause), 10_000, "a cause is for people to read")
	}
	judge(verdict.Valid)
	if s.Broken == nil {
		return
	}
	o, last := s.Broken(n), h.Events[len(h.Events)-2:]
	for i, e := range []history.Event{calls(o, last[0].Process), returns(o, last[0].Process)} {
		e.Index, e.Time = last[i].Index, last[i].Time
		last[i] = e
	}
	judge(s.BrokenIs)
}

// few is how many processes there are, unless there are many.
const few = 20

// most is how many operations the larger histories have.
func most(s Sizes) int {
	n := 100_000
	if os.Getenv("TERTIUM_SOAK") != "" {
		n = 1_000_000
	}
	if s.Most > 0 {
		n = min(n, s.Most)
	}
	return n
}

func calls(op Op, process int) history.Event {
	return history.Event{Kind: history.Invoke, Process: process, F: op.F, Key: op.Key, Idem: op.Idem, Value: op.Input}
}

func returns(op Op, process int) history.Event {
	return history.Event{
		Kind: history.Complete, Process: process, F: op.F, Key: op.Key, Value: op.Output, Outcome: op.Outcome, Error: op.Error,
	}
}

// lined is n operations one after another, by some processes in turn.
func lined(n, processes int, op func(i, n int) Op) *history.History {
	events := make([]history.Event, 0, 2*n)
	for i := range n {
		o := op(i, n)
		events = append(events, calls(o, i%processes), returns(o, i%processes))
	}
	return history.New(events)
}

// stacked is n operations that are all called before the first returns, if any
// does.
func stacked(n int, op func(i, n int) Op, answered bool) *history.History {
	events := make([]history.Event, 0, 2*n)
	for i := range n {
		events = append(events, calls(op(i, n), i))
	}
	for i := 0; answered && i < n; i++ {
		events = append(events, returns(op(i, n), i))
	}
	return history.New(events)
}

// Key names the i-th of many objects.
func Key(i int) string { return fmt.Sprint("k", i) }

// Numbers are the integers below n.
func Numbers(n int) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = int64(i)
	}
	return all
}
