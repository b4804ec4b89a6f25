package columns

import (
	"bufio"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/tertium-dev/tertium/harness/history"
)

// FileName is the name of the file of columns beside a sealed history.
const FileName = "history.columns"

// Load returns the columns of the history in a run's folder. If the file of
// columns there fits the sealed history, it is all that is read. Otherwise they
// are made from the text, checked as by [history.ReadDir], and the file is
// written for the next time; a folder that cannot be written does no harm.
func Load(dir string) (*Columns, error) {
	var of hash
	var hashing error
	hashed := make(chan struct{})
	go func() {
		defer close(hashed)
		of, hashing = hashOf(filepath.Join(dir, history.SealedName))
	}()
	c, made, reading := readFile(filepath.Join(dir, FileName))
	<-hashed
	switch {
	case errors.Is(hashing, os.ErrNotExist):
		return fromText(dir) // an interrupted run, which may still be sealed
	case hashing != nil:
		return nil, hashing
	case reading == nil && made == of:
		return c, nil
	}
	c, err := fromText(dir)
	if err != nil {
		return nil, err
	}
	// The file saves time and is not needed: an error to write it, such as a
	// folder that is read-only, is no error of loading.
	_ = writeFile(dir, c, of)
	return c, nil
}

// Seal seals the history in a folder as [history.Seal] does, and writes the
// file of columns on the way, which saves parsing the text once more. Events
// that are no history are sealed all the same, as evidence, without columns.
func Seal(dir string) (history.Sealed, error) {
	b, v := newBuilder(), history.NewValidator()
	var broken error
	sealed, err := history.Seal(dir, func(e *history.Event) error {
		if broken == nil {
			broken = v.Next(e)
		}
		if broken == nil {
			broken = b.add(e)
		}
		return nil
	})
	if err != nil || broken != nil || len(b.c.Events) != sealed.Count {
		return sealed, err // Load says what is broken, or makes the columns
	}
	of, err := hashOf(filepath.Join(dir, history.SealedName))
	if err != nil {
		return sealed, err
	}
	return sealed, writeFile(dir, b.finish(sealed.Torn), of)
}

// fromText makes the columns from the text.
func fromText(dir string) (*Columns, error) {
	b := newBuilder()
	torn, err := history.Each(dir, b.add)
	if err != nil {
		return nil, err
	}
	return b.finish(torn), nil
}

func hashOf(path string) (hash, error) {
	file, err := os.Open(path)
	if err != nil {
		return hash{}, fmt.Errorf("hash the sealed history: %w", err)
	}
	defer file.Close()
	sum := sha256.New()
	if _, err := io.CopyBuffer(sum, file, make([]byte, 1<<18)); err != nil {
		return hash{}, fmt.Errorf("hash the sealed history: %w", err)
	}
	return hash(sum.Sum(nil)), nil
}

func readFile(path string) (c *Columns, of hash, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, of, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, of, err
	}
	return decode(bufio.NewReaderSize(file, 1<<16), info.Size())
}

// writeFile writes the file so that it appears whole or not at all. It is not
// made durable: after a power loss its checksums tell.
func writeFile(dir string, c *Columns, of hash) (err error) {
	file, err := os.CreateTemp(dir, FileName+".*.tmp")
	if err != nil {
		return fmt.Errorf("write the columns: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("write the columns: %w", err), os.Remove(file.Name()))
		}
	}()
	if err := errors.Join(encode(file, c, of), file.Close()); err != nil {
		return err
	}
	return os.Rename(file.Name(), filepath.Join(dir, FileName))
}
