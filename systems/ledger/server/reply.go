package server

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/tertium-dev/tertium/systems/ledger/core"
)

// body is a JSON reply under construction. Replies are written on every
// request, have few shapes, and hold only names and keys that were checked when
// they came in, so they are appended without reflection or escaping.
type body []byte

// next separates an element from the one before.
func (b body) next() body {
	if n := len(b); n > 0 && b[n-1] != '{' && b[n-1] != '[' && b[n-1] != ':' {
		return append(b, ',')
	}
	return b
}

func (b body) object() body  { return append(b.next(), '{') }
func (b body) end() body     { return append(b, '}') }
func (b body) endList() body { return append(b, ']') }

func (b body) name(name string) body {
	return append(append(append(b.next(), '"'), name...), '"', ':')
}

func (b body) list(name string) body { return append(b.name(name), '[') }

func (b body) text(name, value string) body {
	return append(append(append(b.name(name), '"'), value...), '"')
}

func (b body) number(name string, value int64) body {
	return strconv.AppendInt(b.name(name), value, 10)
}

// optional writes the value of a register, null if it has none.
func (b body) optional(name string, r core.Result) body {
	if r.None {
		return append(b.name(name), "null"...)
	}
	return b.number(name, r.Value)
}

func (x *exchange) reply(status int, b body) {
	x.send(status, "application/json", b)
}

// problem is an error as RFC 9457 has it, with a code of ours for programs.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Code   string `json:"code"`
	Detail string `json:"detail"`
	// Value and Account are set for a mismatch: what the register holds.
	Key   string `json:"key,omitempty"`
	Value *int64 `json:"value,omitempty"`
}

// refuse answers with a problem.
func (x *exchange) refuse(status int, code, detail string) {
	x.problem(problem{Title: http.StatusText(status), Status: status, Code: code, Detail: detail})
}

// mismatch answers a compare-and-set whose expectation was not met, with what
// the register held.
func (x *exchange) mismatch(r core.Result) {
	status := http.StatusPreconditionFailed
	p := problem{
		Title: http.StatusText(status), Status: status, Code: r.Code.String(),
		Detail: "the register holds another value", Key: r.Account,
	}
	if !r.None {
		p.Value = &r.Value
	}
	x.problem(p)
}

func (x *exchange) problem(p problem) {
	b, err := json.Marshal(p)
	if err != nil {
		// A problem holds strings and numbers only.
		panic(err)
	}
	x.send(p.Status, "application/problem+json", b)
}

func (x *exchange) send(status int, contentType string, b []byte) {
	header := x.w.Header()
	header.Set("Content-Type", contentType)
	header.Set("Content-Length", strconv.Itoa(len(b)))
	x.w.WriteHeader(status)
	// An error means that the client is gone; it does not know more than before.
	_, _ = x.w.Write(b)
}
