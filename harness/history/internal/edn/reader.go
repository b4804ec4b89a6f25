// Package edn reads and writes Clojure's extensible data notation, as far as it
// can say what a history holds. See https://github.com/edn-format/edn.
//
// What is read becomes nil, bool, int64, float64, string, []any and
// map[string]any:
//
//   - keywords, symbols and characters become strings, keywords without their
//     colon;
//   - lists, vectors and sets become []any;
//   - keys of maps become strings, those that are neither strings nor keywords
//     in the spelling of [Append]; a map that then has one key twice is refused;
//   - whole numbers past int64 and ratios become strings, since a float64 would
//     make different numbers equal; so do ##NaN and ##Inf;
//   - tagged values become the value without its tag.
package edn

import (
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/tertium-dev/tertium/harness/history/internal/syntax"
)

// Reader reads values out of a slice, one after the other. Its errors are of
// type [*syntax.Error].
type Reader struct {
	data []byte
	at   int
	// opened is the offset of the bracket that Enter consumed, and closing the
	// one to come; closing is 0 if there is none.
	opened  int
	closing byte
	// names holds the one copy of each keyword and symbol, a string.
	names map[string]any
}

// NewReader returns a reader of data.
func NewReader(data []byte) *Reader {
	return &Reader{data: data, names: make(map[string]any)}
}

// Enter consumes an opening bracket or parenthesis, if that is what comes next.
// The values that it holds are then read by Next, one by one.
func (r *Reader) Enter() error {
	if err := r.skip(0); err != nil {
		return err
	}
	switch r.peek() {
	case '[':
		r.opened, r.closing = r.at, ']'
		r.at++
	case '(':
		r.opened, r.closing = r.at, ')'
		r.at++
	}
	return nil
}

// Next returns the next value with the offset at which it begins, or io.EOF
// past the last one.
func (r *Reader) Next() (value any, offset int, err error) {
	if err := r.skip(0); err != nil {
		return nil, r.at, err
	}
	if r.closing != 0 && r.peek() == r.closing {
		r.at++
		r.closing = 0
		if err := r.skip(0); err != nil {
			return nil, r.at, err
		}
		if r.at < len(r.data) {
			return nil, r.at, r.fail(r.at, "something follows the end of the history")
		}
		return nil, r.at, io.EOF
	}
	if r.at == len(r.data) {
		if r.closing != 0 {
			return nil, r.at, r.fail(r.opened, "this %q is never closed; the file may be cut off", r.data[r.opened])
		}
		return nil, r.at, io.EOF
	}
	offset = r.at
	// The map of an operation does not count as a level: what it holds may have
	// the full depth.
	value, err = r.value(-1)
	return value, offset, err
}

func (r *Reader) fail(offset int, format string, args ...any) error {
	return &syntax.Error{Offset: offset, Reason: fmt.Sprintf(format, args...)}
}

// peek returns the byte at hand, or 0 at the end.
func (r *Reader) peek() byte {
	if r.at < len(r.data) {
		return r.data[r.at]
	}
	return 0
}

// after returns the byte n places on, or 0 past the end.
func (r *Reader) after(n int) byte {
	if r.at+n < len(r.data) {
		return r.data[r.at+n]
	}
	return 0
}

