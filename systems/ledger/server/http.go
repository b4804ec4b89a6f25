package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/systems/ledger/core"
)

const (
	maxBody  = 4 << 10
	pageSize = 500
)

// handler serves the HTTP API; see the package comment of systems/ledger.
type handler struct {
	node    *Node
	timeout time.Duration
}

// ServeHTTP routes by hand: the names of tenants stand beside fixed words in
// the same place of a path, which the standard library's patterns refuse.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), h.timeout)
	defer cancel()
	x := &exchange{handler: h, ctx: ctx, w: w, r: r}
	path, found := strings.CutPrefix(r.URL.Path, "/v1/")
	if !found {
		x.refuse(http.StatusNotFound, "not-found", "there is nothing at this path")
		return
	}
	parts := strings.Split(path, "/")
	for _, part := range parts {
		if !validName(part) {
			x.refuse(http.StatusBadRequest, "bad-request", "names in a path are 1 to 64 of a-z A-Z 0-9 . _ ~ -")
			return
		}
	}
	x.route(parts)
}

func (x *exchange) route(parts []string) {
	method := x.r.Method
	switch {
	case len(parts) == 1 && parts[0] == "status":
		x.allow("GET", method == "GET", x.status)
	case len(parts) == 2 && parts[0] == "registers" && method == "PUT":
		x.writeRegister(parts[1])
	case len(parts) == 2 && parts[0] == "registers":
		x.allow("GET, PUT", method == "GET", func() { x.readRegister(parts[1]) })
	case len(parts) == 3 && parts[0] == "registers" && parts[2] == "cas":
		x.allow("POST", method == "POST", func() { x.compareAndSet(parts[1]) })
	case len(parts) == 2 && parts[1] == "deposits":
		x.allow("POST", method == "POST", func() { x.deposit(parts[0]) })
	case len(parts) == 2 && parts[1] == "transfers":
		x.allow("POST", method == "POST", func() { x.transfer(parts[0]) })
	case len(parts) == 2 && parts[1] == "accounts":
		x.allow("GET", method == "GET", func() { x.accounts(parts[0]) })
	case len(parts) == 2 && parts[1] == "entries":
		x.allow("GET", method == "GET", func() { x.entries(parts[0]) })
	case len(parts) == 4 && parts[1] == "accounts" && parts[3] == "balance":
		x.allow("GET", method == "GET", func() { x.balance(parts[0], parts[2]) })
	default:
		x.refuse(http.StatusNotFound, "not-found", "there is nothing at this path")
	}
}

// exchange is one request and its reply.
type exchange struct {
	*handler
	ctx context.Context
	w   http.ResponseWriter
	r   *http.Request
}

func (x *exchange) allow(methods string, allowed bool, serve func()) {
	if allowed {
		serve()
		return
	}
	x.w.Header().Set("Allow", methods)
	x.refuse(http.StatusMethodNotAllowed, "method-not-allowed", "allowed: "+methods)
}

// decode reads the JSON object of the request's body into v.
func (x *exchange) decode(v any) bool {
	decoder := json.NewDecoder(http.MaxBytesReader(x.w, x.r.Body, maxBody))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	if err == nil {
		if _, more := decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("more than one value")
		}
	}
	if err != nil {
		x.refuse(http.StatusBadRequest, "bad-request", "body: "+err.Error())
		return false
	}
	return true
}

// key returns the Idempotency-Key of the request, and whether the request may
// go on. The header is a string of RFC 8941, in quotes; a bare token is taken
// as well.
func (x *exchange) key(required bool) (string, bool) {
	values := x.r.Header.Values("Idempotency-Key")
	if len(values) == 0 {
		if required {
			x.refuse(http.StatusBadRequest, "no-key", "this operation needs an Idempotency-Key")
		}
		return "", !required
	}
	key := values[0]
	if len(key) >= 2 && key[0] == '"' && key[len(key)-1] == '"' {
		key = key[1 : len(key)-1]
	}
	if len(values) > 1 || !validKey(key) {
		x.refuse(http.StatusBadRequest, "bad-request", "Idempotency-Key: want one string of 1 to 255 printable characters")
		return "", false
	}
	return key, true
}

// propose puts a command to the core and answers with what write makes of its
// result.
func (x *exchange) propose(command core.Command, write func(core.Result)) {
	command.Time = time.Now().UnixNano()
	reply, err := x.node.ask(x.ctx, func(c *core.Core, id uint64) { c.Propose(id, command) })
	x.finish(reply, err, func() { write(reply.Result) })
}

// query puts a query to the core and answers with what write makes of it.
func (x *exchange) query(query core.Query, write func(core.Reply)) {
	reply, err := x.node.ask(x.ctx, func(c *core.Core, id uint64) { c.Query(id, query) })
	x.finish(reply, err, func() { write(reply) })
}

// finish answers with a problem or has write answer.
func (x *exchange) finish(reply core.Reply, err error, write func()) {
	if err != nil {
		// The command may be in a log already, and may still be committed.
		x.refuse(http.StatusServiceUnavailable, "unknown", "no answer in time; the request may or may not be done")
		return
	}
	if reply.Result.Replayed {
		x.w.Header().Set("Idempotency-Replayed", "true")
	}
	switch code := reply.Result.Code; code {
	case core.OK:
		write()
	case core.Mismatch:
		x.mismatch(reply.Result)
	case core.InsufficientFunds:
		x.refuse(http.StatusPaymentRequired, code.String(), "the account does not hold so much")
	case core.BalanceLimit:
		x.refuse(http.StatusPaymentRequired, code.String(), "the account cannot hold so much")
	case core.Conflict:
		x.refuse(http.StatusUnprocessableEntity, code.String(), "the key was used before with another payload")
	case core.InFlight:
		x.refuse(http.StatusConflict, code.String(), "another request with this key is being done")
	case core.NoLeader:
		x.refuse(http.StatusMisdirectedRequest, code.String(), "this node knows no leader and did not try")
	default:
		x.refuse(http.StatusInternalServerError, "internal", "no such code: "+strconv.Itoa(int(code)))
	}
}

// validName says whether a tenant, account or register may have this name. Such
// names need no escaping in a path or in JSON.
func validName(s string) bool {
	if len(s) < 1 || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && c != '.' && c != '_' && c != '~' && c != '-' {
			return false
		}
	}
	return true
}

// validKey says whether a string may be an idempotency key. It needs no
// escaping in JSON either.
func validKey(s string) bool {
	if len(s) < 1 || len(s) > 255 {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}
