package journal

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// Undoer undoes entries of one kind. It must be idempotent: a sweep that is
// itself killed is done again. It says what it did ("killed 3 processes",
// "already gone").
type Undoer func(ctx context.Context, entry cluster.Entry) (what string, err error)

// alreadyGone is what undoers say when there was nothing left to undo.
const alreadyGone = "already gone"

// Undone is what became of one entry that a dead harness left.
type Undone struct {
	// Journal is the file it was in.
	Journal string
	Entry   cluster.Entry
	// What says what was done.
	What string
	// Err is why it could not be undone. The entry is then kept for the next
	// sweep.
	Err error
}

// Report is what a sweep found and did.
type Report struct {
	// Alive is how many journals have a living owner, or are being swept by
	// somebody else. They were left alone.
	Alive int
	// Entries are those of dead owners, in the order of undoing.
	Entries []Undone
	// Unread are journals, or lines in them, that could not be understood. They
	// are kept.
	Unread []error
}

// Err joins everything that a sweep could not do.
func (r Report) Err() error {
	errs := slices.Clone(r.Unread)
	for _, e := range r.Entries {
		if e.Err != nil {
			errs = append(errs, fmt.Errorf("%s %s: %w", e.Entry.Kind, e.Entry.Name, e.Err))
		}
	}
	return errors.Join(errs...)
}

// errUnknownKind says that nobody here can undo an entry.
var errUnknownKind = errors.New("entry of a kind that this version cannot undo")

// Sweep undoes what the journals in the state folder dir say is left of dead
// harnesses, newest first, by the undoer of each entry's kind. A journal whose
// entries are all undone is removed. Any number of sweeps may run at once. An
// error is returned only when the folder cannot be looked at or the context
// ends; [Report.Err] has all else.
func Sweep(ctx context.Context, dir string, undoers map[string]Undoer) (Report, error) {
	var report Report
	files, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return report, nil
	}
	if err != nil {
		return report, fmt.Errorf("looking for undo journals: %w", err)
	}
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), suffix) {
			continue
		}
		path := filepath.Join(dir, f.Name())
		if err := sweepFile(ctx, path, undoers, &report); err != nil {
			report.Unread = append(report.Unread, fmt.Errorf("undo journal %s: %w", path, err))
		}
		if err := ctx.Err(); err != nil {
			return report, fmt.Errorf("sweeping undo journals: %w", err)
		}
	}
	return report, nil
}

func sweepFile(ctx context.Context, path string, undoers map[string]Undoer, report *Report) (err error) {
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil // its owner, or another sweep, was quicker
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	if err := lock(file); errors.Is(err, errHeld) {
		report.Alive++
		return nil
	} else if err != nil {
		return err
	}
	// Another sweep may have removed it since it was opened.
	if there, err := linked(file); err != nil || !there {
		return err
	}
	c, err := read(file)
	if err != nil {
		return err
	}
	report.Unread = append(report.Unread, prefixed(path, c.broken)...)
	// What this sweep appends must not run into a torn last line.
	if err := file.Truncate(c.whole); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekEnd); err != nil {
		return err
	}
	kept := len(c.broken)
	for _, r := range slices.Backward(c.open) {
		u := undo(ctx, r.entry, undoers)
		u.Journal = path
		report.Entries = append(report.Entries, u)
		if u.Err != nil {
			kept++
			continue
		}
		if err := appendLine(file, line{Done: r.id}); err != nil {
			return err
		}
	}
	if kept > 0 {
		return nil
	}
	return os.Remove(path)
}

func undo(ctx context.Context, entry cluster.Entry, undoers map[string]Undoer) Undone {
	u := Undone{Entry: entry}
	undoer, known := undoers[entry.Kind]
	if !known {
		u.Err = errUnknownKind
		return u
	}
	u.What, u.Err = undoer(ctx, entry)
	return u
}

func prefixed(path string, errs []error) []error {
	out := make([]error, len(errs))
	for i, err := range errs {
		out[i] = fmt.Errorf("undo journal %s: %w", path, err)
	}
	return out
}
