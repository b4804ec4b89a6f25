package idempotent

import (
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/faults"
	"github.com/tertium-dev/tertium/checkers/internal/settled"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
)

// around is what a history tells beside its operations.
type around struct {
	// others holds at least the events that are not about operations, in order.
	others *history.History
	// events is how many events there are in all, and end the time of the last.
	events int
	end    time.Duration
	// time is when an event was.
	time func(event int) time.Duration
}

func aroundHistory(h *history.History) around {
	a := around{others: h, events: len(h.Events), time: func(event int) time.Duration { return h.Events[event].Time }}
	return a.ended()
}

func aroundColumns(view *columns.Columns) around {
	a := around{others: &history.History{Events: view.Others()}, events: len(view.Events), time: view.Time}
	return a.ended()
}

func (a around) ended() around {
	if a.events > 0 {
		a.end = a.time(a.events - 1)
	}
	return a
}

// index is where the event at a position of others is in the history.
func (a around) index(at int) int {
	if len(a.others.Events) == a.events {
		return at
	}
	return a.others.Events[at].Index
}

// faults returns the faults of the history.
func (a around) faults() []faults.Window {
	windows := faults.Of(a.others)
	for i := range windows {
		w := &windows[i]
		w.Inject = a.index(w.Inject)
		if w.Healed || w.Missed {
			w.Heal = a.index(w.Heal)
		} else {
			w.Heal = a.events
		}
	}
	return windows
}

// settled returns the moments at which one of some phases began.
func (a around) settled(phases []string) settled.Points {
	points := settled.Of(a.others, phases)
	for i := range points {
		points[i] = a.index(points[i])
	}
	return points
}