// skip moves past white space, comments and values that are discarded by #_.
func (r *Reader) skip(depth int) error {
	for r.at < len(r.data) {
		switch c := r.data[r.at]; {
		case isSpace(c):
			r.at++
		case c == ';':
			for r.at < len(r.data) && r.data[r.at] != '\n' {
				r.at++
			}
		case c == '#' && r.after(1) == '_':
			r.at += 2
			if _, err := r.value(depth + 1); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func isSpace(c byte) bool {
	return c == ' ' || c == ',' || '\t' <= c && c <= '\r'
}

// endsToken has the bytes that cannot be part of a number, symbol or keyword.
var endsToken = [256]bool{
	' ': true, ',': true, '\t': true, '\n': true, '\v': true, '\f': true, '\r': true,
	'(': true, ')': true, '[': true, ']': true, '{': true, '}': true, '"': true, ';': true, '\\': true,
}

// value reads any value.
func (r *Reader) value(depth int) (any, error) {
	if depth > syntax.MaxDepth {
		return nil, r.fail(r.at, "values nest deeper than %d here", syntax.MaxDepth)
	}
	if err := r.skip(depth); err != nil {
		return nil, err
	}
	if r.at == len(r.data) {
		return nil, r.fail(r.at, "it ends where a value should be; the file may be cut off")
	}
	switch c := r.data[r.at]; c {
	case '{':
		return r.mapping("", depth)
	case '[':
		return r.sequence(']', depth)
	case '(':
		return r.sequence(')', depth)
	case '"':
		return r.text()
	case '\\':
		return r.character()
	case '#':
		return r.dispatch(depth)
	case ':':
		start := r.at
		r.at++
		name := r.token()
		if len(name) == 0 {
			return nil, r.fail(start, "a keyword has no name")
		}
		return r.name(name), nil
	case ']', ')', '}':
		return nil, r.fail(r.at, "this %q closes nothing", c)
	}
	return r.atom()
}

// sequence reads the values up to a closing bracket.
func (r *Reader) sequence(closing byte, depth int) (any, error) {
	opened := r.at
	r.at++
	values := []any{}
	for {
		if err := r.skip(depth); err != nil {
			return nil, err
		}
		if r.at == len(r.data) {
			return nil, r.fail(opened, "this %q is never closed; the file may be cut off", r.data[opened])
		}
		if r.data[r.at] == closing {
			r.at++
			return values, nil
		}
		value, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		values = append(values, value)
	}
}

// mapping reads a map. Keys that are keywords without a namespace of their own
// get the given one.
func (r *Reader) mapping(namespace string, depth int) (any, error) {
	opened := r.at
	r.at++
	values := make(map[string]any)
	for {
		if err := r.skip(depth); err != nil {
			return nil, err
		}
		if r.at == len(r.data) {
			return nil, r.fail(opened, "this %q is never closed; the file may be cut off", '{')
		}
		if r.data[r.at] == '}' {
			r.at++
			return values, nil
		}
		start := r.at
		raw, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		key := KeyText(raw)
		if namespace != "" && r.data[start] == ':' && !strings.Contains(key, "/") {
			key = namespace + "/" + key
		}
		if _, twice := values[key]; twice {
			return nil, r.fail(start, "the map has two keys that read as %q", key)
		}
		if err := r.skip(depth); err != nil {
			return nil, err
		}
		if r.peek() == '}' {
			return nil, r.fail(start, "the key %q has no value", key)
		}
		if values[key], err = r.value(depth + 1); err != nil {
			return nil, err
		}
	}
}

func (r *Reader) text() (any, error) {
	text, end, err := syntax.Unquote(r.data, r.at)
	if err != nil {
		return nil, err
	}
	r.at = end
	return string(text), nil
}

// characters are those that have names.
var characters = map[string]string{
	"newline": "\n", "return": "\r", "space": " ", "tab": "\t", "formfeed": "\f", "backspace": "\b",
}

func (r *Reader) character() (any, error) {
	start := r.at
	r.at++
	_, size := utf8.DecodeRune(r.data[r.at:])
	first := r.at
	r.at += size
	r.token()
	name := string(r.data[first:r.at])
	switch {
	case size == 0:
		return nil, r.fail(start, "a character should follow the backslash")
	case len(name) == size:
		return name, nil
	case characters[name] != "":
		return characters[name], nil
	case len(name) == 5 && name[0] == 'u':
		if unit, ok := syntax.CodeUnit(r.data, first+1); ok {
			return string(syntax.AppendUnit(nil, unit)), nil
		}
	}
	return nil, r.fail(start, "there is no character called %q", name)
}

// dispatch reads what begins with a #.
func (r *Reader) dispatch(depth int) (any, error) {
	start := r.at
	r.at++
	switch c := r.peek(); {
	case c == '{':
		return r.sequence('}', depth)
	case c == '#':
		r.at++
		return string(r.token()), nil
	case c == ':':
		r.at++
		namespace := string(r.token())
		if r.peek() != '{' {
			return nil, r.fail(start, "a map should follow #:%s", namespace)
		}
		return r.mapping(namespace, depth)
	}
	if tag := r.token(); len(tag) == 0 {
		return nil, r.fail(start, "this # begins nothing that EDN has")
	}
	return r.value(depth + 1)
}

// token consumes what could be a number, symbol or keyword.
func (r *Reader) token() []byte {
	start := r.at
	for r.at < len(r.data) && !endsToken[r.data[r.at]] {
		r.at++
	}
	return r.data[start:r.at]
}

// name returns the one copy of a name.
func (r *Reader) name(spelling []byte) any {
	if known, ok := r.names[string(spelling)]; ok {
		return known
	}
	name := string(spelling)
	r.names[name] = name
	return r.names[name]
}

// maxDigits bounds the work that a number can cause.
const maxDigits = 1000

// atom reads a number or a symbol.
func (r *Reader) atom() (any, error) {
	start := r.at
	token := r.token()
	digit := token[0]
	if (digit == '-' || digit == '+') && len(token) > 1 {
		digit = token[1]
	}
	if '0' <= digit && digit <= '9' {
		if len(token) > maxDigits {
			return nil, r.fail(start, "a number has more than %d digits", maxDigits)
		}
		number, ok := parseNumber(string(token))
		if !ok {
			return nil, r.fail(start, "%q is no number that EDN has", token)
		}
		return number, nil
	}
	switch string(token) {
	case "nil":
		return nil, nil
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return r.name(token), nil
}

// parseNumber reads an integer with an optional N, a ratio, or a decimal with
// an optional M.
func parseNumber(token string) (any, bool) {
	if digits := strings.TrimLeft(token, "+-"); len(digits) > 1 && digits[0] == '0' && '0' <= digits[1] && digits[1] <= '9' {
		// Clojure reads this as octal, EDN forbids it.
		return nil, false
	}
	if whole, err := strconv.ParseInt(token, 10, 64); err == nil {
		return whole, true
	}
	if digits, big10 := strings.CutSuffix(token, "N"); big10 || strings.Trim(token, "+-0123456789") == "" {
		whole, ok := new(big.Int).SetString(digits, 10)
		if !ok {
			return nil, false
		}
		return exact(new(big.Rat).SetInt(whole)), true
	}
	if strings.Contains(token, "/") {
		ratio, ok := new(big.Rat).SetString(token)
		if !ok || strings.ContainsAny(token, ".eExXpP_") {
			return nil, false
		}
		return exact(ratio), true
	}
	if strings.ContainsAny(token, "xXpP_iInN") {
		// Hexadecimal is no EDN, but Clojure prints addresses of objects so.
		address, err := strconv.ParseInt(token, 0, 64)
		return address, err == nil && !strings.Contains(token, "_")
	}
	decimal, err := strconv.ParseFloat(strings.TrimSuffix(token, "M"), 64)
	return decimal, err == nil
}

// exact returns a number as an int64 if it is one, and else as its digits.
func exact(number *big.Rat) any {
	if number.IsInt() && number.Num().IsInt64() {
		return number.Num().Int64()
	}
	return number.RatString()
}
