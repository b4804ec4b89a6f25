// Package faults reads from a history which faults were in place, and when.
package faults

import (
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// Window is the time during which one fault was in place, with the evidence of
// what it did.
type Window struct {
	// Ref is the plan's name for the fault and Kind is its kind.
	Ref, Kind string
	// Target is what the plan asked for ("leader"); Where are the nodes or
	// links that it came to.
	Target string
	Where  []string
	// Inject and Heal are the indices of the events around the fault. Inject is
	// recorded before it is put in place and Heal after it is taken away, so
	// that whatever it did lies between. Heal is the length of the history if
	// the fault was never healed. A missed fault has neither: both are the index
	// of the event that says so.
	Inject, Heal int
	// From and To are the times of these events.
	From, To time.Duration
	// Healed is false if the history ends with the fault in place.
	Healed bool
	// Missed is true if it was never put in place.
	Missed bool
	// Count is how often it took effect, and What says it in words.
	Count int64
	What  string
	// Trouble is what went wrong with it: why it was missed, could not be
	// injected, or could not be healed.
	Trouble string
}

// Name is how reports name a fault: "lost-ack f7", or by its Ref alone if that
// says the kind as well.
func Name(kind, ref string) string {
	switch {
	case ref == "":
		return kind
	case strings.HasPrefix(ref, kind):
		return ref
	}
	return kind + " " + ref
}

// Of returns the faults of a history in the order in which they began. A heal
// belongs to the latest injection of the same Ref and Kind that is still open;
// nemesis events of other stages are not about a fault's time and are passed
// over.
func Of(h *history.History) []Window {
	type name struct{ ref, kind string }
	var windows []Window
	open := make(map[name]int)
	for i := range h.Events {
		e := &h.Events[i]
		if e.Kind != history.Nemesis {
			continue
		}
		details, _ := e.Value.(map[string]any)
		stage, _ := details["stage"].(string)
		key := name{e.Ref, e.F}
		switch stage {
		case "inject", "missed":
			w := Window{
				Ref: e.Ref, Kind: e.F, Inject: i, Heal: len(h.Events), From: e.Time,
				To: h.Events[len(h.Events)-1].Time, Trouble: e.Error,
			}
			w.note(details)
			if stage == "missed" {
				w.Missed, w.Heal, w.To = true, i, e.Time
			} else {
				open[key] = len(windows)
			}
			windows = append(windows, w)
		case "heal":
			at, injected := open[key]
			if !injected {
				continue
			}
			delete(open, key)
			w := &windows[at]
			w.Healed, w.Heal, w.To = true, i, e.Time
			w.note(details)
			if e.Error != "" {
				w.Trouble = e.Error
			}
		}
	}
	return windows
}

// note takes over what an event tells about the fault.
func (w *Window) note(details map[string]any) {
	if target, ok := details["target"].(string); ok {
		w.Target = target
	}
	if places, ok := details["where"].([]any); ok {
		w.Where = w.Where[:0]
		for _, place := range places {
			if place, ok := place.(string); ok {
				w.Where = append(w.Where, place)
			}
		}
	}
	if count, ok := details["count"].(int64); ok {
		w.Count = count
	}
	if what, ok := details["what"].(string); ok {
		w.What = what
	}
}
