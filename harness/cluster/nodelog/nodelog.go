// Package nodelog is the log of a node of the system under test: what its processes
// said, with lines of the harness between, bounded in size.
package nodelog

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	// maxLog bounds a log. A log that has grown so long becomes log.1, in place
	// of the one before, so that the newest words are always there.
	maxLog = 32 << 20
	// maxTail bounds what is kept of a log to be quoted in an error.
	maxTail = 8 << 10
)

// Log is the log of a node over all its processes. Its methods may be called from
// several goroutines at once.
type Log struct {
	path  string
	limit int64

	mu   sync.Mutex
	file *os.File // nil once closed
	size int64
	last []byte // what the process said last
	err  error  // the first that could not be written
}

// Open opens the log at path, behind what is in it already.
func Open(path string) (*Log, error) {
	l := &Log{path: path, limit: maxLog}
	if err := l.open(); err != nil {
		return nil, err
	}
	return l, nil
}

func (l *Log) open() error {
	file, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening a node's log: %w", err)
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return fmt.Errorf("opening a node's log: %w", err)
	}
	l.file, l.size = file, info.Size()
	return nil
}

// Drain copies what a process says until it has said all. It reads on even if
// the log cannot be written: a process must not wait for its log.
func (l *Log) Drain(r io.Reader) {
	buf := make([]byte, 16<<10)
	for {
		n, err := r.Read(buf)
		if n > 0 {
			l.Add(buf[:n])
		}
		if err != nil {
			return
		}
	}
}

// Add writes what a process said.
func (l *Log) Add(p []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = append(l.last, p...)
	if over := len(l.last) - maxTail; over > 0 {
		l.last = append(l.last[:0], l.last[over:]...)
	}
	l.write(p)
}

// Mark writes a line of the harness's own, at a time since the cluster's
// opening.
func (l *Log) Mark(at time.Duration, format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write(fmt.Appendf(nil, "--- tertium +%.3fs "+format+"\n", append([]any{at.Seconds()}, args...)...))
}

// Begin forgets what was last said, before a new process says something.
func (l *Log) Begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = nil
}

func (l *Log) write(p []byte) {
	if l.file == nil {
		return
	}
	if l.size+int64(len(p)) > l.limit {
		l.rotate()
	}
	n, err := l.file.Write(p)
	l.size += int64(n)
	l.note(err)
}

func (l *Log) rotate() {
	l.note(os.Rename(l.path, l.path+".1"))
	old := l.file
	if err := l.open(); err != nil {
		l.note(err) // and go on with the old one
		return
	}
	l.note(old.Close())
}

func (l *Log) note(err error) {
	if l.err == nil {
		l.err = err
	}
}

// Tail returns the last lines that the process said since it was started.
func (l *Log) Tail(lines int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	text := bytes.TrimRight(l.last, "\n")
	if len(text) == 0 {
		return "(nothing)"
	}
	all := strings.Split(string(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}

// Close ends the log and returns the first error that kept a word from it.
func (l *Log) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file != nil {
		l.note(l.file.Close())
		l.file = nil
	}
	if l.err != nil {
		return fmt.Errorf("the log of a node is not complete: %w", l.err)
	}
	return nil
}
