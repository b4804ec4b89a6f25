// Package frame wraps messages so that a reader of a file or a stream can tell
// a whole one from a torn or damaged one.
//
// A frame is the mark, the length of the payload (4 bytes, little endian), the
// payload, and a CRC-32C of length and payload (4 bytes, little endian). The
// mark lets a reader find frames behind damage, and notice at once that it has
// lost its place in a stream.
package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

const (
	mark    = "\xa7LR1"
	sumSize = 4
	// HeaderSize is the size of what stands before the payload.
	HeaderSize = len(mark) + 4
	// MaxPayload bounds what a damaged length can make a reader allocate.
	MaxPayload = 256 << 20
)

var (
	// ErrShort says that the bytes end before the frame does.
	ErrShort = errors.New("frame is cut short")
	// ErrDamaged says that the bytes are no frame.
	ErrDamaged = errors.New("frame is damaged")
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Append appends a frame around payload.
func Append(dst, payload []byte) []byte {
	from := len(dst) + len(mark)
	dst = append(dst, mark...)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(payload)))
	dst = append(dst, payload...)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[from:], castagnoli))
}

// Size returns the size of a frame around a payload of n bytes.
func Size(n int) int { return HeaderSize + n + sumSize }

// Next returns the payload of the frame that data begins with, and the frame's
// size. The payload is part of data. The error is ErrShort or ErrDamaged.
func Next(data []byte) (payload []byte, size int, err error) {
	payload, whole, err := Unchecked(data)
	switch {
	case err != nil:
		return nil, 0, err
	case !whole:
		return nil, 0, ErrShort
	}
	size = Size(len(payload))
	sum := binary.LittleEndian.Uint32(data[size-sumSize:])
	if sum != crc32.Checksum(data[len(mark):size-sumSize], castagnoli) {
		return nil, 0, ErrDamaged
	}
	return payload, size, nil
}

// Unchecked returns what there is of the payload of the frame that data begins
// with, and whether the frame is whole, without a look at its checksum.
func Unchecked(data []byte) (payload []byte, whole bool, err error) {
	if len(data) < HeaderSize {
		if !bytes.HasPrefix([]byte(mark), data[:min(len(data), len(mark))]) {
			return nil, false, ErrDamaged
		}
		return nil, false, ErrShort
	}
	length := binary.LittleEndian.Uint32(data[len(mark):])
	if string(data[:len(mark)]) != mark || length > MaxPayload {
		return nil, false, ErrDamaged
	}
	rest := data[HeaderSize:]
	if len(rest) < int(length)+sumSize {
		return rest[:min(len(rest), int(length))], false, nil
	}
	return rest[:length], true, nil
}

// Find returns the offset of the first whole frame in data, or -1.
func Find(data []byte) int {
	for at := 0; ; at++ {
		next := bytes.Index(data[at:], []byte(mark))
		if next < 0 {
			return -1
		}
		at += next
		if _, _, err := Next(data[at:]); err == nil {
			return at
		}
	}
}

// Reader reads frames from a stream.
type Reader struct {
	from   io.Reader
	header [HeaderSize]byte
	buffer []byte
	// Begun, if set, is called when a header has been read, with the number of
	// bytes that must follow.
	Begun func(size int)
}

// NewReader returns a reader of the frames on a stream.
func NewReader(from io.Reader) *Reader {
	return &Reader{from: from}
}

// Next returns the payload of the next frame, valid until the call after. Past
// an error the stream cannot be read any further.
func (r *Reader) Next() ([]byte, error) {
	if _, err := io.ReadFull(r.from, r.header[:]); err != nil {
		return nil, err
	}
	length := binary.LittleEndian.Uint32(r.header[len(mark):])
	if string(r.header[:len(mark)]) != mark || length > MaxPayload {
		return nil, ErrDamaged
	}
	size := int(length) + sumSize
	if r.Begun != nil {
		r.Begun(size)
	}
	if cap(r.buffer) < size {
		r.buffer = make([]byte, size)
	}
	body := r.buffer[:size]
	if _, err := io.ReadFull(r.from, body); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrShort, err)
	}
	payload := body[:length]
	sum := crc32.Checksum(r.header[len(mark):], castagnoli)
	if crc32.Update(sum, castagnoli, payload) != binary.LittleEndian.Uint32(body[length:]) {
		return nil, ErrDamaged
	}
	return payload, nil
}
