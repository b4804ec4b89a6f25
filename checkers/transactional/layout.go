package transactional

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// look is the style sheet of a drawing, for light and dark pages.
const look = `<style>
text{font:13px sans-serif;fill:#1c1c1c}
.head{font-size:15px;font-weight:bold}
.code{font:12px monospace}
.name,.kind{font-weight:bold}
.faint{fill:#666;font-size:12px}
.page{fill:#fff}
.box{fill:#f6f7f9;stroke:#8a8f98}
.edge{fill:none;stroke-width:1.6}
.edge.ww,.edge.wr{stroke:#1a4fa0}.tip.ww,.tip.wr,text.ww,text.wr{fill:#1a4fa0}
.edge.rw{stroke:#b00020}.tip.rw,text.rw{fill:#b00020}
.edge.process,.edge.realtime{stroke:#666;stroke-dasharray:5 3}.tip.process,.tip.realtime,text.process,text.realtime{fill:#666}
@media(prefers-color-scheme:dark){
text{fill:#e6e6e6}.page{fill:#16181c}.box{fill:#23262c;stroke:#6b7280}.faint{fill:#a5a9b1}
.edge.ww,.edge.wr{stroke:#7fb0ff}.tip.ww,.tip.wr,text.ww,text.wr{fill:#7fb0ff}
.edge.rw{stroke:#ff8095}.tip.rw,text.rw{fill:#ff8095}
.edge.process,.edge.realtime{stroke:#a5a9b1}.tip.process,.tip.realtime,text.process,text.realtime{fill:#a5a9b1}
}
</style>`

// drawing is where everything goes. Boxes are one below the other. Between
// neighbours there is room for one arrow down, a stem; all other arrows have a
// lane each beside the boxes, and their sentences are at the bottom.
type drawing struct {
	text          strings.Builder
	width, height float64
	boxes         []box
	stems, lanes  []link
}

type box struct {
	name       string
	code       []string
	where      string
	top, tall  float64
	ports, met int
}

// link is an arrow with its sentence in lines, and where that begins.
type link struct {
	arrow
	lines []string
	at    float64
}

func newDrawing(names []string, arrows []arrow) *drawing {
	d := &drawing{}
	for i, name := range names {
		code, where := name, ""
		if at := strings.LastIndex(name, " (process "); at >= 0 {
			code, where = name[:at], name[at+1:]
		}
		b := box{name: fmt.Sprintf("T%d", i+1), code: wrap(code, codeRoom, codeLines), where: where}
		b.tall = textLine*float64(len(b.code)+1) + inset
		d.boxes = append(d.boxes, b)
	}
	below := make([]int, len(names))
	for _, a := range arrows {
		l := link{arrow: a, lines: wrap(a.why, saidRoom, codeLines)}
		if a.to == a.from+1 && below[a.from] == 0 {
			below[a.from] = len(l.lines)
			d.stems = append(d.stems, l)
			continue
		}
		d.boxes[a.from].ports++
		d.boxes[a.to].ports++
		d.lanes = append(d.lanes, l)
	}
	// Short arrows are nearer to the boxes, so that they cross fewer.
	slices.SortStableFunc(d.lanes, func(a, b link) int { return cmp.Compare(distance(a.arrow), distance(b.arrow)) })
	y := margin + 2*textLine
	for i := range d.boxes {
		b := &d.boxes[i]
		b.tall = max(b.tall, 8*float64(b.ports+1))
		b.top = y
		y += b.tall + textLine*float64(below[i]+1)
	}
	for i := range d.stems {
		s := &d.stems[i]
		s.at = d.boxes[s.from].top + d.boxes[s.from].tall + textLine*1.2
	}
	y += textLine / 2
	for i := range d.lanes {
		d.lanes[i].at = y
		y += textLine * (float64(len(d.lanes[i].lines)) + 0.4)
	}
	d.width = 2*margin + boxWidth + laneWidth*float64(len(d.lanes)) + inset
	d.height = y + textLine + margin
	return d
}

func distance(a arrow) int { return max(a.from-a.to, a.to-a.from) }

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(&d.text, format, args...) }

