package history

import (
	"bufio"
	"container/heap"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"time"
)

// followEvery is how often [Recorder.Follow] looks for new events. What it costs
// the lanes is one short lock each time.
const followEvery = 50 * time.Millisecond

// Follow calls f with the events of the recording while it goes on: in the order
// and with the Index that they will have in the sealed history, a twentieth of a
// second after they were recorded or later if f is slow. It returns when the
// recorder is closed and f was given everything, with what was torn from the
// ends of lanes as in [History.Torn], or at the first error, f's included, or
// when the context ends. The event is f's until f returns; its Value may be kept.
//
// Recording does not wait for f. What f has not seen yet is in the files, so
// that the memory needed is that of one event and of one buffer a lane.
//
// The order is known because a stamp T is taken from the clock first and then
// each lane is locked once. Stamps are taken and written under that lock, so that
// every event with an earlier stamp is in its file by then, and every later one
// has a stamp past T. Events that [Lane.Append] records with stamps of somebody
// else's making have to come in order over all lanes; it is an error if they
// belong before one that was delivered.
func (r *Recorder) Follow(ctx context.Context, f func(*Event) error) (torn string, err error) {
	t := &follower{recorder: r, decoder: newLineDecoder(), f: f}
	defer func() { err = errors.Join(err, t.close()) }()
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	for {
		closed := false
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-r.closed:
			closed = true
		case <-ticker.C:
		}
		if err := t.round(ctx, closed); err != nil {
			return "", fmt.Errorf("follow the history: %w", err)
		}
		if closed {
			cursors := make([]*laneCursor, len(t.lanes))
			for i, lane := range t.lanes {
				cursors[i] = &lane.laneCursor
			}
			return describeTorn(cursors), nil
		}
	}
}

// follower is how far a recording has been followed.
type follower struct {
	recorder *Recorder
	decoder  *lineDecoder
	f        func(*Event) error
	lanes    []*followed
	count    int
	last     time.Duration
}

// followed is a lane that is read while it is written.
type followed struct {
	laneCursor
	// window is the part of the file that may be read.
	window *window
	// ready is true while the cursor holds an event that was not delivered.
	ready bool
}

// window reads a file up to a limit that moves on.
type window struct {
	file      *os.File
	at, limit int64
}

func (w *window) Read(into []byte) (int, error) {
	if w.at >= w.limit {
		return 0, io.EOF
	}
	n, err := w.file.ReadAt(into[:min(int64(len(into)), w.limit-w.at)], w.at)
	w.at += int64(n)
	if n > 0 {
		return n, nil
	}
	if err == io.EOF {
		err = fmt.Errorf("%s is shorter than what was written to it", filepath.Base(w.file.Name()))
	}
	return 0, err
}

// round delivers what was stamped before it began, or everything if the recorder
// was closed before.
func (t *follower) round(ctx context.Context, closed bool) error {
	until, err := t.look(closed)
	if err != nil {
		return err
	}
	var queue laneHeap
	for _, lane := range t.lanes {
		if err := lane.ahead(t.decoder); err != nil {
			return err
		}
		if lane.ready {
			queue = append(queue, &lane.laneCursor)
		}
	}
	heap.Init(&queue)
	for len(queue) > 0 && queue[0].event.Time <= until {
		lane := t.lanes[queue[0].number]
		if err := t.deliver(ctx, lane); err != nil {
			return err
		}
		if err := lane.ahead(t.decoder); err != nil {
			return err
		}
		if lane.ready {
			heap.Fix(&queue, 0)
		} else {
			heap.Pop(&queue)
		}
	}
	return nil
}

// pollEvery is how many events are delivered between two looks at the context.
const pollEvery = 1 << 12

func (t *follower) deliver(ctx context.Context, lane *followed) error {
	e := &lane.event
	if e.Time < t.last {
		return fmt.Errorf("%s holds an event of time %v, and one of %v was delivered before; record events in the order of their stamps",
			filepath.Base(lane.path), e.Time, t.last)
	}
	if t.count%pollEvery == 0 && ctx.Err() != nil {
		return ctx.Err()
	}
	t.last = e.Time
	e.Index = t.count
	t.count++
	lane.ready = false
	return t.f(e)
}

// look takes a stamp and finds out how far each lane had been written by then.
func (t *follower) look(closed bool) (until time.Duration, err error) {
	r := t.recorder
	until = time.Duration(math.MaxInt64)
	if !closed {
		until = r.clock.Stamp()
	}
	// A lane that is opened from here on holds later stamps only.
	r.mu.Lock()
	lanes := r.lanes
	r.mu.Unlock()
	for number := len(t.lanes); number < len(lanes); number++ {
		path := filepath.Join(r.dir, laneName(number))
		file, err := os.Open(path)
		if err != nil {
			return 0, fmt.Errorf("open a lane: %w", err)
		}
		w := &window{file: file}
		t.lanes = append(t.lanes, &followed{
			laneCursor: laneCursor{number: number, path: path, file: file, lines: lineReader{r: bufio.NewReaderSize(w, 1<<16)}},
			window:     w,
		})
	}
	for number, lane := range t.lanes {
		lanes[number].mu.Lock()
		info, err := lane.file.Stat()
		lanes[number].mu.Unlock()
		if err != nil {
			return 0, fmt.Errorf("see how long a lane is: %w", err)
		}
		lane.window.limit = info.Size()
	}
	return until, nil
}

// ahead makes the cursor hold the next event, if the window has one. A line that
// was cut is the last of its lane: a lane that failed records nothing more.
func (l *followed) ahead(decoder *lineDecoder) error {
	if l.ready || l.torn > 0 {
		return nil
	}
	switch err := l.advance(decoder); {
	case err == nil:
		l.ready = true
	case err != io.EOF:
		return err
	}
	return nil
}

func (t *follower) close() error {
	var errs []error
	for _, lane := range t.lanes {
		errs = append(errs, lane.file.Close())
	}
	return errors.Join(errs...)
}
