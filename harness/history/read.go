package history

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrNoHistory means that a folder holds neither a sealed history nor lanes.
var ErrNoHistory = errors.New("no history")

// ReadDir reads the history in a run's folder: the sealed one, checked against
// its hash chain, or else what the lanes of an interrupted run hold. Of lanes,
// an event that was being written when the harness died is cut off and reported
// in [History.Torn], and operations without a completion stay open. The history
// returned is one that [History.Validate] accepts.
func ReadDir(dir string) (*History, error) {
	h := &History{}
	torn, err := Each(dir, func(e *Event) error {
		h.Events = append(h.Events, *e)
		return nil
	})
	if err != nil {
		return nil, err
	}
	h.Torn = torn
	return h, nil
}

// Each calls f with the events that [ReadDir] would return, one by one, and
// keeps none of them. It stops at the first error, f's included. What f was
// given before that is not to be relied on.
func Each(dir string, f func(*Event) error) (torn string, err error) {
	next := checked(dir, f)
	path := filepath.Join(dir, SealedName)
	if _, err := os.Stat(path); errors.Is(err, os.ErrNotExist) {
		return readLanes(dir, next)
	}
	sealed, err := readSealed(path, next)
	return sealed.Torn, err
}

// checked returns a function that numbers events, checks that they are a
// history so far, and passes them to f.
func checked(source string, f func(*Event) error) func(*Event) error {
	v := NewValidator()
	index := 0
	return func(e *Event) error {
		e.Index = index
		index++
		if err := v.Next(e); err != nil {
			return fmt.Errorf("the history in %s cannot be checked: %w", source, err)
		}
		return f(e)
	}
}

func readLanes(dir string, next func(*Event) error) (torn string, err error) {
	paths, err := laneFiles(dir)
	if err != nil {
		return "", err
	}
	if len(paths) == 0 {
		return "", fmt.Errorf("read %s: %w", dir, ErrNoHistory)
	}
	return mergeLanes(paths, func(e *Event, _ []byte) error { return next(e) })
}

func readSealed(path string, next func(*Event) error) (Sealed, error) {
	decoder := newLineDecoder()
	count := 0
	var e Event // one for all, so that no event is a garbage of its own
	return walkSealed(path, func(line []byte, number int) (err error) {
		if e, err = decoder.numbered(line, count, number, path); err != nil {
			return err
		}
		count++
		return next(&e)
	})
}

// numbered decodes the event on a line of a file, which must have this index if
// it states one.
func (d *lineDecoder) numbered(line []byte, index, number int, path string) (Event, error) {
	e, err := d.event(line)
	if err != nil {
		return Event{}, locate(err, path, number, line)
	}
	if e.Index != index && e.Index != unnumbered {
		return Event{}, &SyntaxError{File: path, Line: number, Column: 1, Reason: fmt.Sprintf("the event has index %d, and %d events are before it", e.Index, index)}
	}
	return e, nil
}
