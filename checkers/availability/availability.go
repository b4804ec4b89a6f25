// Package availability measures how long a system could not be used while a
// fault was in place, and how soon it served again after the fault was healed.
//
// Service is seen where a client sees it: an ok completion is service, and a
// gap is time without one. Times are the stamps of the history.
//
// Not every gap is the system's doing. A fault may be healed while another is
// still in place, and between the phases of a run nobody asks for anything. So
// beside the time that passed, the time tried is counted: that in which no
// fault was in place and at least one operation waited for its reply. Only the
// time tried is held against a bound, because a system cannot be blamed for
// what it was not asked, nor for being down under a fault. How long the client of
// an operation without a completion waited nobody knows, so it counts for nothing.
package availability

import (
	"context"
	"slices"
	"sort"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/faults"
	"github.com/tertium-dev/tertium/harness/history"
)

// Row is how a system fared under one fault that was injected.
type Row struct {
	Ref    string   `json:"ref"`
	Kind   string   `json:"kind"`
	Target string   `json:"target,omitempty"`
	Where  []string `json:"where,omitempty"`
	// From and To bound the time in which the fault was in place. Healed is
	// false if the history ended before it was taken away.
	From   time.Duration `json:"from_ns"`
	To     time.Duration `json:"to_ns"`
	Healed bool          `json:"healed"`
	// Gap is the longest time without an ok completion while the fault was in
	// place. Nodes has the same by the node that was asked, by name; a node is
	// left out of it if it was not asked anything in the whole history.
	Gap   time.Duration `json:"longest_gap_ns"`
	Nodes []NodeGap     `json:"nodes,omitempty"`
	// Returned is true if some operation was ok after the healing. Back is how
	// long after it that was. If none was, Back is the time that was left.
	Returned bool          `json:"returned"`
	Back     time.Duration `json:"back_ns"`
	// Tried is the part of Back that counts: see the package.
	Tried time.Duration `json:"tried_ns"`
	// Recovered is true if operations were ok again at half the rate of before,
	// and Recovery is how long after the healing they began to be. The rate
	// before is Rate, in ok operations a second: the median over the time, cut
	// in slices, in which no fault had yet been in place or all had been
	// healed. It is 0 if there was no such time.
	Recovered bool          `json:"recovered"`
	Recovery  time.Duration `json:"recovery_ns"`
	Rate      float64       `json:"rate_before"`
}

// NodeGap is the longest time without an ok completion at one node.
type NodeGap struct {
	Node string        `json:"node"`
	Gap  time.Duration `json:"longest_gap_ns"`
}

// Name is how reports name the fault: "kill f3".
func (r *Row) Name() string { return faults.Name(r.Kind, r.Ref) }

// Of measures each fault that was injected, in order of time.
func Of(h *history.History) []Row {
	rows, _ := of(context.Background(), h)
	return rows
}

// of gives up with the context's error.
func of(ctx context.Context, h *history.History) ([]Row, error) {
	windows := slices.DeleteFunc(faults.Of(h), func(w faults.Window) bool { return w.Missed })
	if len(windows) == 0 {
		return nil, ctx.Err()
	}
	rows := make([]Row, len(windows))
	for i, w := range windows {
		rows[i] = Row{
			Ref: w.Ref, Kind: w.Kind, Target: w.Target, Where: w.Where, From: w.From, To: w.To, Healed: w.Healed,
		}
	}
	watch(h, windows, rows)
	s := servedIn(h)
	pace := newPace(s.all, windows, h.Events[len(h.Events)-1].Time)
	for i := range rows {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		s.gaps(&rows[i])
		pace.recovery(&rows[i])
	}
	return rows, ctx.Err()
}

// served are the times of ok completions, ascending.
type served struct {
	all   []time.Duration
	nodes map[string][]time.Duration
	names []string
}

func servedIn(h *history.History) served {
	s := served{nodes: make(map[string][]time.Duration)}
	asked := make(map[int]string)
	for i := range h.Events {
		e := &h.Events[i]
		switch e.Kind {
		case history.Invoke:
			asked[e.Process] = e.Node
			if _, known := s.nodes[e.Node]; !known && e.Node != "" {
				s.nodes[e.Node] = nil
				s.names = append(s.names, e.Node)
			}
		case history.Complete:
			node := asked[e.Process]
			delete(asked, e.Process)
			if e.Outcome != history.OK {
				continue
			}
			s.all = append(s.all, e.Time)
			if node != "" {
				s.nodes[node] = append(s.nodes[node], e.Time)
			}
		}
	}
	slices.Sort(s.names)
	return s
}

// gaps sets the longest gaps of a row.
func (s *served) gaps(r *Row) {
	r.Gap = longestGap(s.all, r.From, r.To)
	for _, name := range s.names {
		r.Nodes = append(r.Nodes, NodeGap{Node: name, Gap: longestGap(s.nodes[name], r.From, r.To)})
	}
}

// longestGap is the longest time between from and to with none of the times in
// it.
func longestGap(times []time.Duration, from, to time.Duration) time.Duration {
	longest, last := time.Duration(0), from
	for i := after(times, from); i < len(times) && times[i] < to; i++ {
		longest = max(longest, times[i]-last)
		last = times[i]
	}
	return max(longest, to-last)
}

// after returns the position of the first time that is later than t.
func after(times []time.Duration, t time.Duration) int {
	return sort.Search(len(times), func(i int) bool { return times[i] > t })
}
