// Command curves draws what benchmarks print: the time of a check against the
// number of operations, on logarithmic axes, as an SVG on standard output. It
// reads lines of benchmarks whose names end in /<operations>/<checker> from
// standard input.
package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	curves, err := read(os.Stdin)
	if err == nil {
		err = draw(os.Stdout, curves)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "curves:", err)
		os.Exit(1)
	}
}

// curve is the times of one checker on histories of one kind.
type curve struct {
	name string
	// ours is false for those of a peer.
	ours   bool
	points []point
}

type point struct{ operations, seconds float64 }

var line = regexp.MustCompile(`^Benchmark\w+/(.+)/(\d+)/(\w+?)(?:-\d+)?\s+\d+\s+([\d.]+) ns/op`)

// read takes the least time of each benchmark that was run more than once.
func read(in io.Reader) ([]curve, error) {
	var curves []curve
	scanner := bufio.NewScanner(in)
	for scanner.Scan() {
		m := line.FindStringSubmatch(scanner.Text())
		if m == nil {
			continue
		}
		operations, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", scanner.Text(), err)
		}
		ns, err := strconv.ParseFloat(m[4], 64)
		if err != nil {
			return nil, fmt.Errorf("%q: %w", scanner.Text(), err)
		}
		name, ours := m[1], m[3] == "tertium"
		if !ours {
			name += ", " + m[3]
		}
		at := slices.IndexFunc(curves, func(c curve) bool { return c.name == name })
		if at < 0 {
			at = len(curves)
			curves = append(curves, curve{name: name, ours: ours})
		}
		c := &curves[at]
		p := point{operations, ns / 1e9}
		if known := slices.IndexFunc(c.points, func(q point) bool { return q.operations == operations }); known >= 0 {
			c.points[known].seconds = min(c.points[known].seconds, p.seconds)
		} else {
			c.points = append(c.points, p)
		}
	}
	if err := scanner.Err(); err != nil {
		return nil, err
	}
	if len(curves) == 0 {
		return nil, fmt.Errorf("no line of a benchmark named …/<operations>/<checker> was read")
	}
	for _, c := range curves {
		slices.SortFunc(c.points, func(a, b point) int { return cmp.Compare(a.operations, b.operations) })
	}
	return curves, nil
}

// The drawing, in pixels: a square grid with room for marks and names.
const (
	left, top     = 70.0, 20.0
	width, height = 620.0, 420.0
	names         = 210.0
)

// axis maps powers of ten to pixels.
type axis struct{ low, high, from, to float64 }

func (a axis) at(value float64) float64 {
	return a.from + (math.Log10(value)-a.low)/(a.high-a.low)*(a.to-a.from)
}

// axes cover all points with whole powers of ten.
func axes(curves []curve) (x, y axis) {
	x = axis{math.Inf(1), math.Inf(-1), left, left + width}
	y = axis{math.Inf(1), math.Inf(-1), top + height, top}
	for _, c := range curves {
		for _, p := range c.points {
			x.low, x.high = min(x.low, math.Floor(math.Log10(p.operations))), max(x.high, math.Ceil(math.Log10(p.operations)))
			y.low, y.high = min(y.low, math.Floor(math.Log10(p.seconds))), max(y.high, math.Ceil(math.Log10(p.seconds)))
		}
	}
	return x, y
}

// colours can be told apart by most people, and marks by all.
var colours = []string{
	"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
	"#7f7f7f", "#8c564b", "#9467bd", "#bcbd22", "#17becf", "#e377c2",
}

