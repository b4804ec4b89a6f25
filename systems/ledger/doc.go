// Package ledger is the bundled system under test: a payments service,
// replicated by Raft over one, three or five nodes. It is correct, and can be
// started with planted bugs. The folders below it are the service: core is its
// logic, wal its disk, server its network and clock. This package starts it and
// is its client.
//
// # API
//
//	GET  /v1/registers/{key}               {"key", "value"}
//	PUT  /v1/registers/{key}               {"value"}
//	POST /v1/registers/{key}/cas           {"old", "new"}: set to new if it holds old
//	POST /v1/{tenant}/deposits             {"account", "amount"}
//	POST /v1/{tenant}/transfers            {"from", "to", "amount"}
//	GET  /v1/{tenant}/accounts/{account}/balance
//	GET  /v1/{tenant}/accounts             pages: ?after=
//	GET  /v1/{tenant}/entries              pages: ?after=
//	GET  /v1/status                        what the node knows of itself
//
// Every node serves every request. Replies are linearizable; with
// ?consistency=local a GET shows the state of the node as it is. A register
// that was never written holds null, and a page that is not the last names the
// next in "next".
//
// Deposits and transfers need an Idempotency-Key, as
// draft-ietf-httpapi-idempotency-key-header has it; writes of registers may have
// one, and those of this client do not. Its scope is tenant and operation. Under
// one key there is one effect and one reply, which is replayed with
// Idempotency-Replayed: true; a refusal for want of funds is a reply. Keys are
// remembered for 24 hours after their effect (node flag --key-ttl).
//
// Errors are problem documents (RFC 9457) with a "code":
//
//	400 no-key, bad-request        402 insufficient-funds, balance-limit
//	404 not-found                  405 method-not-allowed
//	409 in-flight                  412 mismatch, with the "value" seen
//	421 no-leader                  422 conflict: key used with another payload
//	503 unknown                    no answer in time; it may be done or not
//
// # What the client knows
//
// The client writes each request itself and never sends one twice. (Go's
// http.Transport does, on a connection that breaks, if a request is a GET or has
// an Idempotency-Key.) What it takes from each ending:
//
//	what was seen                        outcome  why
//	no connection                        fail     never-sent: no byte of the request left
//	first write wrote nothing            fail     never-sent: the same
//	connection found closed before use   —        another one is dialled; nothing was sent
//	part of the request written          unknown  a proxy may have had it all
//	no reply before the deadline         unknown  it may be done, now or later
//	reset, or end in or before a reply   unknown  the same
//	reply that cannot be understood      unknown  nobody knows what it meant
//	2xx                                  ok       the body has the result
//	402 412 422 400 404 405              fail     the service decided before, or instead of, any effect
//	421 no-leader, no key                fail     the service did not try
//	421, 409 in-flight, with a key       unknown  a keyed request may be delivered again, and nothing
//	                                              under the key says no to it
//	5xx                                  unknown  the service does not know either
//	a code not in this table             unknown  nobody thought of it
package ledger
