package linearizable

import (
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// locked is a history of a lock that behaves, with fencing tokens or without.
func locked(n int, unknown float64, tokens bool) *history.History {
	token, held := int64(0), false
	return honest(n, crew, 1, unknown, func(*rand.Rand, int, string) history.Operation {
		if held = !held; !held {
			return ok("release", nil, nil)
		}
		if token++; tokens {
			return ok("acquire", nil, token)
		}
		return ok("acquire", nil, nil)
	}, "")
}

// grown is a history of a set to which each element is added once, and that is
// read whole a few times.
func grown(n int, unknown float64) *history.History {
	calls := 0
	var in []any
	return honest(n, crew, 1, unknown, func(*rand.Rand, int, string) history.Operation {
		if calls++; calls%(n/3) == 0 {
			return ok("read", nil, in[:len(in):len(in)])
		}
		in = append(in, int64(calls))
		return ok("add", int64(calls), nil)
	}, "")
}

// crew is how many clients there are.
const crew = 20

// TestLongHistories: ten million operations of 20 clients, 1 % of them with an
// unknown outcome, are judged right, valid or with one wrong answer, if
// TERTIUM_SOAK is that much; else four thousand.
func TestLongHistories(t *testing.T) {
	n := 4_000
	if soak(t, 0) >= checktest.TenMillion {
		n = checktest.TenMillion
		defer debug.SetGCPercent(debug.SetGCPercent(50)) // they are large
	}
	const unknown = 0.01
	of := func(model string, keys int) func() *history.History {
		return func() *history.History { return million(n, keys, unknown, model) }
	}
	for _, test := range []struct {
		name, model string
		make        func() *history.History
		wrong       []string
	}{
		{"register", "register", of("register", 1), []string{"read"}},
		{"cas-register", "cas-register", of("cas-register", 1), []string{"read"}},
		{"queue", "queue", of("queue", 1), []string{"dequeue"}},
		{"stack", "stack", of("stack", 1), []string{"pop"}},
		{"counter", "counter", of("counter", 1), []string{"read"}},
		{"set", "set", of("set", 1), []string{"contains"}},
		{"set, read whole", "set", func() *history.History { return grown(n, unknown) }, nil},
		{"log", "log", of("log", 1), []string{"append"}},
		{"mutex", "mutex", func() *history.History { return locked(n, unknown, false) }, nil},
		{"mutex, fencing tokens", "mutex", func() *history.History { return locked(n, unknown, true) }, []string{"acquire"}},
		{"many registers", "register", of("register", n/1000), []string{"read"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			checker := New(named(t, test.model, Options{}))
			h := test.make()
			judge := func(want verdict.Verdict) {
				view, err := columns.Of(h)
				require.NoError(t, err)
				start := time.Now()
				report := checker.CheckColumns(t.Context(), view, verdict.Budget{Time: time.Hour, Memory: 8 << 30})
				took := time.Since(start).Round(time.Millisecond)
				var memory runtime.MemStats
				runtime.ReadMemStats(&memory)
				t.Logf("%d operations: %v in %v by %s; %d MB so far, with the history", n, report.Verdict, took, report.Method, memory.Sys/1_000_000)
				require.Equal(t, want, report.Verdict, report.Cause)
			}
			judge(verdict.Valid)
			switch test.name {
			case "set, read whole": // the last read lost an element
				for i := len(h.Events) - 1; ; i-- {
					if e := &h.Events[i]; e.Kind == history.Complete && e.F == "read" && e.Outcome == history.OK {
						e.Value = e.Value.([]any)[1:]
						break
					}
				}
			case "mutex":
				h.Events = append(h.Events, more(h, "release")...)
			default:
				h = falsified(h, test.wrong...)
			}
			judge(verdict.Invalid)
		})
	}
}

// more returns, one after the other, more operations of a kind than all outcomes
// that are unknown can explain.
func more(h *history.History, f string) []history.Event {
	var all []history.Event
	unexplained := 2 * crew
	for _, e := range h.Events {
		if e.Kind == history.Complete && e.Outcome == history.Unknown {
			unexplained++
		}
	}
	add := func(e history.Event) {
		e.Index = len(h.Events) + len(all)
		e.Time, e.Process, e.F = time.Duration(e.Index), len(h.Events), f
		all = append(all, e)
	}
	for range unexplained {
		add(history.Event{Kind: history.Invoke, Key: "k0"})
		add(history.Event{Kind: history.Complete, Outcome: history.OK})
	}
	return all
}
