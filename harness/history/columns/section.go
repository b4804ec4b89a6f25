package columns

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// unsigned is what the entries of sections are.
type unsigned interface{ ~uint8 | ~uint32 | ~uint64 }

const (
	sectionHeader   = 4 + 4 + 8
	sectionChecksum = 4
	// chunk is how many bytes are converted at a time, to stay in the cache.
	chunk = 1 << 15
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sectionWriter writes sections one after the other.
type sectionWriter struct {
	w      *bufio.Writer
	number uint32
	sum    uint32
	err    error
	room   [chunk]byte
}

func (s *sectionWriter) bytes(data []byte) {
	if s.err != nil {
		return
	}
	s.sum = crc32.Update(s.sum, castagnoli, data)
	_, s.err = s.w.Write(data)
}

// widthOf is the least width that holds all entries.
func widthOf[T unsigned](entries []T) int {
	all := uint64(0)
	for _, entry := range entries {
		all |= uint64(entry)
	}
	switch {
	case all == 0:
		return 0
	case all < 1<<8:
		return 1
	case all < 1<<16:
		return 2
	case all < 1<<32:
		return 4
	}
	return 8
}

// writeSection writes entries with the least width of at least atLeast.
func writeSection[T unsigned](s *sectionWriter, entries []T, atLeast int) {
	width := max(widthOf(entries), atLeast)
	header := s.room[:0]
	header = binary.LittleEndian.AppendUint32(header, s.number)
	header = binary.LittleEndian.AppendUint32(header, uint32(width))
	header = binary.LittleEndian.AppendUint64(header, uint64(len(entries)))
	s.sum = 0
	s.bytes(header)
	for width > 0 && len(entries) > 0 {
		n := min(len(entries), chunk/width)
		for i, entry := range entries[:n] {
			switch width {
			case 1:
				s.room[i] = byte(entry)
			case 2:
				binary.LittleEndian.PutUint16(s.room[2*i:], uint16(entry))
			case 4:
				binary.LittleEndian.PutUint32(s.room[4*i:], uint32(entry))
			case 8:
				binary.LittleEndian.PutUint64(s.room[8*i:], uint64(entry))
			}
		}
		s.bytes(s.room[:n*width])
		entries = entries[n:]
	}
	s.bytes(binary.LittleEndian.AppendUint32(nil, s.sum))
	s.number++
}

// sectionReader reads them.
type sectionReader struct {
	r io.Reader
	// left is how many bytes there are, which bounds what can be asked for.
	left   int64
	number uint32
	room   [chunk]byte
}

func (s *sectionReader) fail(format string, args ...any) error {
	return fmt.Errorf("section %d: %s", s.number, fmt.Sprintf(format, args...))
}

func (s *sectionReader) read(data []byte) error {
	if int64(len(data)) > s.left {
		return s.fail("the file is cut off")
	}
	s.left -= int64(len(data))
	if _, err := io.ReadFull(s.r, data); err != nil {
		return s.fail("%v", err)
	}
	return nil
}

// anyCount says that the section itself says how many entries it has. Then it
// has a width, so that what it asks for is in the file.
const anyCount = -1

// readSection reads the next section, of so many entries.
func readSection[T unsigned](s *sectionReader, want int) ([]T, error) {
	header := s.room[:sectionHeader]
	if err := s.read(header); err != nil {
		return nil, err
	}
	sum := crc32.Checksum(header, castagnoli)
	number := binary.LittleEndian.Uint32(header)
	width := binary.LittleEndian.Uint32(header[4:])
	count := binary.LittleEndian.Uint64(header[8:])
	switch {
	case number != s.number:
		return nil, s.fail("it says that it is section %d", number)
	case want != anyCount && count != uint64(want):
		return nil, s.fail("it has %d entries in place of %d", count, want)
	case width == 0 && want == anyCount:
		return nil, s.fail("it has no width")
	case width > 8 || width&(width-1) != 0 || uint64(width) > uint64(sizeOf[T]()):
		return nil, s.fail("its width is %d", width)
	case width > 0 && count > uint64(s.left)/uint64(width):
		return nil, s.fail("it has %d entries in a file that is too short for them", count)
	}
	entries := make([]T, count)
	for at := 0; width > 0 && at < len(entries); {
		n := min(len(entries)-at, chunk/int(width))
		data := s.room[:n*int(width)]
		if err := s.read(data); err != nil {
			return nil, err
		}
		sum = crc32.Update(sum, castagnoli, data)
		widen(entries[at:at+n], data, int(width))
		at += n
	}
	var stated [sectionChecksum]byte
	if err := s.read(stated[:]); err != nil {
		return nil, err
	}
	if binary.LittleEndian.Uint32(stated[:]) != sum {
		return nil, s.fail("its checksum is wrong")
	}
	s.number++
	return entries, nil
}

// widen reads entries of a width out of data.
func widen[T unsigned](entries []T, data []byte, width int) {
	switch width {
	case 1:
		for i := range entries {
			entries[i] = T(data[i])
		}
	case 2:
		for i := range entries {
			entries[i] = T(binary.LittleEndian.Uint16(data[2*i:]))
		}
	case 4:
		for i := range entries {
			entries[i] = T(binary.LittleEndian.Uint32(data[4*i:]))
		}
	case 8:
		for i := range entries {
			entries[i] = T(binary.LittleEndian.Uint64(data[8*i:]))
		}
	}
}

// sizeOf is the width of a type in bytes.
func sizeOf[T unsigned]() int {
	switch all := ^T(0); {
	case uint64(all) == 1<<8-1:
		return 1
	case uint64(all) == 1<<32-1:
		return 4
	}
	return 8
}
