// Package syntax holds what JSON and EDN have in common: how strings are quoted,
// how deep values may nest, and how a mistake is reported.
package syntax

import (
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// MaxDepth is how deep a value may nest. It bounds the stack of whatever walks
// through it.
const MaxDepth = 200

// Error is a mistake at an offset.
type Error struct {
	// Offset counts bytes from the start of what is read.
	Offset int
	// Reason says what is wrong and what would be right.
	Reason string
}

// Error is the offset and the reason.
func (e *Error) Error() string { return fmt.Sprintf("byte %d: %s", e.Offset, e.Reason) }

// ErrTooDeep is the mistake of writing what no reader would take.
var ErrTooDeep = fmt.Errorf("its value nests deeper than %d", MaxDepth)

const hexDigits = "0123456789abcdef"

// AppendQuoted appends a string in double quotes, as JSON and EDN both read it.
// Bytes that are not valid UTF-8 are kept apart, and not all turned into one
// replacement character, because values that differ in a run must differ in its
// history: byte 0xNN becomes the lone low surrogate \udcNN, which valid text
// never holds (the way of PEP 383).
func AppendQuoted(dst []byte, s string) []byte {
	dst = append(dst, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			if r, size := utf8.DecodeRuneInString(s[i:]); r != utf8.RuneError || size > 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[start:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\r':
			dst = append(dst, `\r`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		default:
			dst = append(dst, '\\', 'u', 'd', 'c', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(dst, s[start:]...), '"')
}

// Unquote reads the string whose opening quote is at data[at] and returns it
// with the offset after its closing quote. The bytes may be part of data.
func Unquote(data []byte, at int) (text []byte, end int, err error) {
	start := at + 1
	for i := start; i < len(data); i++ {
		switch data[i] {
		case '"':
			return data[start:i], i + 1, nil
		case '\\':
			return unescape(data, i, append(make([]byte, 0, 2*(i-start)+32), data[start:i]...))
		}
	}
	return nil, at, &Error{at, "this string has no end; the file may be cut off"}
}

// escapes are the characters after a backslash that stand for one byte.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unescape reads the rest of a string from its first backslash on.
func unescape(data []byte, at int, text []byte) ([]byte, int, error) {
	for i := at; i < len(data); i++ {
		switch c := data[i]; {
		case c == '"':
			return text, i + 1, nil
		case c != '\\':
			text = append(text, c)
		case i+1 < len(data) && data[i+1] == 'u':
			unit, ok := CodeUnit(data, i+2)
			if !ok {
				return nil, i, &Error{i, `four hexadecimal digits should follow \u`}
			}
			i += 5
			if low, ok := pairedUnit(data, i+1); ok {
				if r := utf16.DecodeRune(unit, low); r != utf8.RuneError {
					text = utf8.AppendRune(text, r)
					i += 6
					continue
				}
			}
			text = AppendUnit(text, unit)
		case i+1 < len(data) && escapes[data[i+1]] != 0:
			i++
			text = append(text, escapes[data[i]])
		default:
			return nil, i, &Error{i, "this backslash begins no escape that a string can have"}
		}
	}
	return nil, at, &Error{at, "this string has no end; the file may be cut off"}
}

// pairedUnit returns the code unit that is escaped at an offset.
func pairedUnit(data []byte, at int) (rune, bool) {
	if at+1 >= len(data) || data[at] != '\\' || data[at+1] != 'u' {
		return 0, false
	}
	return CodeUnit(data, at+2)
}

// CodeUnit reads four hexadecimal digits.
func CodeUnit(data []byte, at int) (rune, bool) {
	if len(data)-at < 4 {
		return 0, false
	}
	unit, err := strconv.ParseUint(string(data[at:at+4]), 16, 16)
	return rune(unit), err == nil
}

// AppendUnit appends what a code unit stands for alone: a byte that AppendQuoted
// kept, or a character.
func AppendUnit(text []byte, unit rune) []byte {
	if 0xdc80 <= unit && unit <= 0xdcff {
		return append(text, byte(unit))
	}
	return utf8.AppendRune(text, unit)
}

// AppendFloat appends a finite number so that it reads back as a float64: a
// whole one gets a ".0", so that it is not taken for an int64.
func AppendFloat(dst []byte, value float64) []byte {
	start := len(dst)
	dst = strconv.AppendFloat(dst, value, 'g', -1, 64)
	for _, c := range dst[start:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...)
}
