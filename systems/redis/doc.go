// Package redis is Redis under test: one server, which appends every write to
// its log and flushes that before it answers, unless it is told otherwise; or,
// with --nodes 3, a primary with replicas and a Sentinel beside each of them.
//
// Options of the config:
//
//	appendfsync            always (the default), everysec or no: when the log is flushed
//	appendonly             yes (the default) or no: whether there is a log
//	dedupe                 script (the default) or ttl: how workload ledger does a request once
//
// and those of several nodes:
//
//	sentinel               on (the default) or off: whether there is a Sentinel beside each server
//	down_after_ms          2000: how long a primary may be silent before a Sentinel calls it down
//	wait                   0 (the default), 1 or 2: the replicas that each write waits for, with WAIT
//	min-replicas-to-write  0 (the default), 1 or 2: the replicas without which a primary refuses writes
//	reads                  primary (the default) or any: which servers answer reads
//
// # Several nodes
//
// At first the first node is the primary. Server and Sentinel of a node live and
// die together. A node that is started again asks the Sentinels who is primary
// and becomes its replica; without Sentinels roles never change. Every worker
// talks to its own node and no other, as clients do that have not heard of a
// failover. Replicas refuse writes. They also refuse reads, because what they
// have may be old, unless reads=any: each read asks for the role of the server in
// the same script. Whole books (accounts and entries of workload ledger) are read
// from any server, since they are compared node by node after all have caught up.
//
// Replication is asynchronous, and a failover loses what the old primary had
// acknowledged and not yet passed on; so does a primary that is cut off and goes
// on to take writes until it hears that it was replaced. Redis promises no more
// than that, with wait and min-replicas-to-write too
// (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/,
// "Sentinel and Redis distributed as a whole"). So with sentinel=on a run with
// partitions is rightly invalid, and with sentinel=off, where the first node
// stays primary and has all it acknowledged on its disk, it must be valid.
//
// # Outcomes
//
// What a client makes of an error, and why:
//
//	the connection could not be opened, or not     fail: nothing was sent
//	greeted
//	LOADING, MASTERDOWN, CLUSTERDOWN, READONLY,    fail: the server says so before it
//	NOREPLICAS, MISCONF, OOM, BUSY, NOAUTH,        does anything
//	WRONGTYPE, NOPERM, ERR
//	REPLICA                                        fail: our own script refuses to read
//	fewer replicas than option wait asks for       unknown: the primary has the write, and
//	                                               those who follow it may never
//	any other reply that is an error               unknown
//	timeout, reset, end of the connection          unknown: the command may have been
//	                                               done, or be done yet
//
// The compare-and-set is a script (EVAL), whose only write is its last step, so
// that an error of it proves that nothing was written.
//
// A transaction is a script that may write several times, and what it has
// written stays if a later command is refused. The script stops at the first
// refusal and tells how many writes had been done by then:
//
//	refused before any write, by one of the        fail: nothing was written
//	errors above
//	refused after a write, whatever the error      unknown: a part of it was done
//	LOADING, MASTERDOWN, CLUSTERDOWN, BUSY,        fail: the script did not begin
//	NOAUTH in answer to the script itself
//	READONLY, NOREPLICAS, MISCONF, OOM in answer   fail, of several nodes: their scripts
//	to the script itself                           say that they write, and are refused
//	                                               as a whole
//	any other error in answer to it                unknown: it may have come from the
//	                                               middle of the script
//
// Elements, sums and values are whole numbers. Anything else in a reply is
// unknown: nobody wrote it.
//
// # Payments
//
// Workload ledger has a hash of balances and a list of entries for each tenant,
// and a hash of the replies to requests by their key. With dedupe=script one
// script looks the request up, does it and notes the reply. With dedupe=ttl the
// client does what is often done: it marks the request by SET NX with a time to
// live of half a second, looks it up, does it, and then notes the reply, each by
// a command of its own. Whoever comes again after the mark has expired and before
// the reply was noted does the request a second time. From the mark on, any error
// is unknown.
//
// Workload bank has one hash of balances; a transfer is a script with one write.
// A queue is a list, into which RPUSH puts elements and from which LPOP takes
// them: of an LPOP without an answer it is not known what it took. With several
// nodes a failover loses elements and brings others back.
package redis
