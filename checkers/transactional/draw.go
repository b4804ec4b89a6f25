package transactional

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// ErrNoCycle says that a finding is not about a cycle of transactions.
var ErrNoCycle = errors.New("the finding has no cycle to draw")

// The steps of a finding that are drawn: which transactions it is about, and
// which comes before which.
var (
	nameStep  = regexp.MustCompile(`^T(\d+) = (.*)$`)
	orderStep = regexp.MustCompile(`^T(\d+) -(ww|wr|rw|process|realtime)-> T(\d+): (.*)$`)
)

// arrow is a dependency to draw.
type arrow struct {
	from, to  int
	kind, why string
}

// mostDrawn is how many transactions are drawn; more would be illegible.
const mostDrawn = 24

// Sizes of a drawing, in pixels.
const (
	boxWidth   = 250.0
	boxHeight  = 34.0
	boxRoom    = 60.0
	textRoom   = 38 // characters that fit into a box
	drawMargin = 20.0
)

// DrawCycle draws a finding about a cycle as a small SVG that needs nothing
// else: a box for each transaction, around a ring, and an arrow for each
// dependency. It works from the text of the finding, so that what was read back
// from a result can be drawn too. It returns [ErrNoCycle] for other findings.
func DrawCycle(w io.Writer, finding verdict.Finding) error {
	names, arrows := dependenciesIn(finding.Steps)
	if len(arrows) == 0 || len(names) == 0 || len(names) > mostDrawn {
		return ErrNoCycle
	}
	d := drawing{n: len(names)}
	// On the ring, boxes that are side by side must not touch.
	d.radius = max(110, float64(d.n)*(boxHeight+boxRoom)/(2*math.Pi))
	d.width = 2*(d.radius+drawMargin) + boxWidth
	d.height = 2*(d.radius+drawMargin) + boxHeight
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" font-family="sans-serif" font-size="12" role="img">`,
		d.width, d.height, d.width, d.height)
	d.printf(`<title>%s</title>`, escape(finding.Anomaly+": "+finding.Summary))
	d.printf(`<defs><marker id="tip" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" fill="#444"/></marker></defs>`)
	for _, a := range arrows {
		d.arrow(a)
	}
	for i, name := range names {
		d.box(i, name)
	}
	d.printf("</svg>\n")
	if _, err := io.WriteString(w, d.text.String()); err != nil {
		return fmt.Errorf("draw the cycle: %w", err)
	}
	return nil
}

// dependenciesIn reads the steps of a finding. Arrows between transactions that
// it does not name are left out.
func dependenciesIn(steps []string) (names []string, arrows []arrow) {
	for _, step := range steps {
		if m := nameStep.FindStringSubmatch(step); m != nil {
			if n, err := strconv.Atoi(m[1]); err == nil && n == len(names)+1 {
				names = append(names, m[2])
			}
			continue
		}
		m := orderStep.FindStringSubmatch(step)
		if m == nil {
			continue
		}
		from, err1 := strconv.Atoi(m[1])
		to, err2 := strconv.Atoi(m[3])
		if err1 == nil && err2 == nil && from >= 1 && to >= 1 && from <= len(names) && to <= len(names) && from != to {
			arrows = append(arrows, arrow{from - 1, to - 1, m[2], m[4]})
		}
	}
	return names, arrows
}

type drawing struct {
	text                  strings.Builder
	n                     int
	radius, width, height float64
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(&d.text, format, args...) }

// centre is where the box of a transaction is.
func (d *drawing) centre(i int) (x, y float64) {
	angle := 2*math.Pi*float64(i)/float64(d.n) - math.Pi/2
	return d.width/2 + d.radius*math.Cos(angle), d.height/2 + d.radius*math.Sin(angle)
}

func (d *drawing) box(i int, name string) {
	x, y := d.centre(i)
	d.printf(`<g><title>%s</title><rect x="%.1f" y="%.1f" width="%.0f" height="%.0f" rx="5" fill="#fff" stroke="#444"/><text x="%.1f" y="%.1f" text-anchor="middle"><tspan font-weight="bold">T%d</tspan> %s</text></g>`,
		escape(name), x-boxWidth/2, y-boxHeight/2, boxWidth, boxHeight, x, y+4, i+1, escape(shorten(name, textRoom)))
}

// arrow draws a dependency as a curve that bends to its right, so that two that
// are opposite do not hide each other.
func (d *drawing) arrow(a arrow) {
	x1, y1 := d.centre(a.from)
	x2, y2 := d.centre(a.to)
	dx, dy := x2-x1, y2-y1
	bend := 0.22
	cx, cy := (x1+x2)/2-bend*dy, (y1+y2)/2+bend*dx
	x1, y1 = edge(x1, y1, cx, cy)
	x2, y2 = edge(x2, y2, cx, cy)
	colour := map[string]string{"rw": "#b00020", "process": "#777", "realtime": "#777"}[a.kind]
	if colour == "" {
		colour = "#1a4fa0"
	}
	dashes := ""
	if a.kind == "process" || a.kind == "realtime" {
		dashes = ` stroke-dasharray="4 3"`
	}
	d.printf(`<g><title>%s</title><path d="M%.1f %.1fQ%.1f %.1f %.1f %.1f" fill="none" stroke="%s"%s marker-end="url(#tip)"/><text x="%.1f" y="%.1f" text-anchor="middle" fill="%s">%s</text></g>`,
		escape(a.why), x1, y1, cx, cy, x2, y2, colour, dashes, (x1+2*cx+x2)/4, (y1+2*cy+y2)/4-3, colour, a.kind)
}

// edge returns where a line from the middle of a box towards a point leaves it.
func edge(x, y, towardsX, towardsY float64) (float64, float64) {
	dx, dy := towardsX-x, towardsY-y
	scale := math.Inf(1)
	if dx != 0 {
		scale = min(scale, boxWidth/2/math.Abs(dx))
	}
	if dy != 0 {
		scale = min(scale, boxHeight/2/math.Abs(dy))
	}
	scale = min(scale, 1)
	return x + dx*scale, y + dy*scale
}

func shorten(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return string([]rune(text)[:most-1]) + "…"
}

// escape makes text safe in SVG.
func escape(text string) string {
	var b strings.Builder
	// A strings.Builder does not fail.
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
