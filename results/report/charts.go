package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/results"
)

// The measures of all drawings, in the units of their view boxes.
const (
	drawWidth   px = 1100
	drawLeft    px = 120
	drawRight   px = 1085
	plotTop     px = 18
	plotHeight  px = 180
	plotBottom     = plotTop + plotHeight
	stripHeight px = 20
	// labelLetters is how many fit to the left of a drawing.
	labelLetters = 17
	// buckets is how many points a line of a plot has.
	buckets = 200
	// tickRoom is the least distance between two labels of phases.
	tickRoom px = 70
)

// charts show the whole run over one time axis: faults, rate and latency.
type charts struct {
	Width, Left, Right, Top, Bottom px
	// Height is that of a plot with its axis.
	Height  px
	Ticks   []tick
	Phases  []phaseMark
	Strip   strip
	Bands   []band
	Rate    plot
	Latency plot
}

// figure is a plot with the axes that it shares with others.
type figure struct {
	Charts *charts
	Name   string
	Plot   plot
}

// Figure puts a plot on the time axis of the run.
func (c *charts) Figure(name string, p plot) figure { return figure{c, name, p} }

// PlotHeight is that of a plot without its axis.
func (c *charts) PlotHeight() px { return c.Bottom - c.Top }

type phaseMark struct {
	At    px
	Name  string
	Label bool
}

// strip has a row for each kind of fault.
type strip struct {
	Height, Axis px
	Rows         []stripRow
}

type stripRow struct {
	Y, Middle px
	Kind      string
	Bars      []band
}

// band is the time of a fault.
type band struct {
	X, Width px
	Title    string
	Bit      bool
}

type plot struct {
	Unit  string
	Ticks []tick
	Lines []line
	// Empty says why there is nothing to draw.
	Empty string
}

// line is one series. Its class says how it is dashed, beside its colour.
type line struct{ Name, Class, Path string }

func newCharts(r results.Result, h *history.History, operations []history.Operation) *charts {
	if len(operations) == 0 {
		return nil
	}
	x := scale{low: 0, high: float64(max(r.History.Duration, 1)), from: drawLeft, to: drawRight}
	c := &charts{
		Width: drawWidth, Left: drawLeft, Right: drawRight, Top: plotTop, Bottom: plotBottom, Height: plotBottom + 24,
		Ticks: x.timeTicks(10), Phases: phaseMarks(h, x), Strip: newStrip(r.Faults, x),
	}
	for _, row := range c.Strip.Rows {
		c.Bands = append(c.Bands, row.Bars...)
	}
	bins := binned(operations, x)
	c.Rate = ratePlot(bins, x)
	c.Latency = latencyPlot(bins, x)
	return c
}

func phaseMarks(h *history.History, x scale) []phaseMark {
	var marks []phaseMark
	room := drawLeft - tickRoom
	for _, e := range h.Events {
		if e.Kind != history.Phase || len(marks) == maxSteps {
			continue
		}
		mark := phaseMark{At: x.time(e.Time), Name: text(e.F)}
		if mark.At-room >= tickRoom && drawRight-mark.At >= tickRoom {
			mark.Label, room = true, mark.At
		}
		marks = append(marks, mark)
	}
	return marks
}

func newStrip(faults []results.Fault, x scale) strip {
	var s strip
	var kinds []string
	for i, fault := range faults {
		if i == maxFaults {
			break
		}
		row := slices.Index(kinds, fault.Kind)
		if row < 0 {
			row = len(kinds)
			kinds = append(kinds, fault.Kind)
			y := stripHeight * px(row)
			s.Rows = append(s.Rows, stripRow{Y: y + 3, Middle: y + stripHeight/2 + 4, Kind: results.Printable(fault.Kind, labelLetters)})
		}
		if fault.Injected {
			s.Rows[row].Bars = append(s.Rows[row].Bars, bandOf(fault, x))
		}
	}
	s.Axis = stripHeight * px(len(kinds))
	s.Height = s.Axis + 24
	return s
}

func bandOf(f results.Fault, x timeScale) band {
	title := fmt.Sprintf("%s, %s to %s", text(f.Name()), results.Span(f.Start), results.Span(f.End))
	if evidence := text(f.Evidence); evidence != "" {
		title += ": " + evidence
	}
	if !f.Bit {
		title += "; it " + text(f.WhyNot())
	}
	at := x.time(f.Start)
	return band{X: at, Width: max(x.time(f.End)-at, 2), Title: title, Bit: f.Bit}
}

