// Package jsontext reads and writes JSON for histories. It exists beside
// encoding/json because a history must keep int64 and float64 apart and exact,
// must keep bytes that are not UTF-8, must refuse what is ambiguous (an object
// that names a member twice), and is read by the million lines.
package jsontext

import (
	"fmt"
	"strconv"

	"github.com/tertium-dev/tertium/harness/history/internal/syntax"
)

// Reader reads JSON values out of a slice, one after the other. Its errors are
// of type [*syntax.Error].
type Reader struct {
	data []byte
	at   int
}

// NewReader returns a reader of data.
func NewReader(data []byte) *Reader { return &Reader{data: data} }

// Offset is where the reader stands.
func (r *Reader) Offset() int { return r.at }

// Fail returns an error at an offset.
func (r *Reader) Fail(offset int, format string, args ...any) error {
	return &syntax.Error{Offset: offset, Reason: fmt.Sprintf(format, args...)}
}

// Space skips white space and returns the byte after it, or 0 at the end.
func (r *Reader) Space() byte {
	// Our own lines have no white space, so that this is all there is to do.
	if r.at < len(r.data) && r.data[r.at] > ' ' {
		return r.data[r.at]
	}
	return r.skip()
}

func (r *Reader) skip() byte {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; c {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return c
		}
	}
	return 0
}

// End skips white space and reports whether nothing follows it.
func (r *Reader) End() bool {
	r.Space()
	return r.at == len(r.data)
}

// expect consumes one byte of punctuation.
func (r *Reader) expect(c byte) error {
	if r.Space() != c {
		return r.Unexpected(strconv.QuoteRune(rune(c)))
	}
	r.at++
	return nil
}

// Unexpected returns the error that something else is at hand than was wanted.
func (r *Reader) Unexpected(wanted string) error {
	if r.at >= len(r.data) {
		return r.Fail(r.at, "it ends where %s should be; the file may be cut off", wanted)
	}
	return r.Fail(r.at, "found %q where %s should be", r.data[r.at], wanted)
}

// Members reads an object and calls member with each name, which must consume
// the value. The name may be part of the data.
func (r *Reader) Members(member func(name []byte) error) error {
	if err := r.expect('{'); err != nil {
		return err
	}
	if r.Space() == '}' {
		r.at++
		return nil
	}
	for {
		if r.Space() != '"' {
			return r.Unexpected("the name of a member in double quotes")
		}
		name, err := r.Text()
		if err != nil {
			return err
		}
		if err := r.expect(':'); err != nil {
			return err
		}
		if err := member(name); err != nil {
			return err
		}
		switch r.Space() {
		case ',':
			r.at++
		case '}':
			r.at++
			return nil
		default:
			return r.Unexpected(`"," or "}"`)
		}
	}
}

// Value reads any value.
func (r *Reader) Value(depth int) (any, error) {
	if depth > syntax.MaxDepth {
		return nil, r.Fail(r.at, "values nest deeper than %d here", syntax.MaxDepth)
	}
	switch c := r.Space(); c {
	case '{':
		return r.object(depth)
	case '[':
		return r.array(depth)
	case '"':
		text, err := r.Text()
		if err != nil {
			return nil, err
		}
		return string(text), nil
	case 't':
		return true, r.word("true")
	case 'f':
		return false, r.word("false")
	case 'n':
		return nil, r.word("null")
	default:
		if c == '-' || '0' <= c && c <= '9' {
			return r.number()
		}
		return nil, r.Unexpected("a value")
	}
}

func (r *Reader) object(depth int) (any, error) {
	object := make(map[string]any)
	err := r.Members(func(name []byte) error {
		key, start := string(name), r.at
		value, err := r.Value(depth + 1)
		if err != nil {
			return err
		}
		if _, twice := object[key]; twice {
			return r.Fail(start, "the object has two members called %q", key)
		}
		object[key] = value
		return nil
	})
	return object, err
}

func (r *Reader) array(depth int) (any, error) {
	array := []any{}
	err := r.Elements(func() error {
		value, err := r.Value(depth + 1)
		array = append(array, value)
		return err
	})
	return array, err
}

