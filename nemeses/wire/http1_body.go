package wire

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
)

// maxChunkLine bounds the line before a chunk, as net/http does.
const maxChunkLine = 4096

// body says how the end of a message's body is found.
type body struct {
	kind bodyKind
	// length is that of a sized body.
	length int64
}

type bodyKind uint8

const (
	// sized: so many bytes, often none.
	sized bodyKind = iota
	// chunked: chunks, each behind its size, and a trailer.
	chunked
	// untilClose: all that comes.
	untilClose
)

// end returns where the body that starts at start ends in b, or 0 if b does not
// hold it whole.
func (f body) end(b []byte, start int, ended bool) (int, error) {
	switch f.kind {
	case chunked:
		return chunksEnd(b, start)
	case untilClose:
		if len(b) > maxMessage {
			return 0, errMessageTooLarge
		}
		if !ended {
			return 0, nil
		}
		return len(b), nil
	}
	if f.length > int64(maxMessage-start) {
		return 0, errMessageTooLarge
	}
	if end := start + int(f.length); end <= len(b) {
		return end, nil
	}
	return 0, nil
}

// body returns how the end of the body is found, by RFC 9112, section 6.3.
func (h head) body(reply bool) (body, error) {
	codings, lengths := h.list("Transfer-Encoding"), h.list("Content-Length")
	switch {
	case len(codings) > 0 && len(lengths) > 0:
		return body{}, errors.New("both Transfer-Encoding and Content-Length")
	case len(codings) > 0:
		return h.coded(codings, reply)
	case len(lengths) > 0:
		return sizedBy(lengths)
	case reply:
		return body{kind: untilClose}, nil
	}
	return body{kind: sized}, nil
}

// replyBody is body for a reply to a request of that method.
func (h head) replyBody(method string) (body, error) {
	status, err := h.status()
	if err != nil {
		return body{}, err
	}
	switch {
	case method == http.MethodConnect && status < 300:
		return body{}, errTunnel
	case method == http.MethodHead, status == http.StatusNoContent, status == http.StatusNotModified:
		return body{kind: sized}, nil
	}
	return h.body(true)
}

func (h head) coded(codings []string, reply bool) (body, error) {
	if h.old() {
		return body{}, errors.New("Transfer-Encoding in HTTP/1.0")
	}
	last := len(codings) - 1
	for i, coding := range codings {
		if !isToken([]byte(coding)) {
			return body{}, fmt.Errorf("the transfer coding %.40q is not known", coding)
		}
		if strings.EqualFold(coding, "chunked") && i < last {
			return body{}, fmt.Errorf("chunked is not the last transfer coding of %q", codings)
		}
	}
	switch {
	case strings.EqualFold(codings[last], "chunked"):
		return body{kind: chunked}, nil
	case reply:
		return body{kind: untilClose}, nil
	}
	return body{}, fmt.Errorf("nothing tells the end of a request coded as %q", codings)
}

func sizedBy(lengths []string) (body, error) {
	for _, length := range lengths {
		if length != lengths[0] {
			return body{}, fmt.Errorf("different Content-Lengths %q", lengths)
		}
	}
	n, err := strconv.ParseUint(lengths[0], 10, 63)
	if err != nil {
		return body{}, fmt.Errorf("Content-Length: %w", err)
	}
	return body{kind: sized, length: int64(n)}, nil
}

// chunksEnd returns where a chunked body with its trailer ends, by RFC 9112,
// section 7.1, or 0 if b does not hold it whole.
func chunksEnd(b []byte, at int) (int, error) {
	for {
		size, next, err := chunkStart(b, at)
		if err != nil || next == 0 {
			return 0, err
		}
		if size > int64(maxMessage-next) {
			return 0, errMessageTooLarge
		}
		at = next
		if size == 0 {
			return trailerEnd(b, at)
		}
		at += int(size)
		if at+2 > len(b) {
			return 0, nil
		}
		if b[at] != '\r' || b[at+1] != '\n' {
			return 0, fmt.Errorf("a chunk of %d bytes ends with %q", size, b[at:at+2])
		}
		at += 2
	}
}

// chunkStart returns the size of the chunk whose first line is at at, and where
// its data starts, or 0 if the line is not yet whole.
func chunkStart(b []byte, at int) (size int64, next int, err error) {
	window := b[:min(len(b), at+maxChunkLine)]
	line, next, err := nextLine(window, at)
	if err != nil {
		return 0, 0, err
	}
	if next == 0 {
		if len(window) == at+maxChunkLine {
			return 0, 0, fmt.Errorf("the line before a chunk is longer than %d bytes", maxChunkLine)
		}
		return 0, 0, nil
	}
	digits, _, _ := bytes.Cut(line, []byte(";"))
	n, err := strconv.ParseUint(string(bytes.TrimRight(digits, " \t")), 16, 63)
	if err != nil {
		return 0, 0, fmt.Errorf("size of a chunk: %w", err)
	}
	return int64(n), next, nil
}

// trailerEnd returns where the fields behind the last chunk end, or 0.
func trailerEnd(b []byte, start int) (int, error) {
	window := b[:min(len(b), start+maxHead)]
	for at := start; ; {
		line, next, err := nextLine(window, at)
		switch {
		case err != nil:
			return 0, err
		case next == 0 && len(window) == start+maxHead:
			return 0, errHeadTooLarge
		case next == 0:
			return 0, nil
		case len(line) == 0:
			return next, nil
		}
		if err := checkField(line); err != nil {
			return 0, err
		}
		at = next
	}
}
