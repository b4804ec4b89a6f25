package wire

import "net/http"

// Repeatable reports whether the request carries an Idempotency-Key.
func (HTTP1) Repeatable(request []byte) bool {
	h, err := readHead(request[emptyLines(request):], checkRequestStart)
	if err != nil {
		return false
	}
	for key := range h.fields("Idempotency-Key") {
		if key != "" {
			return true
		}
	}
	return false
}

// Acknowledged reports whether the reply has a 2xx status and the request a
// method that is not safe, in the sense of RFC 9110, section 9.2.1.
func (HTTP1) Acknowledged(request, reply []byte) bool {
	switch methodOf(request) {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace:
		return false
	}
	h, _, err := finalHead(reply)
	if err != nil || h.size == 0 {
		return false
	}
	status, err := h.status()
	return err == nil && status < 300
}

// Cuttable reports whether the reply says by itself where it ends. Of one that
// ends with its connection the beginning looks like the whole.
func (HTTP1) Cuttable(request, reply []byte) bool {
	h, _, err := finalHead(reply)
	if err != nil || h.size == 0 {
		return false
	}
	b, err := h.replyBody(methodOf(request))
	return err == nil && b.kind != untilClose
}
