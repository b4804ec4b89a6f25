package linearizable

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/hostile"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// FuzzMonitor compares a monitor with the checker on any small history.
func FuzzMonitor(f *testing.F) {
	for i := range Models() {
		f.Add(uint8(i), []byte("a history of four processes, more or less at random"))
		f.Add(uint8(i), []byte{0, 12, 0, 0, 0, 12, 90, 1, 22, 1, 0, 1, 22, 90})
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		infos := Models()
		model := named(t, infos[int(which)%len(infos)].Name, Options{NilIsUnknown: which >= 128})
		if _, err := NewMonitor(model); err != nil {
			return
		}
		h := bytesHistory(&model, data)
		m, noticed := observe(t, model, h)
		report := m.Report()
		require.Equal(t, report, m.Report(), "a report changes nothing")
		require.NotEmpty(t, report.Cause)
		require.Equal(t, noticed >= 0, report.Verdict == verdict.Invalid)
		switch report.Verdict {
		case verdict.Invalid:
			require.NotEqual(t, verdict.Valid, afterwards(&model, h, noticed), report.Cause)
			require.Len(t, report.Findings, 1)
		case verdict.Valid:
			require.Positive(t, report.Judged)
			want := New(model).Check(context.Background(), h, verdict.Budget{Memory: 4 << 20})
			require.NotEqual(t, verdict.Invalid, want.Verdict, want.Cause)
		}
	})
}

// FuzzMonitorHostile lets a monitor observe events that need not be a history.
func FuzzMonitorHostile(f *testing.F) {
	f.Add(uint8(0), []byte{20, 1, 2, 3})
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		infos := Models()
		model := named(t, infos[int(which)%len(infos)].Name, Options{})
		m, err := NewMonitor(model)
		if err != nil {
			return
		}
		choose := hostile.Bytes(data)
		for _, e := range hostile.History(choose).Events {
			if choose(8) > 0 {
				e.F = model.Functions[choose(len(model.Functions))]
			}
			m.Observe(&e)
		}
		require.NotEmpty(t, m.Report().Cause)
	})
}

// TestMonitorTakesAnyModel makes sure that what cannot be judged is refused.
func TestMonitorTakesAnyModel(t *testing.T) {
	can := map[string]bool{
		"register": true, "cas-register": true, "mutex": true, "set": true, "queue": true, "counter": true, "log": true,
	}
	for _, info := range Models() {
		_, err := NewMonitor(named(t, info.Name, Options{}))
		require.Equal(t, can[info.Name], err == nil, info.Name)
	}
	own := named(t, "register", Options{})
	own = Model{Name: own.Name, Functions: own.Functions, Parse: own.Parse, Apply: own.Apply}
	_, err := NewMonitor(own)
	require.ErrorContains(t, err, "judge it afterwards")
	_, err = NewMonitor(Model{})
	require.Error(t, err)
}

// TestMonitorWatchesTokens: tokens are not judged in full, but must rise.
func TestMonitorWatchesTokens(t *testing.T) {
	lock := func(token any) []history.Event {
		return []history.Event{
			{Kind: history.Invoke, F: "acquire"}, {Kind: history.Complete, Outcome: history.OK, Value: token},
			{Kind: history.Invoke, F: "release"}, {Kind: history.Complete, Outcome: history.OK},
		}
	}
	for tokens, want := range map[[2]int64]verdict.Verdict{{1, 2}: verdict.Unknown, {2, 2}: verdict.Invalid, {2, 1}: verdict.Invalid} {
		m, _ := observe(t, named(t, "mutex", Options{}), history.New(append(lock(tokens[0]), lock(tokens[1])...)))
		require.Equal(t, want, m.Report().Verdict, tokens)
	}
}

// TestMonitorReports reads what a monitor says.
func TestMonitorReports(t *testing.T) {
	type events = []history.Event
	call := func(process int, f string, v any) history.Event {
		return history.Event{Kind: history.Invoke, Process: process, F: f, Key: "x", Value: v}
	}
	end := func(process int, v any) history.Event {
		return history.Event{Kind: history.Complete, Process: process, Key: "x", Value: v, Outcome: history.OK}
	}
	for name, c := range map[string]struct {
		events events
		want   verdict.Verdict
		cause  string
	}{
		"nothing": {nil, verdict.Unknown,
			"nothing to judge: the history has none of the operations read, write, cas"},
		"nothing answered": {events{call(0, "read", nil)}, verdict.Unknown, "nothing to judge: no operation was answered"},
		"no history":       {events{end(0, nil)}, verdict.Unknown, `not judged: event 0: process 0 completes "" without having invoked it`},
		"legal":            {events{call(0, "write", int64(1)), end(0, nil)}, verdict.Valid, "1 operation have a legal order"},
		"stale": {
			events{call(0, "write", int64(1)), end(0, nil), call(0, "write", int64(2)), end(0, nil), call(1, "read", nil), end(1, int64(1))},
			verdict.Invalid,
			"process 1 read 1 on x (event 5), which nobody had written, or which had been replaced before it began",
		},
		"again": {
			events{call(0, "write", int64(1)), end(0, nil), call(0, "write", int64(1)), end(0, nil)},
			verdict.Unknown,
			"1 object could not be decided while the history went on; the first, x: a value is written again while it is there or may come to be; judge the history afterwards",
		},
		"may be again": {
			events{call(0, "write", int64(1)), end(0, nil), call(0, "write", int64(1))},
			verdict.Unknown,
			"1 object could not be decided while the history went on; the first, x: an operation is open: a value is written again while it is there or may come to be; judge the history afterwards",
		},
		"malformed": {
			events{call(0, "cas", int64(1)), end(0, nil)},
			verdict.Unknown,
			"1 object could not be decided while the history went on; the first, x: cas of process 0 at event 0 is not one of a cas-register: a cas takes [old new], not 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := observe(t, named(t, "cas-register", Options{}), history.New(c.events))
			report := m.Report()
			require.Equal(t, c.want, report.Verdict)
			require.Equal(t, c.cause, report.Cause)
			require.Equal(t, "linearizable", report.Checker)
		})
	}
}