// bin is a slice of the run's time.
type bin struct {
	middle    px
	seconds   float64
	outcomes  results.Outcomes
	latencies []time.Duration
}

// binned sorts the operations by the moment at which their clients stopped
// waiting.
func binned(operations []history.Operation, x scale) []bin {
	bins := make([]bin, buckets)
	width := x.high / buckets
	for i := range bins {
		bins[i].middle = x.at((float64(i) + 0.5) * width)
		bins[i].seconds = width / float64(time.Second)
	}
	for _, op := range operations {
		b := &bins[min(int(float64(op.End)/width), buckets-1)]
		switch op.Outcome {
		case history.OK:
			b.outcomes.OK++
			b.latencies = append(b.latencies, op.End-op.Start)
		case history.Fail:
			b.outcomes.Fail++
		default:
			b.outcomes.Unknown++
		}
	}
	for _, b := range bins {
		slices.Sort(b.latencies)
	}
	return bins
}

func ratePlot(bins []bin, x scale) plot {
	series := []struct {
		name string
		of   func(results.Outcomes) int
	}{
		{"ok", func(o results.Outcomes) int { return o.OK }},
		{"fail", func(o results.Outcomes) int { return o.Fail }},
		{"unknown", func(o results.Outcomes) int { return o.Unknown }},
	}
	highest := 1.0
	for _, b := range bins {
		for _, s := range series {
			highest = max(highest, float64(s.of(b.outcomes))/b.seconds)
		}
	}
	y := scale{low: 0, high: highest, from: plotBottom, to: plotTop}
	p := plot{Unit: "operations a second", Ticks: y.countTicks(4)}
	for _, s := range series {
		var path pathBuilder
		for _, b := range bins {
			path.to(b.middle, y.at(float64(s.of(b.outcomes))/b.seconds))
		}
		p.Lines = append(p.Lines, line{Name: s.name, Class: s.name, Path: path.String()})
	}
	return p
}

func latencyPlot(bins []bin, x scale) plot {
	low, high := math.Inf(1), 0.0
	for _, b := range bins {
		if n := len(b.latencies); n > 0 {
			low, high = min(low, float64(b.latencies[0])), max(high, float64(b.latencies[n-1]))
		}
	}
	p := plot{Unit: "latency of ok operations"}
	if high == 0 {
		p.Empty = "No operation was ok, so there is no latency to show."
		return p
	}
	lowest, highest := math.Floor(math.Log10(max(low, 1))), math.Ceil(math.Log10(max(high, 1)))
	y := scale{low: lowest, high: max(highest, lowest+1), from: plotBottom, to: plotTop}
	for power := y.low; power <= y.high; power++ {
		p.Ticks = append(p.Ticks, tick{At: y.at(power), Label: decade(power)})
	}
	for _, s := range []struct {
		name, class string
		quantile    float64
	}{{"median", "median", 0.5}, {"99th percentile", "p99", 0.99}, {"longest", "longest", 1}} {
		var path pathBuilder
		for _, b := range bins {
			n := len(b.latencies)
			if n == 0 {
				path.lift()
				continue
			}
			rank := max(int(math.Ceil(s.quantile*float64(n))), 1)
			path.to(b.middle, y.at(math.Log10(float64(max(b.latencies[rank-1], 1)))))
		}
		p.Lines = append(p.Lines, line{Name: s.name, Class: s.class, Path: path.String()})
	}
	return p
}

// decade writes a power of ten nanoseconds: "10 ms".
func decade(power float64) string {
	units := []string{"ns", "µs", "ms", "s"}
	unit := min(int(power)/3, len(units)-1)
	return fmt.Sprintf("%.0f %s", math.Pow(10, power-float64(3*unit)), units[unit])
}

// pathBuilder writes the path of a line that may have gaps.
type pathBuilder struct {
	strings.Builder
	down bool
}

func (p *pathBuilder) to(x, y px) {
	if p.down {
		fmt.Fprintf(p, "L%v %v", x, y)
		return
	}
	// A point on its own is drawn too, thanks to its round ends.
	fmt.Fprintf(p, "M%v %vh0", x, y)
	p.down = true
}

func (p *pathBuilder) lift() { p.down = false }
