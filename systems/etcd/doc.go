// Package etcd is etcd under test: one member, three (the default) or five.
//
// Options of the config:
//
//	version             which etcd, 3.5.0 or later, built with this machine's Go when it is
//	                    first needed; Debian's (3.4.23) if it is left out
//	reads               linearizable (the default) or serializable: whether a read asks the
//	                    leader how far it must have got, or is answered with what the node has
//	value_bytes         what values are filled up to with spaces; 0, the default, is not at all
//	heartbeat-interval  as the server's flags, in milliseconds: 50 and 500, half of its own
//	election-timeout    defaults
//	snapshot-count      as the server's flag; its own default if it is left out
//
// Several members run in containers only: each must reach all others by the one
// address that all know it by, and processes of one machine have a link of its
// own for each pair.
//
// # How keys are used
//
// Clients use the JSON gateway, which every member has on its client port.
//
//	register       a key; cas is a transaction that compares the value
//	set            a key below the set's for each element; read whole at one revision
//	counter        the version of a key, which each put raises by one
//	transactions   what is read, in one transaction of etcd; then what is written, in a
//	               second, which is refused if a key read has another revision by then. A
//	               list is read to be appended to. It is not tried again.
//	lock           a key with a lease, created if there is none; the token is its revision
//
// # What the client knows
//
// The client writes each request itself and never sends one twice. What it takes
// from each ending, and why (by the sources of 3.4.23, 3.5.17 and 3.6.0):
//
//	no connection, or first write wrote nothing    fail: no byte of the request left
//	timeout, reset, end in or before a reply       unknown: it may be done, now or later
//	2xx that cannot be understood                  unknown
//	not capable (14)                               fail: refused before it is looked at
//	too many requests (8)                          fail: refused before it is proposed
//	raft proposal dropped (2)                      fail: raft took it in nowhere
//	request too large, key not provided,           fail: refused before it is proposed
//	duplicate key, too many operations (3)
//	requested lease not found (5)                  fail: looked for before anything is written
//	database space exceeded (8)                    unknown: a put that goes beyond the quota is
//	                                               applied, and then answered so
//	request timed out, whatever it adds (14)       unknown: it was proposed, and may be applied yet
//	leader changed, no leader, server stopped,     unknown: they are answers to requests that were
//	not leader (14, 9)                             not proposed, and to others that were
//	transport is closing, and whatever the         unknown: the gateway is a client of its own
//	gateway says for itself                        server
//	any other message, or a code that is not       unknown: nobody thought of it
//	the one in brackets
//
// The read that goes before a write is a request of its own: if that has any
// ending but success, nothing was written, and the operation fails. A transaction
// whose comparison does not hold fails as "mismatch", "conflict", "held" or
// "fenced".
//
// # Members that diverge
//
// [System.Settled] compares what members hold, by revision and hash, once all
// have applied the same entries. If they differ then they will for ever, and it
// says which member is alone; a run that ends so is never valid. What clients see
// of it is for the checkers: a read, linearizable too, is answered by the node
// that was asked from what that holds.
package etcd
