package wire

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
)

const (
	// maxHead bounds the header of a message, and its trailer.
	maxHead = 1 << 20
	// maxMessage bounds a message, because a link holds it whole.
	maxMessage = 64 << 20
)

var (
	errHeadTooLarge    = fmt.Errorf("the header is larger than %d bytes", maxHead)
	errMessageTooLarge = fmt.Errorf("the message is larger than %d bytes", maxMessage)
	errTunnel          = errors.New("the connection goes on in another protocol")
)

// HTTP1 frames HTTP/1.1, and HTTP/1.0, as RFC 9112 defines them.
//
// It is strict where leniency would let two readers of one stream disagree on
// where a message ends: a bare CR or LF, a folded field, a space before a
// colon, Content-Length beside Transfer-Encoding, and Content-Lengths that
// differ are errors. net/http and net/textproto forgive some of these and do
// not tell where a message ended, hence this reader of its own.
//
// Interim replies (100 Continue and the like) are part of the final reply that
// follows them. A reply that switches protocols ends HTTP, and is an error.
//
// Each call looks at a message from its beginning, in time linear in its header
// and in the number of its chunks; it skips over the content. So a message that
// arrives in r reads costs r times its header and its chunks, whatever its
// length.
type HTTP1 struct{}

// Name returns "http/1.1".
func (HTTP1) Name() string { return "http/1.1" }

// Request returns the length of the first request in sent, with the empty lines
// that some clients send before it.
func (HTTP1) Request(sent []byte) (int, error) {
	start := emptyLines(sent)
	h, err := readHead(sent[start:], checkRequestStart)
	if err != nil || h.size == 0 {
		return 0, err
	}
	b, err := h.body(false)
	if err != nil {
		return 0, err
	}
	return b.end(sent, start+h.size, true)
}

// Reply returns the length of the first reply in received, from its interim
// replies to the end of its body.
func (HTTP1) Reply(received, request []byte, ended bool) (int, error) {
	h, start, err := finalHead(received)
	if err != nil || h.size == 0 {
		return 0, err
	}
	b, err := h.replyBody(methodOf(request))
	if err != nil {
		return 0, err
	}
	return b.end(received, start+h.size, ended)
}

// finalHead returns the header of the first reply that is not an interim one,
// and where it starts. Its size is 0 if it is not yet whole.
func finalHead(received []byte) (h head, start int, err error) {
	for {
		h, err = readHead(received[start:], checkReplyStart)
		if err != nil || h.size == 0 {
			return head{}, 0, err
		}
		status, err := h.status()
		if err != nil {
			return head{}, 0, err
		}
		if status == http.StatusSwitchingProtocols {
			return head{}, 0, errTunnel
		}
		if status >= 200 {
			return h, start, nil
		}
		start += h.size
		if start > maxHead {
			return head{}, 0, errHeadTooLarge
		}
	}
}

// methodOf returns the method of a request, or "" if there is none.
func methodOf(request []byte) string {
	method, _, found := bytes.Cut(request[emptyLines(request):], []byte(" "))
	if !found {
		return ""
	}
	return string(method)
}

// emptyLines returns the length of the empty lines at the start of b. RFC 9112,
// section 2.2, has servers ignore them before a request.
func emptyLines(b []byte) int {
	n := 0
	for bytes.HasPrefix(b[n:], []byte("\r\n")) && n < maxHead {
		n += 2
	}
	return n
}
