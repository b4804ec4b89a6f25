package wire

import (
	"bytes"
	"fmt"
	"iter"
	"strings"
)

// head is the header of a message: its start line and its fields.
type head struct {
	// start is the start line, without its end.
	start []byte
	// lines are the field lines, each with its end.
	lines []byte
	// size is the length of all, with the empty line at the end. It is 0 if the
	// header is not yet whole.
	size int
}

// readHead returns the header that b begins with. checkStart is given the
// bytes of the start line as soon as there are any, so that a stream of another
// protocol is recognised at once and not held back until it is long.
func readHead(b []byte, checkStart func(start []byte, whole bool) error) (head, error) {
	window := b[:min(len(b), maxHead)]
	var h head
	for at := 0; ; {
		line, next, err := nextLine(window, at)
		if err != nil {
			return head{}, err
		}
		if at == 0 {
			if err := checkStart(line, next > 0); err != nil {
				return head{}, err
			}
		}
		switch {
		case next == 0 && len(window) == maxHead:
			return head{}, errHeadTooLarge
		case next == 0:
			return head{}, nil
		case at == 0:
			h.start = line
		case len(line) == 0:
			h.lines, h.size = window[len(h.start)+2:at], next
			return h, nil
		default:
			if err := checkField(line); err != nil {
				return head{}, err
			}
		}
		at = next
	}
}

// nextLine returns the line of b that starts at at, without its CR LF, and
// where the next one starts. If the line is not yet whole that is 0, and line is
// what there is of it.
func nextLine(b []byte, at int) (line []byte, next int, err error) {
	rest := b[at:]
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		// A CR may be last only because its LF has not come yet.
		if cr := bytes.IndexByte(rest, '\r'); cr >= 0 && cr < len(rest)-1 {
			return nil, 0, fmt.Errorf("a CR without LF in the line %.40q", rest)
		}
		return rest, 0, nil
	}
	if cr := bytes.IndexByte(rest[:end], '\r'); cr < 0 || cr != end-1 {
		return nil, 0, fmt.Errorf("a CR or LF alone in the line %.40q", rest[:end])
	}
	return rest[:end-1], at + end + 1, nil
}

// checkField returns an error unless line is name, colon, value.
func checkField(line []byte) error {
	name, value, found := bytes.Cut(line, []byte(":"))
	if !found || !isToken(name) {
		return fmt.Errorf("the header line %.40q is not a field", line)
	}
	if bytes.IndexByte(value, 0) >= 0 {
		return fmt.Errorf("a zero byte in the field %.40q", name)
	}
	return nil
}

// fields are the values of all fields of that name, in order.
func (h head) fields(name string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for at := 0; at < len(h.lines); {
			// readHead has seen that these lines are whole fields.
			line, next, _ := nextLine(h.lines, at)
			at = next
			key, value, _ := bytes.Cut(line, []byte(":"))
			if len(key) == len(name) && strings.EqualFold(string(key), name) &&
				!yield(string(bytes.Trim(value, " \t"))) {
				return
			}
		}
	}
}

// list are the elements of a field that is a list, over all its lines.
func (h head) list(name string) []string {
	var elements []string
	for value := range h.fields(name) {
		for element := range strings.SplitSeq(value, ",") {
			elements = append(elements, strings.Trim(element, " \t"))
		}
	}
	return elements
}

// status returns the status of a status line.
func (h head) status() (int, error) {
	version, rest, _ := bytes.Cut(h.start, []byte(" "))
	code, _, _ := bytes.Cut(rest, []byte(" "))
	status := 0
	for _, digit := range code {
		if digit < '0' || digit > '9' {
			status = 0
			break
		}
		status = status*10 + int(digit-'0')
	}
	if !isVersion(version) || len(code) != 3 || status < 100 {
		return 0, fmt.Errorf("%.40q is not the first line of an HTTP/1.1 reply", h.start)
	}
	return status, nil
}

// old reports whether the message is of HTTP/1.0. The version is at one end of
// either kind of start line.
func (h head) old() bool {
	if bytes.HasPrefix(h.start, []byte("HTTP/")) {
		return bytes.HasPrefix(h.start, []byte("HTTP/1.0 "))
	}
	return bytes.HasSuffix(h.start, []byte(" HTTP/1.0"))
}

// checkRequestStart returns an error unless start is, or may become, a request
// line.
func checkRequestStart(start []byte, whole bool) error {
	method, rest, _ := bytes.Cut(start, []byte(" "))
	if !whole {
		method = bytes.TrimSuffix(method, []byte("\r"))
		if len(start) > 1 && !isToken(method) {
			return fmt.Errorf("%.40q does not begin an HTTP/1.1 request", start)
		}
		return nil
	}
	target, version, _ := bytes.Cut(rest, []byte(" "))
	if !isToken(method) || len(target) == 0 || !isVersion(version) {
		return fmt.Errorf("%.40q is not the first line of an HTTP/1.1 request", start)
	}
	return nil
}

// checkReplyStart returns an error unless start is, or may become, a status
// line.
func checkReplyStart(start []byte, whole bool) error {
	if whole {
		_, err := head{start: start}.status()
		return err
	}
	const prefix = "HTTP/1."
	if n := min(len(start), len(prefix)); string(start[:n]) != prefix[:n] {
		return fmt.Errorf("%.40q does not begin an HTTP/1.1 reply", start)
	}
	return nil
}

func isVersion(b []byte) bool { return string(b) == "HTTP/1.1" || string(b) == "HTTP/1.0" }

// isToken reports whether b is a token of RFC 9110, section 5.6.2.
func isToken(b []byte) bool {
	for _, c := range b {
		if !tokenBytes[c] {
			return false
		}
	}
	return len(b) > 0
}

var tokenBytes = func() (set [256]bool) {
	for _, c := range []byte("!#$%&'*+-.^_`|~" +
		"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
		set[c] = true
	}
	return set
}()
