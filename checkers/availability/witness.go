package availability

import (
	"slices"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// listed is how many operations a counterexample may have, and shown how many of
// more than that are named. They are all alike then.
const (
	listed = 64
	shown  = 8
)

// span is a time from one moment to another.
type span struct{ from, to time.Duration }

// waiting is an operation: the index of its invocation, and the time until its
// client had an answer or gave up.
type waiting struct {
	call int
	span
}

// witnesses find the operations that waited in vain.
type witnesses struct {
	// ops are all operations, by call.
	ops []waiting
	// busy are the times in which some fault was in place, apart from each other
	// and in order.
	busy []span
}

func newWitnesses(h *history.History, rows []Row) *witnesses {
	w := &witnesses{}
	for call, ret := range completed(h) {
		if ret != none {
			w.ops = append(w.ops, waiting{call, span{h.Events[call].Time, h.Events[ret].Time}})
		}
	}
	end := h.Events[len(h.Events)-1].Time
	for i := range rows { // in order of their beginnings
		from, to := rows[i].From, rows[i].To
		if !rows[i].Healed {
			to = end
		}
		if n := len(w.busy); n > 0 && from <= w.busy[n-1].to {
			w.busy[n-1].to = max(w.busy[n-1].to, to)
			continue
		}
		w.busy = append(w.busy, span{from, to})
	}
	return w
}

// of returns the fewest operations, by their calls, whose waiting after the
// healing of a fault exceeds the bound by itself: of those that have begun, the
// one that waits longest is the best to go on with.
func (w *witnesses) of(r *Row, bound time.Duration) []int {
	until := r.To + r.Back
	var calls []int
	at, tried, next := r.To, time.Duration(0), 0
	for at < until && tried <= bound {
		best := -1
		for ; next < len(w.ops) && w.ops[next].from <= at; next++ {
			if best < 0 || w.ops[next].to > w.ops[best].to {
				best = next
			}
		}
		if best < 0 || w.ops[best].to <= at {
			if next == len(w.ops) {
				break
			}
			at = max(at, w.ops[next].from)
			continue
		}
		to := min(until, w.ops[best].to)
		tried += w.calm(span{at, to})
		at = to
		calls = append(calls, w.ops[best].call)
	}
	if len(calls) > listed {
		calls = calls[:shown]
	}
	slices.Sort(calls)
	return calls
}

// calm returns how much of a time no fault was in place.
func (w *witnesses) calm(s span) time.Duration {
	calm := s.to - s.from
	for _, b := range w.busy {
		calm -= max(0, min(s.to, b.to)-max(s.from, b.from))
	}
	return calm
}
