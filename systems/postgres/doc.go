// Package postgres is PostgreSQL under test: one server, or a primary with one or
// two streaming replicas, in containers.
//
// Options of the config:
//
//	isolation            of transactions of several statements: serializable (the
//	                     default), repeatable-read or read-committed
//	synchronous_commit   on (the default) or off: whether a commit waits for the disk
//	fsync                on (the default) or off: whether anything does
//	replication          async (the default), or sync: a commit waits until one
//	                     replica, whichever, has it on disk
//	reads                primary (the default): replicas do nothing for clients; or
//	                     any: they do what only reads
//	commit_delay         how long a commit waits for others before the disk is
//	                     flushed for all, such as 5ms; not at all by default
//	recovery_min_apply_delay
//	                     how long replicas wait before they replay a commit, such
//	                     as 5ms; not at all by default
//	dedupe               in the workload ledger, unique (the default): a unique
//	                     constraint keeps a key from being done twice; or
//	                     check-then-insert: nothing but a look before does
//
// # Clients
//
// Registers, counters and sets are rows, and each operation on them is one
// statement. Transactions of the workloads list-append, rw-register, long-fork and
// bank are BEGIN with a level of isolation, a statement for each read or write, and
// COMMIT; those that only read say so. A write updates its row and inserts it only
// if there was none. On replicas, which do not know SERIALIZABLE, it is REPEATABLE
// READ. Payments of the ledger are transactions that are read committed, as most
// are, and lock what they change.
//
// What a client makes of an error, and why:
//
//	the connection could not be opened, or not     fail: nothing was sent
//	a byte of the operation left it
//	the node is a replica                          fail: nothing was sent but the
//	                                               question whether it is
//	any error before COMMIT was sent, of a         fail: without that word the server
//	transaction                                    rolls back, and it cannot come later:
//	                                               the connection is used for ROLLBACK,
//	                                               or closed
//	SQLSTATE 23…, 40…, but not 40003, or the       fail: rolled back
//	tag ROLLBACK, in answer to COMMIT
//	SQLSTATE 22…, 23…, 40…, 42…, 53…, 55…,         fail: refused, and rolled back
//	25006, but not 40003, in answer to a
//	statement by itself
//	any other SQLSTATE, 40003 and 57… among        unknown: a server that is shut down
//	them                                           says so whether or not it had
//	                                               committed
//	success with a warning                         unknown: the server gave up to wait
//	                                               for a replica, and the commit may be
//	                                               on the primary alone
//	timeout, reset, end of the connection          unknown
//
// A client that gives up closes its connection and asks for nothing to be
// cancelled: a commit that waits for a replica would take that for leave to be
// seen without one.
//
// # Nodes
//
// The first node is the primary at first. Nodes do not elect: an operator promotes
// (see [harness.Promoter]). A node that starts again asks the others. If it was the
// primary and another is one now, it takes a fresh copy of that and follows; if
// none is, or nobody answers for a while, it goes on. So two primaries that were
// both down, and start without seeing each other, both stay primaries. A replica
// goes on following whom it followed, or follows anew if another leads.
//
// A client of an old primary that has not noticed goes on reading there, and with
// replication=async writing. What it reads may be stale, and what it writes is lost
// when the node follows the new one; with replication=sync its writes wait for a
// replica for ever.
package postgres
