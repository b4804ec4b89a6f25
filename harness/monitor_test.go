package harness_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/harness/plan"
)

// monotonic is a property of single numbers: that no read returns less than one
// before it. It is a checker and a monitor.
type monotonic struct {
	events []history.Event
	last   int64
	report harness.Report
	// each is called with every event, if given.
	each func(*history.Event)
}

func (*monotonic) Name() string { return "monotonic" }

func (m *monotonic) Observe(e *history.Event) bool {
	m.events = append(m.events, *e)
	if m.each != nil {
		m.each(e)
	}
	m.report.Checker = m.Name()
	value, isNumber := e.Value.(int64)
	if e.Kind != history.Complete || !isNumber {
		return m.report.Verdict == verdict.Invalid
	}
	m.report.Judged++
	if value < m.last {
		m.report.Verdict, m.report.Cause = verdict.Invalid, fmt.Sprintf("%d came after %d", value, m.last)
	}
	m.last = max(m.last, value)
	return m.report.Verdict == verdict.Invalid
}

func (m *monotonic) Report() harness.Report { return m.report }

func (*monotonic) Check(_ context.Context, h *history.History, _ harness.Budget) harness.Report {
	var fresh monotonic
	for i := range h.Events {
		fresh.Observe(&h.Events[i])
	}
	return fresh.report
}

// counting is a system that counts, and after some operations starts anew if it
// has the bug.
func counting(bug bool) *fakeSystem {
	var calls atomic.Int64
	return &fakeSystem{invoke: func(context.Context, string, harness.Invocation) harness.Completion {
		n := calls.Add(1)
		if bug && n > 4 {
			n -= 4
		}
		return harness.Completion{Outcome: history.OK, Value: n}
	}}
}

// monitored is a run of one worker that would take an hour.
func monitored(t *testing.T, system *fakeSystem, monitors ...harness.Monitor) harness.Test {
	fault := &fakeFault{}
	test := newTest(t, system, fault)
	test.Plan.Config.Workers = 1
	test.Plan.Config.Time, test.Plan.Faults[0].For = time.Hour, time.Hour
	test.Monitors, test.StopOnViolation = monitors, true
	return test
}

func TestAViolationStopsTheRun(t *testing.T) {
	monitor := &monotonic{}
	test := monitored(t, counting(true), monitor)
	test.Progress = &harness.Progress{}
	record, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	require.False(t, record.Interrupted, "nobody asked")
	require.Len(t, record.Trouble, 1, "it is not the run that was planned")
	h := read(t, test)
	got := phases(h)
	require.Equal(t, []string{"heal", "drain", "final"}, got[len(got)-3:])
	require.Contains(t, stages(h), "heal")

	require.Len(t, record.Observed, 1)
	seen := record.Observed[0]
	require.Equal(t, verdict.Invalid, seen.Report.Verdict)
	require.Equal(t, &harness.Violation{
		Monitor: "monotonic", Cause: "1 came after 4", Event: seen.Violation.Event, Time: h.Events[seen.Violation.Event].Time, Operations: 5,
	}, seen.Violation)
	require.Equal(t, int64(1), h.Events[seen.Violation.Event].Value)
	require.Equal(t, len(h.Operations()), seen.Operations)
	require.Equal(t, []harness.Violation{*seen.Violation}, test.Progress.Violations())
	require.Equal(t, h.Events, monitor.events, "what it saw is what the history holds")

	reports := harness.Check(t.Context(), h, []harness.Checker{monitor}, harness.Budget{})
	require.Equal(t, verdict.Invalid, reports[0].Verdict)
}

func TestAViolationStopsNothingUnasked(t *testing.T) {
	test := newTest(t, counting(true), nil)
	test.Plan.Config.Workers = 1
	test.Monitors = []harness.Monitor{&monotonic{}}
	record, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	require.Empty(t, record.Trouble)
	require.NotNil(t, record.Observed[0].Violation)
}

func TestMonitorsThatSeeNothingWrong(t *testing.T) {
	test := newTest(t, counting(false), nil)
	test.Plan.Config.Workers = 1
	test.Monitors, test.StopOnViolation = []harness.Monitor{&monotonic{}}, true
	record, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	require.Empty(t, record.Trouble)
	require.Nil(t, record.Observed[0].Violation)
	require.Equal(t, len(read(t, test).Operations()), record.Observed[0].Operations)
}

// A monitor that fails costs neither the run nor the other monitors.
func TestAMonitorThatPanics(t *testing.T) {
	broken, sound := &monotonic{each: func(*history.Event) { panic("oh") }}, &monotonic{}
	test := monitored(t, counting(true), broken, sound)
	record, err := harness.Run(t.Context(), test)
	require.NoError(t, err)
	require.Len(t, broken.events, 1, "it is not asked again")
	require.Equal(t, verdict.Unknown, record.Observed[0].Report.Verdict)
	require.Contains(t, record.Observed[0].Report.Cause, "bug of Tertium")
	require.Contains(t, record.Observed[0].Report.Method, "oh")
	require.Nil(t, record.Observed[0].Violation)
	require.NotNil(t, record.Observed[1].Violation)
}

// A monitor that does not come back is left behind, with what it had said.
func TestAMonitorThatHangs(t *testing.T) {
	release := make(chan struct{})
	defer close(release)
	hanging := &monotonic{}
	hanging.each = func(e *history.Event) {
		if e.Kind == history.Phase && e.F == "heal" {
			<-release
		}
	}
	test := monitored(t, counting(true), hanging)
	record, err := harness.RunHasty(t.Context(), test)
	require.NoError(t, err)
	require.Equal(t, verdict.Unknown, record.Observed[0].Report.Verdict)
	require.Contains(t, record.Observed[0].Report.Cause, "behind")
	require.Equal(t, "1 came after 4", record.Observed[0].Violation.Cause)
}

type withMonitors struct{ fakeWorkload }

func (*withMonitors) Monitors(plan.Config) []harness.Monitor {
	return []harness.Monitor{&monotonic{}}
}

func TestMonitorsOfAWorkload(t *testing.T) {
	require.Empty(t, harness.MonitorsOf(&fakeWorkload{}, plan.Config{}))
	require.Len(t, harness.MonitorsOf(&withMonitors{}, plan.Config{}), 1)
}
