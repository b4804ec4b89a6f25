package transactional

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

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

// kindsDrawn are the names of dependencies, and meanings what they say.
var (
	kindsDrawn = []string{"ww", "wr", "rw", "process", "realtime"}
	meanings   = map[string]string{
		"ww": "was overwritten by", "wr": "was seen by", "rw": "did not see the write of",
		"process": "earlier, by the same process", "realtime": "answered before the call of",
	}
)

// arrow is a dependency to draw.
type arrow struct {
	from, to  int
	kind, why string
}

// mostDrawn is how many transactions are drawn; more would be illegible.
const mostDrawn = 24

// Sizes of a drawing, in pixels, and how many characters fit.
const (
	margin    = 16.0
	boxWidth  = 620.0
	inset     = 12.0
	textLine  = 17.0
	stemAt    = 36.0 // of the arrows between neighbours, from the left of a box
	laneWidth = 24.0 // of the arrows beside the boxes
	codeRoom  = 76
	codeLines = 3
	saidRoom  = 82
)

// DrawCycle draws a finding about a cycle as an SVG that needs nothing else: a
// box for each transaction, one below the other, and a named arrow for each
// dependency, with the sentence that explains it. It works from the text of the
// finding, so that what was read back from a result can be drawn too. It returns
// [ErrNoCycle] for other findings.
func DrawCycle(w io.Writer, finding verdict.Finding) error {
	names, arrows := dependenciesIn(finding.Steps)
	if len(arrows) == 0 || len(names) == 0 || len(names) > mostDrawn {
		return ErrNoCycle
	}
	d := newDrawing(names, arrows)
	d.printf(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" role="img">`, d.width, d.height, d.width, d.height)
	d.printf(`<title>%s</title>%s<rect class="page" width="100%%" height="100%%"/>`, escape(finding.Anomaly+": "+finding.Summary), look)
	for _, kind := range kindsDrawn {
		d.printf(`<marker id="%s" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip %s" d="M0 0L8 4L0 8z"/></marker>`, kind, kind)
	}
	d.printf(`<text class="head" x="%.0f" y="%.0f">%s</text>`, margin, margin+textLine, escape(finding.Anomaly))
	for i := range d.boxes {
		d.box(i)
	}
	for i := range d.stems {
		d.stem(&d.stems[i])
	}
	for i := range d.lanes {
		d.lane(i)
	}
	d.legend()
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

// escape makes text safe in SVG.
func escape(text string) string {
	var b strings.Builder
	// A strings.Builder does not fail.
	_ = xml.EscapeText(&b, []byte(text))
	return b.String()
}