// Elements reads an array and calls element before each, which must consume it.
func (r *Reader) Elements(element func() error) error {
	if err := r.expect('['); err != nil {
		return err
	}
	if r.Space() == ']' {
		r.at++
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch r.Space() {
		case ',':
			r.at++
		case ']':
			r.at++
			return nil
		default:
			return r.Unexpected(`"," or "]"`)
		}
	}
}

func (r *Reader) word(word string) error {
	if len(r.data)-r.at < len(word) || string(r.data[r.at:r.at+len(word)]) != word {
		return r.Unexpected("a value")
	}
	r.at += len(word)
	return nil
}

// number reads an int64, or a float64 if it has a fraction or an exponent. A
// whole number past int64 becomes the string of its digits, since a float64
// would make different numbers equal.
func (r *Reader) number() (any, error) {
	start := r.at
	if whole, ok := r.shortInteger(); ok {
		return whole, nil
	}
	whole, err := r.scanNumber()
	if err != nil {
		return nil, err
	}
	text := string(r.data[start:r.at])
	if whole {
		if number, err := strconv.ParseInt(text, 10, 64); err == nil {
			return number, nil
		}
		return text, nil
	}
	number, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return nil, r.Fail(start, "the number %s is too large for a float64", text)
	}
	return number, nil
}

// shortInteger reads a whole number of at most 18 digits, which nearly all
// are, or consumes nothing.
func (r *Reader) shortInteger() (int64, bool) {
	at, number, negative := r.at, int64(0), false
	if r.peek() == '-' {
		negative = true
		at++
	}
	first := at
	for at < len(r.data) && at-first <= 18 && '0' <= r.data[at] && r.data[at] <= '9' {
		number = 10*number + int64(r.data[at]-'0')
		at++
	}
	digits := at - first
	if digits == 0 || digits > 18 || digits > 1 && r.data[first] == '0' {
		return 0, false
	}
	if at < len(r.data) {
		if c := r.data[at]; c == '.' || c == 'e' || c == 'E' {
			return 0, false
		}
	}
	r.at = at
	if negative {
		number = -number
	}
	return number, true
}

// scanNumber moves past a number and reports whether it is a whole one.
func (r *Reader) scanNumber() (whole bool, err error) {
	if r.peek() == '-' {
		r.at++
	}
	first := r.at
	if !r.digits() {
		return false, r.Unexpected("a digit")
	}
	if r.data[first] == '0' && r.at > first+1 {
		return false, r.Fail(first, "a number must not begin with 0")
	}
	whole = true
	if r.peek() == '.' {
		whole = false
		r.at++
		if !r.digits() {
			return false, r.Unexpected("a digit")
		}
	}
	if c := r.peek(); c == 'e' || c == 'E' {
		whole = false
		r.at++
		if c := r.peek(); c == '+' || c == '-' {
			r.at++
		}
		if !r.digits() {
			return false, r.Unexpected("a digit")
		}
	}
	return whole, nil
}

// peek returns the byte at hand, or 0 at the end.
func (r *Reader) peek() byte {
	if r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

// digits consumes decimal digits and reports whether there were any.
func (r *Reader) digits() bool {
	start := r.at
	for c := r.peek(); '0' <= c && c <= '9'; c = r.peek() {
		r.at++
	}
	return r.at > start
}

// Integer reads a whole number that must fit an int64.
func (r *Reader) Integer() (int64, error) {
	start := r.at
	if c := r.Space(); c != '-' && (c < '0' || c > '9') {
		return 0, r.Unexpected("a whole number")
	}
	if whole, ok := r.shortInteger(); ok {
		return whole, nil
	}
	number, err := r.number()
	if err != nil {
		return 0, err
	}
	if whole, ok := number.(int64); ok {
		return whole, nil
	}
	return 0, r.Fail(start, "a whole number between -2^63 and 2^63-1 should be here")
}

// Text reads a string. The bytes may be part of the data.
func (r *Reader) Text() ([]byte, error) {
	if r.Space() != '"' {
		return nil, r.Unexpected("a string")
	}
	text, end, err := syntax.Unquote(r.data, r.at)
	r.at = end
	return text, err
}
