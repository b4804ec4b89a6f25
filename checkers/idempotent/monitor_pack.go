package idempotent

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"
)

// pack appends a value of a history in a form that takes little memory. Values
// are equal if and only if what they are packed to is.
func pack(dst []byte, value any) []byte {
	switch value := value.(type) {
	case nil:
		return append(dst, 'n')
	case bool:
		if value {
			return append(dst, 't')
		}
		return append(dst, 'f')
	case int64:
		return binary.AppendVarint(append(dst, 'i'), value)
	case float64:
		// Zero and minus zero are equal.
		return binary.BigEndian.AppendUint64(append(dst, 'd'), math.Float64bits(value+0))
	case string:
		return packText(append(dst, 's'), value)
	case []any:
		dst = binary.AppendUvarint(append(dst, 'l'), uint64(len(value)))
		for _, element := range value {
			dst = pack(dst, element)
		}
		return dst
	case map[string]any:
		dst = binary.AppendUvarint(append(dst, 'm'), uint64(len(value)))
		for _, field := range slices.Sorted(maps.Keys(value)) {
			dst = pack(packText(dst, field), value[field])
		}
		return dst
	}
	// No history holds others.
	return packText(append(dst, 's'), fmt.Sprintf("%T %v", value, value))
}

func packText(dst []byte, text string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(text))), text...)
}

// unpackPayload returns the function and the argument of a payload's text.
func unpackPayload(text string) (f string, input any) {
	u := unpacker{text}
	f = u.text()
	return f, u.value()
}

// unpacker reads what pack wrote.
type unpacker struct{ rest string }

func (u *unpacker) value() any {
	tag := u.rest[0]
	u.rest = u.rest[1:]
	switch tag {
	case 't':
		return true
	case 'f':
		return false
	case 'i':
		bits := u.number()
		return int64(bits>>1) ^ -int64(bits&1)
	case 'd':
		bits := binary.BigEndian.Uint64([]byte(u.rest[:8]))
		u.rest = u.rest[8:]
		return math.Float64frombits(bits)
	case 's':
		return u.text()
	case 'l':
		list := make([]any, u.number())
		for i := range list {
			list[i] = u.value()
		}
		return list
	case 'm':
		n := u.number()
		fields := make(map[string]any, n)
		for range n {
			field := u.text()
			fields[field] = u.value()
		}
		return fields
	}
	return nil
}

func (u *unpacker) number() uint64 {
	n := uint64(0)
	for shift := 0; ; shift += 7 {
		b := u.rest[0]
		u.rest = u.rest[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}

func (u *unpacker) text() string {
	n := u.number()
	text := u.rest[:n]
	u.rest = u.rest[n:]
	return text
}
