package journal

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// suffix ends the names of journals; files of other names are left alone.
const suffix = ".journal"

// line is one line of a journal: a record with its entry, or what is done.
type line struct {
	Record int64          `json:"record,omitempty"`
	Entry  *cluster.Entry `json:"entry,omitempty"`
	Done   int64          `json:"done,omitempty"`
}

// Journal is the journal of a living harness.
type Journal struct {
	mu   sync.Mutex
	file *os.File // nil once closed
	path string
	last int64
	open map[int64]bool
}

var _ cluster.Journal = (*Journal)(nil)

// openTries bounds how often a sweep may take a new journal for an empty one
// that was left behind, in the moment before it is locked.
const openTries = 100

// Open begins a new journal in the state folder dir and locks it.
func Open(dir string) (*Journal, error) {
	if err := private(dir); err != nil {
		return nil, err
	}
	for range openTries {
		file, err := os.CreateTemp(dir, "*"+suffix)
		if err != nil {
			return nil, fmt.Errorf("beginning an undo journal: %w", err)
		}
		mine, err := own(file)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("beginning an undo journal: %w", err),
				os.Remove(file.Name()), file.Close())
		}
		if mine {
			return &Journal{file: file, path: file.Name(), open: map[int64]bool{}}, nil
		}
		if err := file.Close(); err != nil {
			return nil, fmt.Errorf("beginning an undo journal: %w", err)
		}
	}
	return nil, fmt.Errorf("beginning an undo journal: %d were swept away from %s before they could be locked", openTries, dir)
}

// own locks a journal and says whether it is still there: a sweep removes
// journals that it finds empty.
func own(file *os.File) (bool, error) {
	if err := lock(file); errors.Is(err, errHeld) {
		return false, nil
	} else if err != nil {
		return false, err
	}
	return linked(file)
}

// linked says whether a file is still the one of its name.
func linked(file *os.File) (bool, error) {
	mine, err := file.Stat()
	if err != nil {
		return false, err
	}
	there, err := os.Stat(file.Name())
	if errors.Is(err, os.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return os.SameFile(mine, there), nil
}

// Path is the journal's file.
func (j *Journal) Path() string { return j.path }

// Record writes that something will have to be undone. The line is on the disk
// when Record returns.
func (j *Journal) Record(entry cluster.Entry) (int64, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	id := j.last + 1
	if err := j.write(line{Record: id, Entry: &entry}); err != nil {
		return 0, err
	}
	if err := j.file.Sync(); err != nil {
		return 0, fmt.Errorf("syncing the undo journal: %w", err)
	}
	j.last = id
	j.open[id] = true
	return id, nil
}

// Done writes that an entry has been undone. It need not be on the disk at
// once: to undo a thing twice does no harm.
func (j *Journal) Done(id int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.open[id] {
		return fmt.Errorf("undo journal %s has no open entry %d", filepath.Base(j.path), id)
	}
	if err := j.write(line{Done: id}); err != nil {
		return err
	}
	delete(j.open, id)
	return nil
}

// Close gives the journal up. Its file is removed if everything in it is done,
// and otherwise left for the next sweep. It is safe to call twice.
func (j *Journal) Close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.file == nil {
		return nil
	}
	file := j.file
	j.file = nil
	var err error
	if len(j.open) == 0 {
		err = os.Remove(j.path)
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("closing the undo journal: %w", err)
	}
	return nil
}

func (j *Journal) write(l line) error {
	if j.file == nil {
		return fmt.Errorf("undo journal %s: %w", filepath.Base(j.path), os.ErrClosed)
	}
	return appendLine(j.file, l)
}

// appendLine writes a line in one write. After a write that failed halfway, as
// on a full disk, the half is taken back, so that the next line does not run
// into it.
func appendLine(file *os.File, l line) error {
	data, err := encode(l)
	if err != nil {
		return err
	}
	n, err := file.Write(data)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("writing the undo journal: %w", err)
	if n > 0 {
		end, seekErr := file.Seek(-int64(n), io.SeekCurrent)
		err = errors.Join(err, seekErr)
		if seekErr == nil {
			err = errors.Join(err, file.Truncate(end))
		}
	}
	return err
}

func encode(l line) ([]byte, error) {
	data, err := json.Marshal(l)
	if err != nil {
		return nil, fmt.Errorf("encoding a line of the undo journal: %w", err)
	}
	return append(data, '\n'), nil
}
