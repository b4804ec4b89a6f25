package report

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/results"
)

// px is a length in an SVG drawing.
type px float64

// String writes it with at most one decimal.
func (p px) String() string {
	return strconv.FormatFloat(math.Round(float64(p)*10)/10, 'f', -1, 64)
}

// scale maps values between two bounds to lengths.
type scale struct {
	low, high float64
	from, to  px
}

func (s scale) at(value float64) px {
	if s.high <= s.low {
		return s.from
	}
	value = min(max(value, s.low), s.high)
	return s.from + px((value-s.low)/(s.high-s.low))*(s.to-s.from)
}

func (s scale) time(d time.Duration) px { return s.at(float64(d)) }

// timeScale maps moments to lengths, later ones never to the left.
type timeScale interface {
	time(time.Duration) px
}

// warped is a time scale on which some moments are spread out: half of its
// length goes evenly to the spans between them, however short they are, and
// half goes to the spans by their duration.
type warped struct {
	moments []time.Duration
	at      []px
}

// newWarped returns the scale of at least two moments, the first and the last
// of which are its ends.
func newWarped(moments []time.Duration, from, to px) warped {
	moments = slices.Compact(slices.Sorted(slices.Values(moments)))
	w := warped{moments: moments, at: make([]px, len(moments))}
	even := scale{low: 0, high: float64(len(moments) - 1), from: from, to: to}
	real := scale{low: float64(moments[0]), high: float64(moments[len(moments)-1]), from: from, to: to}
	for i, moment := range moments {
		w.at[i] = (even.at(float64(i)) + real.time(moment)) / 2
	}
	return w
}

func (w warped) time(d time.Duration) px {
	next, _ := slices.BinarySearch(w.moments, d)
	next = min(max(next, 1), len(w.moments)-1)
	span := scale{
		low: float64(w.moments[next-1]), high: float64(w.moments[next]),
		from: w.at[next-1], to: w.at[next],
	}
	return span.time(d)
}

// ticks marks the moments between the ends that are at least so far apart.
func (w warped) ticks(room px) []tick {
	var ticks []tick
	last := w.at[0]
	for i := 1; i < len(w.at)-1; i++ {
		if w.at[i]-last >= room {
			last = w.at[i]
			ticks = append(ticks, tick{At: last, Label: fmt.Sprintf("%.4f s", w.moments[i].Seconds())})
		}
	}
	return ticks
}

// tick is a mark on an axis.
type tick struct {
	At    px
	Label string
}

// timeTicks puts about n marks at round times, a nanosecond apart or more: a
// finer step would be lost beside a late moment, and never reach the end.
func (s scale) timeTicks(n int) []tick {
	step := max(roundStep((s.high-s.low)/float64(n)), 1)
	var ticks []tick
	for value := math.Ceil(s.low/step) * step; value <= s.high; value += step {
		ticks = append(ticks, tick{At: s.at(value), Label: timeLabel(time.Duration(value), time.Duration(step))})
	}
	return ticks
}

// timeLabel writes a moment as exactly as the step between marks asks for.
func timeLabel(at, step time.Duration) string {
	decimals := 0
	for unit := time.Second; unit > time.Microsecond && step < unit; unit /= 10 {
		decimals++
	}
	return strconv.FormatFloat(at.Seconds(), 'f', decimals, 64) + " s"
}

// countTicks puts about n marks at round numbers.
func (s scale) countTicks(n int) []tick {
	step := max(roundStep((s.high-s.low)/float64(n)), 1)
	var ticks []tick
	for value := s.low; value <= s.high; value += step {
		ticks = append(ticks, tick{At: s.at(value), Label: results.Number(int(value))})
	}
	return ticks
}

// roundStep is the smallest of 1, 2, 5, 10, 20 … that is at least the step.
func roundStep(step float64) float64 {
	if step <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, factor := range []float64{1, 2, 5} {
		if factor*power >= step {
			return factor * power
		}
	}
	return 10 * power
}
