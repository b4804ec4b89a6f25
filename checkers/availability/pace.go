package availability

import (
	"slices"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/faults"
)

const (
	// slice is the time over which a rate is taken. It is long enough to hold
	// some operations at a few dozen a second, and short beside a recovery.
	slice = 250 * time.Millisecond
	// slices bounds their number, so that a history of years is no longer to
	// judge than one of minutes: its slices are wider.
	maxSlices = 1 << 12
)

// pace knows at which rate operations were ok in quiet times.
type pace struct {
	times []time.Duration
	width time.Duration
	// quiet are the slices without a fault, in order of time.
	quiet []quietSlice
}

// quietSlice is a slice of time that ends at end and holds count ok
// completions.
type quietSlice struct {
	end   time.Duration
	count int
}

// newPace cuts the time from the first ok completion to the end of the history
// in slices, and keeps those that no window touches.
func newPace(times []time.Duration, windows []faults.Window, end time.Duration) *pace {
	p := &pace{times: times}
	if len(times) == 0 {
		return p
	}
	p.width = max(slice, (end-times[0])/maxSlices)
	next, busyUntil := 0, time.Duration(-1)
	at := 0
	for from := times[0]; from+p.width <= end; from += p.width {
		to := from + p.width
		count := 0
		for ; at < len(times) && times[at] < to; at++ {
			count++
		}
		// Windows are in order of From, so those that began by now are a prefix
		// of them, of which only the latest end matters.
		for ; next < len(windows) && windows[next].From < to; next++ {
			busyUntil = max(busyUntil, windows[next].To)
		}
		if busyUntil <= from {
			p.quiet = append(p.quiet, quietSlice{end: to, count: count})
		}
	}
	return p
}

// before returns the median count of the quiet slices that ended by t.
func (p *pace) before(t time.Duration) (count int, known bool) {
	var counts []int
	for _, s := range p.quiet {
		if s.end > t {
			break
		}
		counts = append(counts, s.count)
	}
	if len(counts) == 0 {
		return 0, false
	}
	slices.Sort(counts)
	return counts[len(counts)/2], true
}

// recovery sets when the rate was back to half of what it was before. The rate
// is back at the first ok completion that begins a slice with half as many.
func (p *pace) recovery(r *Row) {
	median, known := p.before(r.From)
	if !known || median == 0 {
		return
	}
	r.Rate = float64(median) / p.width.Seconds()
	if !r.Healed {
		return
	}
	half := (median + 1) / 2
	for i := after(p.times, r.To); i+half <= len(p.times); i++ {
		if p.times[i+half-1]-p.times[i] < p.width {
			r.Recovered, r.Recovery = true, p.times[i]-r.To
			return
		}
	}
}
