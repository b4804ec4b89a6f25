// Package settled finds the moments of a run at which all nodes of a system had
// caught up with each other.
package settled

import (
	"slices"
	"sort"

	"github.com/tertium-dev/tertium/harness/history"
)

// Phases are the phases that a run enters once its nodes have settled.
func Phases() []string { return []string{"drain", "final"} }

// Points are moments at which the nodes had settled, as event indices,
// ascending.
type Points []int

// Of returns the beginnings of the named phases, but for those whose event says
// in its Error that the nodes did not settle.
func Of(h *history.History, phases []string) Points {
	var points Points
	for i := range h.Events {
		e := &h.Events[i]
		if e.Kind == history.Phase && e.Error == "" && slices.Contains(phases, e.F) {
			points = append(points, i)
		}
	}
	return points
}

// Before returns the latest point before an event, or -1.
func (p Points) Before(event int) int {
	if at := sort.SearchInts(p, event); at > 0 {
		return p[at-1]
	}
	return -1
}
