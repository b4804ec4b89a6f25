package history

import (
	"bufio"
	"container/heap"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/tertium-dev/tertium/harness/history/internal/syntax"
)

// laneCursor is a lane being read: its event at hand, and the line it came from.
type laneCursor struct {
	number int
	path   string
	file   *os.File
	lines  lineReader
	event  Event
	line   []byte
	// torn is how many bytes of a last line were cut.
	torn int
}

// advance moves to the lane's next event. It returns io.EOF past the last one.
func (c *laneCursor) advance(decoder *lineDecoder) error {
	line, err := c.lines.next()
	if errors.Is(err, errTorn) {
		// The call that recorded this event never returned. An invocation was
		// not sent, and a completion is as good as none.
		c.torn = len(line)
		return io.EOF
	}
	if err != nil {
		return err
	}
	event, err := decoder.event(line)
	if err != nil {
		return locate(err, c.path, c.lines.number, line)
	}
	if event.Index != unnumbered {
		return &SyntaxError{File: c.path, Line: c.lines.number, Column: 1, Reason: `an event of a lane has no index yet; remove the field "i"`}
	}
	if event.Time < c.event.Time {
		return &SyntaxError{File: c.path, Line: c.lines.number, Column: 1, Reason: fmt.Sprintf("its time %d is before that of the line before it, %d", event.Time, c.event.Time)}
	}
	c.event, c.line = event, line
	return nil
}

// locate turns an error of decoding a line into one that says where it is.
func locate(err error, path string, number int, line []byte) error {
	var at *syntax.Error
	if !errors.As(err, &at) {
		return err
	}
	_, column := positionOf(line, at.Offset)
	return &SyntaxError{File: path, Line: number, Column: column, Reason: at.Reason}
}

// laneHeap has the lane with the earliest event on top.
type laneHeap []*laneCursor

func (h laneHeap) Len() int      { return len(h) }
func (h laneHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h laneHeap) Less(i, j int) bool {
	if h[i].event.Time != h[j].event.Time {
		return h[i].event.Time < h[j].event.Time
	}
	return h[i].number < h[j].number
}
func (h *laneHeap) Push(x any) { *h = append(*h, x.(*laneCursor)) }
func (h *laneHeap) Pop() any {
	last := len(*h) - 1
	c := (*h)[last]
	*h = (*h)[:last]
	return c
}

// mergeLanes calls each with the events of all lanes in the order of their
// stamps, with the line that each came from. It returns what was torn.
func mergeLanes(paths []string, each func(e *Event, line []byte) error) (torn string, err error) {
	decoder := newLineDecoder()
	cursors := make([]*laneCursor, 0, len(paths))
	defer func() {
		for _, c := range cursors {
			err = errors.Join(err, c.file.Close())
		}
	}()
	var queue laneHeap
	for i, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("open a lane of the history: %w", err)
		}
		c := &laneCursor{number: i, path: path, file: file, lines: lineReader{r: bufio.NewReaderSize(file, 1<<16)}}
		cursors = append(cursors, c)
		switch err := c.advance(decoder); {
		case err == nil:
			queue = append(queue, c)
		case err != io.EOF:
			return "", err
		}
	}
	heap.Init(&queue)
	for len(queue) > 0 {
		c := queue[0]
		if err := each(&c.event, c.line); err != nil {
			return "", err
		}
		switch err := c.advance(decoder); {
		case err == nil:
			heap.Fix(&queue, 0)
		case err == io.EOF:
			heap.Pop(&queue)
		default:
			return "", err
		}
	}
	return describeTorn(cursors), nil
}

// describeTorn says what was cut from the ends of lanes, or "".
func describeTorn(cursors []*laneCursor) string {
	var cuts []string
	for _, c := range cursors {
		if c.torn > 0 {
			cuts = append(cuts, fmt.Sprintf("%d bytes at the end of %s", c.torn, filepath.Base(c.path)))
		}
	}
	return strings.Join(cuts, ", ")
}
