// Package wal keeps what a ledger node must not forget in one file.
//
// The file is a sequence of frames ([frame]), each one batch of the core: hard
// state and log entries together. A batch is written with one write and one
// fsync, so a crash leaves at most the last one torn, and nothing rests on it:
// it was not acknowledged. Recovery cuts such a tail. Damage with a whole frame
// behind it is no torn tail but lost data, and recovery refuses it.
//
// A snapshot begins a new file, which gets its name only when it is durable; so
// the first frame of a file is always whole.
package wal

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tertium-dev/tertium/systems/ledger/core"
	"github.com/tertium-dev/tertium/systems/ledger/frame"
)

// Name is the name of the file in a node's data folder.
const Name = "ledger.wal"

// ErrDamaged says that a log lost data in its middle. The node's folder has to
// be removed; the other nodes bring it up to date.
var ErrDamaged = errors.New("log is damaged")

// Options are planted bugs, off by default.
type Options struct {
	// Buffered keeps batches in memory until Flush.
	Buffered bool
	// AcceptTorn takes what it can read of a torn tail for good.
	AcceptTorn bool
}

// Log is an open log. It is used by one goroutine at a time. After an error it
// must not be used again: what the disk holds is then not known (after a failed
// fsync the kernel may drop the pages and report success the next time).
type Log struct {
	dir     string
	options Options
	file    *os.File
	buffer  []byte
}

// Open opens the log in dir, or begins one, and returns what it holds. Cut is
// the number of bytes of a torn tail that were cut off.
func Open(dir string, options Options) (l *Log, found core.Recovered, cut int, err error) {
	l = &Log{dir: dir, options: options}
	path := filepath.Join(dir, Name)
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		if err := l.begin(nil); err != nil {
			return nil, found, 0, fmt.Errorf("begin log: %w", err)
		}
		return l, found, 0, nil
	}
	if err != nil {
		return nil, found, 0, fmt.Errorf("open log: %w", err)
	}
	found, whole, salvaged, err := replay(data, options.AcceptTorn)
	if err != nil {
		return nil, found, 0, fmt.Errorf("%s: %w", path, err)
	}
	cut = len(data) - whole
	if err := l.reopen(whole, cut > 0); err != nil {
		return nil, found, 0, fmt.Errorf("open log: %w", err)
	}
	if salvaged != nil {
		// What was taken for good gets a frame to match.
		if err := l.append(salvaged); err != nil {
			return nil, found, 0, err
		}
	}
	return l, found, cut, nil
}

// reopen opens the file for appending after its whole frames.
func (l *Log) reopen(whole int, torn bool) error {
	file, err := os.OpenFile(filepath.Join(l.dir, Name), os.O_RDWR, 0)
	if err != nil {
		return err
	}
	l.file = file
	if torn {
		if err := file.Truncate(int64(whole)); err != nil {
			return err
		}
		if err := file.Sync(); err != nil {
			return err
		}
	}
	_, err = file.Seek(int64(whole), 0)
	return err
}

// Write makes a batch durable, or at least puts it in line if nothing rests on
// it.
func (l *Log) Write(batch core.Batch) error {
	payload := marshal(messageOf(batch))
	if batch.Snapshot != nil {
		if err := l.begin(payload); err != nil {
			return fmt.Errorf("begin log with snapshot: %w", err)
		}
		return nil
	}
	if l.options.Buffered {
		l.buffer = frame.Append(l.buffer, payload)
		return nil
	}
	if err := l.append(payload); err != nil {
		return err
	}
	if batch.Sync {
		return l.sync()
	}
	return nil
}

// Flush writes what Buffered holds back.
func (l *Log) Flush() error {
	if len(l.buffer) == 0 {
		return nil
	}
	if _, err := l.file.Write(l.buffer); err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	l.buffer = l.buffer[:0]
	return l.sync()
}

// Close closes the file.
func (l *Log) Close() error {
	if err := l.Flush(); err != nil {
		return errors.Join(err, l.file.Close())
	}
	return l.file.Close()
}

func (l *Log) append(payload []byte) error {
	l.buffer = frame.Append(l.buffer[:0], payload)
	_, err := l.file.Write(l.buffer)
	l.buffer = l.buffer[:0]
	if err != nil {
		return fmt.Errorf("write log: %w", err)
	}
	return nil
}

func (l *Log) sync() error {
	if err := l.file.Sync(); err != nil {
		return fmt.Errorf("fsync log: %w", err)
	}
	return nil
}

// begin replaces the file by one that holds a single frame.
func (l *Log) begin(payload []byte) error {
	path := filepath.Join(l.dir, Name)
	file, err := os.OpenFile(path+".new", os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(frame.Append(nil, payload))
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err == nil {
		err = syncDir(l.dir)
	}
	if err != nil {
		return errors.Join(err, file.Close())
	}
	if l.file != nil {
		// All that it held is in the new file.
		_ = l.file.Close()
	}
	l.file, l.buffer = file, l.buffer[:0]
	return nil
}

// syncDir makes a rename in dir durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
