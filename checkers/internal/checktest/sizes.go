package checktest

import (
	"fmt"
	"os"
	"testing"

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
}

// Hostile checks an empty history, one in which nothing was answered, and those
// of hostile sizes: a million operations with TERTIUM_SOAK, else a tenth of that.
func Hostile(t *testing.T, s Sizes, check func(h *history.History) verdict.Report) {
	t.Helper()
	n := 100_000
	if os.Getenv("TERTIUM_SOAK") != "" {
		n = 1_000_000
	}
	if s.Most > 0 {
		n = min(n, s.Most)
	}
	overlapping := n
	if s.Overlapping > 0 {
		overlapping = min(n, s.Overlapping)
	}
	const few = 20
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