func draw(out io.Writer, curves []curve) error {
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" font-family="sans-serif" font-size="13">
<title>time of a check against the number of operations</title>
<style>text{fill:#222}.grid{stroke:#ddd}.page{fill:#fff}@media(prefers-color-scheme:dark){text{fill:#ddd}.grid{stroke:#444}.page{fill:#1a1a1a}}</style>
<rect class="page" width="100%%" height="100%%"/>
`, left+width+names, top+height+50)
	x, y := axes(curves)
	for power := x.low; power <= x.high; power++ {
		at := x.at(math.Pow(10, power))
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" y1="%g" x2="%.1f" y2="%g"/><text x="%.1f" y="%g" text-anchor="middle">%s</text>`+"\n",
			at, top, at, top+height, at, top+height+18, count(math.Pow(10, power)))
	}
	for power := y.low; power <= y.high; power++ {
		at := y.at(math.Pow(10, power))
		fmt.Fprintf(&b, `<line class="grid" x1="%g" y1="%.1f" x2="%g" y2="%.1f"/><text x="%g" y="%.1f" text-anchor="end">%s</text>`+"\n",
			left, at, left+width, at, left-8, at+4, time.Duration(math.Pow(10, power+9)))
	}
	fmt.Fprintf(&b, `<text x="%g" y="%g" text-anchor="middle">operations</text>`+"\n", left+width/2, top+height+40)
	heights := labelHeights(curves, y)
	for i, c := range curves {
		colour := colours[i%len(colours)]
		var path strings.Builder
		for n, p := range c.points {
			fmt.Fprintf(&path, "%c%.1f %.1f", "ML"[min(n, 1)], x.at(p.operations), y.at(p.seconds))
			element, attributes := mark(i, x.at(p.operations), y.at(p.seconds))
			fmt.Fprintf(&b, `<%s %s fill="%s"><title>%s: %s operations in %.3g s</title></%[1]s>`+"\n",
				element, attributes, colour, escape(c.name), count(p.operations), p.seconds)
		}
		dashes := ""
		if !c.ours {
			dashes = ` stroke-dasharray="6 4"`
		}
		fmt.Fprintf(&b, `<path d="%s" fill="none" stroke="%s" stroke-width="2"%s/>`+"\n", path.String(), colour, dashes)
		last := c.points[len(c.points)-1]
		fmt.Fprintf(&b, `<path d="M%.1f %.1fL%g %.1f" stroke="%s" stroke-width="0.5" fill="none"/><text x="%g" y="%.1f">%s</text>`+"\n",
			x.at(last.operations), y.at(last.seconds), left+width+6, heights[i], colour, left+width+10, heights[i]+4, escape(c.name))
	}
	b.WriteString("</svg>\n")
	_, err := io.WriteString(out, b.String())
	return err
}

// mark is a circle, a square or a triangle.
func mark(i int, x, y float64) (element, attributes string) {
	switch i % 3 {
	case 0:
		return "circle", fmt.Sprintf(`cx="%.1f" cy="%.1f" r="4"`, x, y)
	case 1:
		return "rect", fmt.Sprintf(`x="%.1f" y="%.1f" width="7" height="7"`, x-3.5, y-3.5)
	}
	return "path", fmt.Sprintf(`d="M%.1f %.1fl4.5 8h-9z"`, x, y-5)
}

// labelHeights puts names beside the ends of their curves, with room between
// them.
func labelHeights(curves []curve, y axis) []float64 {
	const room = 17
	order := make([]int, len(curves))
	heights := make([]float64, len(curves))
	for i, c := range curves {
		order[i], heights[i] = i, y.at(c.points[len(c.points)-1].seconds)
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Compare(heights[a], heights[b]) })
	for n := 1; n < len(order); n++ {
		heights[order[n]] = max(heights[order[n]], heights[order[n-1]]+room)
	}
	if over := heights[order[len(order)-1]] - (top + height); over > 0 {
		for i := range heights {
			heights[i] -= over
		}
	}
	return heights
}

func count(n float64) string {
	switch {
	case n >= 1e6:
		return fmt.Sprintf("%gM", n/1e6)
	case n >= 1e3:
		return fmt.Sprintf("%gk", n/1e3)
	}
	return fmt.Sprintf("%g", n)
}

func escape(text string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)
}
