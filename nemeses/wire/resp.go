package wire

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// maxDepth bounds the nesting of RESP values.
	maxDepth = 32
	// maxElements bounds the elements of an aggregate.
	maxElements = 1 << 20
	// maxLine bounds a line of RESP: the beginning of a value, or a simple one.
	maxLine = 64 << 10
)

var (
	errInline = errors.New("a command that is not an array of bulk strings")
	errPush   = errors.New("the connection has replies that no request asked for")
)

// RESP frames the protocol of Redis and its kin, versions 2 and 3
// (https://redis.io/docs/latest/develop/reference/protocol-spec/).
//
// A request is an array of bulk strings, which is what client libraries send;
// commands typed as a line are not understood. A reply is one value. Commands
// that are answered with more than that (SUBSCRIBE, MONITOR), or with nothing
// (CLIENT REPLY), and pushed data end the understanding of a connection.
type RESP struct{}

// Name returns "resp".
func (RESP) Name() string { return "resp" }

// Request returns the length of the first command in sent.
func (RESP) Request(sent []byte) (int, error) {
	words, n, err := command(sent)
	if err != nil || n == 0 {
		return 0, err
	}
	switch name := strings.ToUpper(string(words[0])); {
	case slices.Contains(unpaired, name):
		return 0, fmt.Errorf("%w: %s", errPush, name)
	case name == "CLIENT" && len(words) > 1 && strings.EqualFold(string(words[1]), "REPLY"):
		return 0, fmt.Errorf("%w: CLIENT REPLY", errPush)
	}
	return n, nil
}

// unpaired are the commands whose replies are not one each.
var unpaired = []string{
	"SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE",
	"MONITOR", "SYNC", "PSYNC",
}

// command reads an array of bulk strings. Its length is 0 if it is not yet
// whole.
func command(b []byte) (words [][]byte, n int, err error) {
	if len(b) == 0 {
		return nil, 0, nil
	}
	if b[0] != '*' {
		return nil, 0, errInline
	}
	count, at, err := respNumber(b)
	if err != nil || at == 0 {
		return nil, 0, err
	}
	if count < 1 || count > maxElements {
		return nil, 0, fmt.Errorf("a command of %d words", count)
	}
	for range count {
		if at == len(b) {
			return nil, 0, nil
		}
		if b[at] != '$' {
			return nil, 0, errInline
		}
		size, head, err := respNumber(b[at:])
		if err != nil || head == 0 {
			return nil, 0, err
		}
		if size < 0 || size > maxMessage {
			return nil, 0, errMessageTooLarge
		}
		end := at + head + size
		whole, err := endsLine(b, end)
		if err != nil || !whole {
			return nil, 0, err
		}
		words = append(words, b[at+head:end])
		at = end + 2
	}
	return words, at, nil
}

// Reply returns the length of the first value in received.
func (RESP) Reply(received, _ []byte, _ bool) (int, error) {
	r := respReader{b: received}
	whole, err := r.value(0)
	if err != nil || !whole {
		return 0, err
	}
	return r.at, nil
}

// respReader goes through values from the left.
type respReader struct {
	b  []byte
	at int
}

// value skips one value. False means that it is not yet whole.
func (r *respReader) value(depth int) (bool, error) {
	if depth > maxDepth {
		return false, fmt.Errorf("values nested deeper than %d", maxDepth)
	}
	if r.at == len(r.b) {
		return false, nil
	}
	rest := r.b[r.at:]
	switch rest[0] {
	case '+', '-', ':', '_', '#', ',', '(':
		n, err := respLine(rest)
		r.at += n
		return n > 0, err
	case '$', '!', '=':
		size, head, err := respNumber(rest)
		switch {
		case err != nil || head == 0:
			return false, err
		case size == -1: // the null of version 2
			r.at += head
			return true, nil
		case size < 0 || size > maxMessage:
			return false, errMessageTooLarge
		}
		end := r.at + head + size
		whole, err := endsLine(r.b, end)
		r.at = end + 2
		return whole, err
	case '*', '~':
		return r.aggregate(depth, 1)
	case '%':
		return r.aggregate(depth, 2)
	case '|': // attributes, and then the value that has them
		whole, err := r.aggregate(depth, 2)
		if err != nil || !whole {
			return false, err
		}
		return r.value(depth + 1)
	case '>':
		return false, errPush
	}
	return false, fmt.Errorf("no RESP value begins with %q", rest[0])
}

// aggregate skips so many values for each of its elements.
func (r *respReader) aggregate(depth, each int) (bool, error) {
	count, head, err := respNumber(r.b[r.at:])
	if err != nil || head == 0 {
		return false, err
	}
	if count > maxElements || count < -1 {
		return false, fmt.Errorf("an aggregate of %d elements", count)
	}
	r.at += head
	for range count * each { // none of -1, which is a null of version 2
		whole, err := r.value(depth + 1)
		if err != nil || !whole {
			return false, err
		}
	}
	return true, nil
}

// respLine returns the length of the line that b begins with, or 0 if it is not
// yet whole.
func respLine(b []byte) (int, error) {
	end := bytes.IndexByte(b, '\n')
	switch {
	case end < 0 && len(b) > maxLine, end > maxLine:
		return 0, fmt.Errorf("a line of RESP longer than %d bytes", maxLine)
	case end < 0:
		return 0, nil
	case b[end-1] != '\r':
		return 0, errors.New("a line of RESP without CR")
	}
	return end + 1, nil
}

// respNumber reads the number behind the first byte of a line, and returns the
// line's length, 0 if it is not yet whole.
func respNumber(b []byte) (number, size int, err error) {
	size, err = respLine(b)
	if err != nil || size == 0 {
		return 0, 0, err
	}
	number, err = strconv.Atoi(string(b[1 : size-2]))
	if err != nil {
		return 0, 0, fmt.Errorf("%q is no length in RESP", b[1:size-2])
	}
	return number, size, nil
}

// endsLine reports whether CR and LF are at that place of b, if so much is
// there.
func endsLine(b []byte, at int) (whole bool, err error) {
	if len(b) < at+2 {
		return false, nil
	}
	if b[at] != '\r' || b[at+1] != '\n' {
		return false, errors.New("a bulk string of RESP that does not end where it says")
	}
	return true, nil
}
