package columns

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/tertium-dev/tertium/harness/history"
)

const (
	magic   = "TERTIUM COLUMNS\n"
	version = 2
)

// hash is the SHA-256 of a sealed history's bytes.
type hash [sha256.Size]byte

// encode writes the file.
func encode(w io.Writer, c *Columns, of hash) error {
	s := &sectionWriter{w: bufio.NewWriterSize(w, 1<<16)}
	s.bytes([]byte(magic))
	s.bytes(binary.LittleEndian.AppendUint32(nil, version))
	s.bytes(of[:])
	writeSection(s, []byte(c.Torn), 1)
	writeSection(s, c.Events, 1)
	processes := make([]uint64, len(c.Processes))
	for i, process := range c.Processes {
		processes[i] = uint64(process)
	}
	writeSection(s, processes, 1)
	for _, names := range c.dictionaries() {
		writeSection(s, names.text, 1)
		writeSection(s, names.ends, 1)
	}
	c.Values.write(s)
	c.details.write(s)
	writeSection(s, c.Outcome, 1)
	for _, column := range c.perOperation() {
		writeSection(s, *column.ids, 0)
	}
	writeSection(s, differences(c.times), 0)
	writeSection(s, c.gaveUp, 1)
	writeSection(s, c.others, 1)
	if s.err != nil {
		return s.err
	}
	return s.w.Flush()
}

// differences returns how much each number is above the one before.
func differences(numbers []uint64) []uint64 {
	above := make([]uint64, len(numbers))
	last := uint64(0)
	for i, number := range numbers {
		above[i], last = number-last, number
	}
	return above
}

func (v *Values) write(s *sectionWriter) {
	writeSection(s, v.kinds, 1)
	writeSection(s, v.words, 1)
	writeSection(s, v.parts, 1)
}

func (v *Values) read(s *sectionReader) (err error) {
	if v.kinds, err = readSection[ValueKind](s, anyCount); err != nil {
		return err
	}
	if v.words, err = readSection[uint64](s, len(v.kinds)); err != nil {
		return err
	}
	v.parts, err = readSection[uint32](s, anyCount)
	return err
}

// dictionaries are the names in the order of the file.
func (c *Columns) dictionaries() []*Names {
	return []*Names{&c.Functions, &c.Keys, &c.Idems, &c.Nodes, &c.Phases, &c.Errors, &c.Values.texts, &c.details.texts}
}

// decode reads a file of size bytes and says which history it is of. The
// columns can be relied on not to make a checker panic, whatever the file held.
func decode(r io.Reader, size int64) (*Columns, hash, error) {
	var of hash
	s := &sectionReader{r: r, left: size}
	head := s.room[:len(magic)+4+len(of)]
	if err := s.read(head); err != nil {
		return nil, of, err
	}
	if string(head[:len(magic)]) != magic {
		return nil, of, errors.New("this is no file of columns")
	}
	if stated := binary.LittleEndian.Uint32(head[len(magic):]); stated != version {
		return nil, of, fmt.Errorf("the columns are in version %d; this program reads version %d", stated, version)
	}
	copy(of[:], head[len(magic)+4:])
	c := &Columns{}
	if err := c.read(s); err != nil {
		return nil, of, err
	}
	if s.left != 0 {
		return nil, of, fmt.Errorf("%d bytes follow the last section", s.left)
	}
	return c, of, c.check()
}

// read reads all sections.
func (c *Columns) read(s *sectionReader) error {
	torn, err := readSection[byte](s, anyCount)
	if err != nil {
		return err
	}
	c.Torn = string(torn)
	if c.Events, err = readSection[uint32](s, anyCount); err != nil {
		return err
	}
	processes, err := readSection[uint64](s, anyCount)
	if err != nil {
		return err
	}
	c.Processes = make([]int64, len(processes))
	for i, process := range processes {
		c.Processes[i] = int64(process)
	}
	for _, names := range c.dictionaries() {
		if names.text, err = readSection[byte](s, anyCount); err != nil {
			return err
		}
		if names.ends, err = readSection[uint32](s, anyCount); err != nil {
			return err
		}
	}
	if err = c.Values.read(s); err != nil {
		return err
	}
	if err = c.details.read(s); err != nil {
		return err
	}
	if c.Outcome, err = readSection[history.Outcome](s, anyCount); err != nil {
		return err
	}
	for _, column := range c.perOperation() {
		if *column.ids, err = readSection[uint32](s, len(c.Outcome)); err != nil {
			return err
		}
	}
	if c.times, err = readSection[uint64](s, len(c.Events)); err != nil {
		return err
	}
	for i := 1; i < len(c.times); i++ {
		c.times[i] += c.times[i-1]
	}
	if c.gaveUp, err = readSection[uint32](s, anyCount); err != nil {
		return err
	}
	c.others, err = readSection[uint32](s, anyCount)
	return err
}
