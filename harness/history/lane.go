package history

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"
)

func laneName(n int) string { return fmt.Sprintf("lane-%03d.jsonl", n) }

// laneFiles returns the paths of a folder's lanes in the order they were
// opened.
func laneFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("look for the lanes of a history: %w", err)
	}
	var paths []string
	for _, entry := range entries {
		if lane, _ := filepath.Match("lane-*.jsonl", entry.Name()); lane {
			paths = append(paths, filepath.Join(dir, entry.Name()))
		}
	}
	// The thousandth lane has a longer name than the one before it.
	slices.SortFunc(paths, func(a, b string) int {
		return cmp.Or(len(a)-len(b), strings.Compare(a, b))
	})
	return paths, nil
}

// errClosed is what a lane says after the recorder was closed.
var errClosed = errors.New("the recorder is closed")

// Lane records events into a file of its own. Each event is in the kernel, with
// one write, before the call that records it returns: an invocation before its
// request is sent, so that the history of a harness that was killed lacks
// nothing that the system could have seen.
//
// An error is final. The event that met it may be missing, and so a lane that
// failed records nothing more and says so at every call. What it holds up to
// there is sound: an operation whose completion was lost is unknown.
//
// Several goroutines may share a lane; workers that must not wait for each
// other have one each.
type Lane struct {
	name       string
	clock      *Clock
	durability Durability

	mu   sync.Mutex
	file *os.File
	line []byte
	last time.Duration
	err  error
}

// Invoke stamps the event and records it as an invocation. Call it just before
// the request is sent, and do not send that if there is an error. The event
// returned is the one recorded; its Index is -1, since only the whole history
// knows it.
func (l *Lane) Invoke(e Event) (Event, error) { return l.now(Invoke, e) }

// Complete stamps the event and records it as a completion. Call it as soon as
// the reply has come.
func (l *Lane) Complete(e Event) (Event, error) { return l.now(Complete, e) }

// Nemesis stamps and records something that the nemesis did or saw.
func (l *Lane) Nemesis(e Event) (Event, error) {
	e.Process = NoProcess
	return l.now(Nemesis, e)
}

// Phase stamps and records the beginning of the named phase. Trouble, if there
// is any, says what it begins without that it should have: that the nodes had
// not settled.
func (l *Lane) Phase(name, trouble string) (Event, error) {
	return l.now(Phase, Event{Process: NoProcess, F: name, Error: trouble})
}

func (l *Lane) now(kind Kind, e Event) (Event, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	// The stamp is taken under the lock, so that a lane is always in order.
	e.Time = l.clock.Stamp()
	e.Kind = kind
	e.Index = unnumbered
	l.line = l.line[:0]
	l.add(&e)
	return e, l.write()
}

// Append records events that have their stamps and kinds already, in the order
// given, with one write for all. For simulated runs and for converting.
func (l *Lane) Append(events []Event) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.line = l.line[:0]
	for i := range events {
		l.add(&events[i])
	}
	return l.write()
}

// add puts the event into the line buffer.
func (l *Lane) add(e *Event) {
	if l.err != nil {
		return
	}
	if e.Time < l.last {
		l.fail(fmt.Errorf("record %q: its time %v is before that of the event before it, %v", e.F, e.Time, l.last))
		return
	}
	line, err := appendEvent(l.line, e, unnumbered)
	if err == nil && len(line)-len(l.line) > maxLine {
		err = fmt.Errorf("its line of %d bytes is longer than a reader takes", len(line)-len(l.line))
	}
	if err != nil {
		l.fail(fmt.Errorf("record %q: %w", e.F, err))
		return
	}
	l.line = append(line, '\n')
	l.last = e.Time
}

// write hands the line buffer to the kernel.
func (l *Lane) write() error {
	if l.err != nil {
		return l.err
	}
	if _, err := l.file.Write(l.line); err != nil {
		l.fail(fmt.Errorf("write: %w", err))
	} else if l.durability == SurvivesMachine {
		if err := l.file.Sync(); err != nil {
			l.fail(fmt.Errorf("flush: %w", err))
		}
	}
	return l.err
}

func (l *Lane) fail(err error) {
	l.err = fmt.Errorf("lane %s of the history ends here: %w", l.name, err)
}

// close closes the file and returns the error that the lane met, if it met one.
func (l *Lane) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	met := l.err
	closed := l.file.Close()
	l.file = nil
	l.fail(errClosed)
	return errors.Join(met, closed)
}
