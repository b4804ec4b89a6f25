package journal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// maxSize bounds what is read of one journal. A run writes some hundred lines.
const maxSize = 64 << 20

// record is an open entry under the number it has in its journal.
type record struct {
	id    int64
	entry cluster.Entry
}

// contents is what a journal says.
type contents struct {
	// open are the entries not done, oldest first.
	open []record
	// whole is the length up to the end of the last whole line.
	whole int64
	// broken are the lines that say nothing that can be understood.
	broken []error
}

// read reads a journal from its beginning.
func read(file *os.File) (contents, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return contents{}, fmt.Errorf("reading an undo journal: %w", err)
	}
	data, err := io.ReadAll(io.LimitReader(file, maxSize+1))
	if err != nil {
		return contents{}, fmt.Errorf("reading an undo journal: %w", err)
	}
	if len(data) > maxSize {
		return contents{}, fmt.Errorf("an undo journal of more than %d MiB is none of ours", maxSize>>20)
	}
	return parse(data), nil
}

// parse understands what it can of a journal and says what it cannot.
func parse(data []byte) contents {
	// What comes after the last newline was never finished.
	whole := bytes.LastIndexByte(data, '\n') + 1
	c := contents{whole: int64(whole)}
	entries := map[int64]cluster.Entry{}
	var order []int64
	number := 0
	for text := range bytes.Lines(data[:whole]) {
		number++
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			c.broken = append(c.broken, fmt.Errorf("line %d: %w", number, err))
			continue
		}
		_, known := entries[l.Record]
		switch {
		case l.Record > 0 && l.Entry != nil && !known:
			entries[l.Record] = *l.Entry
			order = append(order, l.Record)
		case l.Done > 0:
			delete(entries, l.Done)
		default:
			c.broken = append(c.broken, fmt.Errorf("line %d: neither a new record nor a done", number))
		}
	}
	for _, id := range order {
		if entry, open := entries[id]; open {
			c.open = append(c.open, record{id, entry})
			delete(entries, id) // an id recorded again after its done is listed once
		}
	}
	return c
}
