package harness

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/harness/plan"
)

// Monitor judges a property while the run goes on. It is used by one goroutine.
type Monitor interface {
	// Name is the property's, as that of its [Checker].
	Name() string
	// Observe takes the next event of the history, in its order. It reports
	// whether the events so far are a violation whatever follows. The event is
	// the monitor's until Observe returns; its Value may be kept.
	Observe(e *history.Event) (violated bool)
	// Report judges what was observed so far, as if nothing followed.
	Report() Report
}

// MonitorsOf returns the monitors of a workload, which may have none.
func MonitorsOf(w Workload, c plan.Config) []Monitor {
	if w, ok := w.(Monitored); ok {
		return w.Monitors(c)
	}
	return nil
}

// Violation is what a monitor saw while the run went on.
type Violation struct {
	// Monitor is the name of the property.
	Monitor string
	// Cause says what is wrong, in one sentence.
	Cause string
	// Event is the index of the event that completed the violation, and Time its
	// stamp.
	Event int
	Time  time.Duration
	// Operations is how many operations of the run had completed by then.
	Operations int
}

// Observed says what one monitor saw of a run.
type Observed struct {
	// Report is its conclusion at the end of the run.
	Report Report
	// Operations is how many completed operations it was shown.
	Operations int
	// Violation is the first that it saw, or nil.
	Violation *Violation
}

// watch is the following of a run by its monitors, in a goroutine of its own.
type watch struct {
	monitors []*watched
	progress *Progress
	// violated is closed at the first violation.
	violated chan struct{}
	cancel   context.CancelFunc
	// over is closed when the monitors were shown all that there is, or when
	// they cannot be: then failed says why.
	over   chan struct{}
	failed error
	// operations is how many completed ones they were shown.
	operations int
}

// watched is a monitor with what it said.
type watched struct {
	Monitor
	violation *Violation
	// failed is what a panic said.
	failed error
}

// startWatch lets monitors follow a recorder. The violation that one sees is in
// progress at once.
func startWatch(recorder *history.Recorder, monitors []Monitor, progress *Progress) *watch {
	ctx, cancel := context.WithCancel(context.Background())
	w := &watch{progress: progress, violated: make(chan struct{}), cancel: cancel, over: make(chan struct{})}
	for _, m := range monitors {
		w.monitors = append(w.monitors, &watched{Monitor: m})
	}
	go func() {
		defer close(w.over)
		if len(monitors) > 0 {
			_, w.failed = recorder.Follow(ctx, w.show)
		}
	}()
	return w
}

// show gives an event to all monitors.
func (w *watch) show(e *history.Event) error {
	if e.Kind == history.Complete {
		w.operations++
	}
	for _, m := range w.monitors {
		if m.failed == nil && m.observe(e) && m.violation == nil {
			w.accuse(m, e)
		}
	}
	return nil
}

func (m *watched) observe(e *history.Event) (violated bool) {
	defer m.rescue()
	return m.Observe(e)
}

// rescue turns a panic of a monitor into its failure: the run goes on without
// it.
func (m *watched) rescue() {
	if r := recover(); r != nil {
		m.failed = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

// accuse makes a violation known.
func (w *watch) accuse(m *watched, e *history.Event) {
	v := Violation{Monitor: m.Name(), Event: e.Index, Time: e.Time, Operations: w.operations}
	v.Cause = m.report().Cause
	m.violation = &v
	w.progress.violate(v)
	select {
	case <-w.violated:
	default:
		close(w.violated)
	}
}

// report is the monitor's, or unknown if it failed.
func (m *watched) report() (report Report) {
	func() {
		defer m.rescue()
		if m.failed == nil {
			report = m.Report()
		}
	}()
	if m.failed != nil {
		return Report{
			Checker: m.Name(), Verdict: verdict.Unknown, Method: m.failed.Error(),
			Cause: "the monitor itself failed, which is a bug of Tertium",
		}
	}
	return report
}

// finish waits until the monitors were shown everything, once the recorder is
// closed, but no longer than patience, and returns what they saw.
func (w *watch) finish(patience time.Duration) []Observed {
	defer w.cancel()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	late := false
	select {
	case <-w.over:
	case <-timer.C:
		late = true
	}
	var all []Observed
	for _, m := range w.monitors {
		if late {
			all = append(all, w.left(m, patience))
			continue
		}
		o := Observed{Report: m.report(), Operations: w.operations, Violation: m.violation}
		if w.failed != nil {
			o.Report.Verdict, o.Report.Cause = verdict.Unknown, w.failed.Error()
		}
		all = append(all, o)
	}
	return all
}

// left is what is known of a monitor that is still behind. Its goroutine goes on
// with it, so nothing of it is touched but its name.
func (w *watch) left(m *watched, patience time.Duration) Observed {
	o := Observed{Report: Report{
		Checker: m.Name(), Verdict: verdict.Unknown,
		Cause: fmt.Sprintf("the monitor was still behind %v after the end of the run", patience),
	}}
	for _, v := range w.progress.Violations() {
		if v.Monitor == m.Name() {
			o.Violation, o.Operations = &v, v.Operations
		}
	}
	return o
}