func (d *drawing) box(i int) {
	b := &d.boxes[i]
	d.printf(`<g><rect class="box" x="%.0f" y="%.1f" width="%.0f" height="%.1f" rx="5"/>`, margin, b.top, boxWidth, b.tall)
	y := b.top + textLine
	d.printf(`<text class="name" x="%.0f" y="%.1f">%s</text>`, margin+inset, y, b.name)
	for _, line := range b.code {
		d.printf(`<text class="code" x="%.0f" y="%.1f">%s</text>`, margin+inset+30, y, escape(line))
		y += textLine
	}
	d.printf(`<text class="faint" x="%.0f" y="%.1f">%s</text></g>`, margin+inset+30, y, escape(b.where))
}

func (d *drawing) stem(l *link) {
	from, to := &d.boxes[l.from], &d.boxes[l.to]
	x := margin + stemAt
	d.printf(`<g><path class="edge %s" marker-end="url(#%s)" d="M%.1f %.1fV%.1f"/>`, l.kind, l.kind, x, from.top+from.tall, to.top)
	d.sentence(l, x+14)
}

// sentence writes the name of an arrow and its sentence, and ends its group.
func (d *drawing) sentence(l *link, x float64) {
	for i, line := range l.lines {
		name := ""
		if i == 0 {
			name = fmt.Sprintf(`<tspan class="kind">%s</tspan> `, l.kind)
		}
		d.printf(`<text class="%s" x="%.1f" y="%.1f">%s%s</text>`, l.kind, x, l.at+textLine*float64(i), name, escape(line))
	}
	d.printf("</g>")
}

// port is the next free place at the right of a box.
func (b *box) port() float64 {
	b.met++
	return b.top + b.tall*float64(b.met)/float64(b.ports+1)
}

func (d *drawing) lane(i int) {
	const round = 6.0
	l := &d.lanes[i]
	right := margin + boxWidth
	x := right + laneWidth*float64(i+1)
	y1, y2 := d.boxes[l.from].port(), d.boxes[l.to].port()
	turn := round
	if y2 < y1 {
		turn = -round
	}
	d.printf(`<g><path class="edge %s" marker-end="url(#%s)" d="M%.1f %.1fH%.1fQ%.1f %.1f %.1f %.1fV%.1fQ%.1f %.1f %.1f %.1fH%.1f"/>`, l.kind, l.kind,
		right, y1, x-round, x, y1, x, y1+turn, y2-turn, x, y2, x-round, y2, right)
	middle := (y1 + y2) / 2
	d.printf(`<text class="kind %s" x="%.1f" y="%.1f" text-anchor="middle" transform="rotate(90 %.1f %.1f)">%s</text>`, l.kind, x+5, middle, x+5, middle, l.kind)
	d.printf(`<text class="name" x="%.1f" y="%.1f">T%d → T%d</text>`, margin, l.at, l.from+1, l.to+1)
	d.sentence(l, margin+80)
}

// legend says what the kinds of arrows mean that occur.
func (d *drawing) legend() {
	var parts []string
	for _, kind := range kindsDrawn {
		is := func(l link) bool { return l.kind == kind }
		if slices.ContainsFunc(d.stems, is) || slices.ContainsFunc(d.lanes, is) {
			parts = append(parts, kind+": "+meanings[kind])
		}
	}
	d.printf(`<text class="faint" x="%.0f" y="%.1f">%s</text>`, margin, d.height-margin, strings.Join(parts, "  ·  "))
}

// wrap cuts text into lines of so many characters, between words if it can, and
// leaves out what does not fit into so many lines.
func wrap(text string, room, most int) (lines []string) {
	rest := []rune(text)
	for len(rest) > room {
		if len(lines) == most-1 {
			return append(lines, string(rest[:room-1])+"…")
		}
		end := room
		for end > room/2 && rest[end] != ' ' {
			end--
		}
		if rest[end] != ' ' {
			end = room
		}
		lines = append(lines, string(rest[:end]))
		for rest = rest[end:]; len(rest) > 0 && rest[0] == ' '; {
			rest = rest[1:]
		}
	}
	return append(lines, string(rest))
}
