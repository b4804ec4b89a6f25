package history

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Durability says what a recorded event survives.
type Durability uint8

const (
	// SurvivesProcess: the event is in the kernel when the call returns, so it
	// survives whatever happens to the harness, kill -9 included, but not a
	// power loss of the machine that the harness runs on.
	SurvivesProcess Durability = iota
	// SurvivesMachine: the event is on the disk when the call returns. Each
	// lane waits for its own flush; file systems with a journal put flushes
	// that come together into one commit.
	SurvivesMachine
)

// RecorderOptions are the settings of a recorder. The zero value is usable.
type RecorderOptions struct {
	Durability Durability
}

// Recorder records the history of a run into a folder, one file a lane.
type Recorder struct {
	dir     string
	clock   *Clock
	options RecorderOptions

	mu    sync.Mutex
	lanes []*Lane
	// closed is closed with the recorder.
	closed chan struct{}
}

// NewRecorder returns a recorder into a folder, which it makes if need be, that
// must not hold a history yet.
func NewRecorder(dir string, clock *Clock, options RecorderOptions) (*Recorder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder for the history: %w", err)
	}
	lanes, err := laneFiles(dir)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Join(dir, SealedName)); err == nil || len(lanes) > 0 {
		return nil, fmt.Errorf("%s holds a history already; record into a new folder", dir)
	}
	return &Recorder{dir: dir, clock: clock, options: options, closed: make(chan struct{})}, nil
}

// Lane opens another lane: a place to record from without waiting for other
// lanes. Its name is for messages only.
func (r *Recorder) Lane(name string) (*Lane, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	path := filepath.Join(r.dir, laneName(len(r.lanes)))
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lane %s of the history: %w", name, err)
	}
	if r.options.Durability == SurvivesMachine {
		if err := syncDir(r.dir); err != nil {
			return nil, errors.Join(err, file.Close())
		}
	}
	lane := &Lane{name: name, file: file, clock: r.clock, durability: r.options.Durability}
	r.lanes = append(r.lanes, lane)
	return lane, nil
}

// Close closes all lanes. It returns the errors that any of them met, even
// those that its callers were told of already.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	var errs []error
	for _, lane := range r.lanes {
		errs = append(errs, lane.close())
	}
	select {
	case <-r.closed:
	default:
		close(r.closed)
	}
	return errors.Join(errs...)
}
