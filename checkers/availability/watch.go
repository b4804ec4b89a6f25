package availability

import (
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/faults"
	"github.com/tertium-dev/tertium/harness/history"
)

// witness is how many operations tried in vain a finding shows.
const witness = 8

// watch goes through the events once and sets, for each row, when service
// returned after its fault and how long it was tried before. windows and rows
// go together.
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
		open    = make(map[int]int) // process to the index of its invocation
		waiting []int               // rows healed and not yet returned
		mark    = make([]time.Duration, len(rows))
	)
	for i := range h.Events {
		e := &h.Events[i]
		if inPlace == 0 && len(open) > 0 {
			tried += e.Time - now
		}
		now = e.Time
		switch e.Kind {
		case history.Invoke:
			open[e.Process] = i
		case history.Complete:
			began, known := open[e.Process]
			delete(open, e.Process)
			for _, row := range waiting {
				r := &rows[row]
				if e.Outcome == history.OK {
					r.Returned, r.Back, r.Tried = true, now-r.To, tried-mark[row]
				} else if known && len(r.waiting) < witness {
					r.waiting = append(r.waiting, began)
				}
			}
			if e.Outcome == history.OK {
				waiting = waiting[:0]
			}
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
