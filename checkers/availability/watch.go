package availability

import (
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/faults"
	"github.com/tertium-dev/tertium/harness/history"
)

// watch goes through the events once and sets, for each row, when service
// returned after its fault and how long it was tried before. windows and rows
// go together.
//
// Of an invocation without a completion nobody knows how long its client waited,
// so it is not taken to have tried anything.
func watch(h *history.History, windows []faults.Window, rows []Row) {
	healed := make(map[int]int, len(windows))
	injected := make(map[int]bool, len(windows))
	for i := range windows {
		injected[windows[i].Inject] = true
		if windows[i].Healed {
			healed[windows[i].Heal] = i
		}
	}
	var (
		now     time.Duration
		tried   time.Duration // so far, in the whole history
		inPlace int
		open    = make(map[int]bool) // by process
		waiting []int                // rows healed and not yet returned
		mark    = make([]time.Duration, len(rows))
	)
	done := completed(h)
	for i := range h.Events {
		e := &h.Events[i]
		if inPlace == 0 && len(open) > 0 {
			tried += e.Time - now
		}
		now = e.Time
		switch e.Kind {
		case history.Invoke:
			if done[i] != none {
				open[e.Process] = true
			}
		case history.Complete:
			delete(open, e.Process)
			if e.Outcome != history.OK {
				continue
			}
			for _, row := range waiting {
				r := &rows[row]
				r.Returned, r.Back, r.Tried = true, now-r.To, tried-mark[row]
			}
			waiting = waiting[:0]
		case history.Nemesis:
			if injected[i] {
				inPlace++
			}
			if row, heals := healed[i]; heals {
				inPlace--
				mark[row] = tried
				waiting = append(waiting, row)
			}
		}
	}
	for _, row := range waiting {
		r := &rows[row]
		r.Back, r.Tried = now-r.To, tried-mark[row]
	}
}

// none is no event.
const none = -1

// completed has, for each invocation, the index of its completion, or none.
func completed(h *history.History) []int32 {
	done := make([]int32, len(h.Events))
	open := make(map[int]int)
	for i := range h.Events {
		done[i] = none
		switch e := &h.Events[i]; e.Kind {
		case history.Invoke:
			open[e.Process] = i
		case history.Complete:
			if call, known := open[e.Process]; known {
				done[call] = int32(i)
				delete(open, e.Process)
			}
		}
	}
	return done
}
