// Package nats is NATS with JetStream under test: one server, or three and more
// that replicate each stream.
//
// Options of the config:
//
//	nodes      1, 3 (the default), 5 or 7, if --nodes does not say it
//	version    2.12.1 (the default), 2.10.22 or any other release, which is built
//	           from its Go module, or debian: the package nats-server of the image
//	sync       default, or always: each write is flushed before it is confirmed.
//	           By default a server flushes every two minutes, and trusts that not
//	           all replicas lose power at once
//	storage    file (the default) or memory
//	replicas   how many nodes have each stream, all of them by default
//	reads      single (the default), or batch: many messages of a stream are asked
//	           for at once. Release 2.12.1 does not bear it: a replica that is
//	           written to meanwhile locks itself out and serves the stream no more
//	delivery   of the workload queue: at-least-once (the default) or exactly-once
//
// # What is promised
//
// A publish is confirmed once a majority of the replicas has it in its log. Each
// is sent with a message ID, by which a stream knows it again for two minutes, so
// that a request that is delivered twice is stored once.
//
// Workload queue: each queue is a stream that keeps messages until they are
// acknowledged, with one consumer that all clients pull from. A message that was
// delivered and not acknowledged comes again after a second (the delivery
// at-least-once), or once every client has given up for certain (exactly-once).
//
// Workload stream: each partition is a stream; the offset of a message is its
// sequence. A poll is answered by a replica, that of the client's own node if it
// has one, which may lag.
//
// Workload set: all sets are one stream. Replicas lag, and a leader that was
// deposed may not know it, so a read first publishes a mark of its own and then
// reads until it comes to that: whoever shows it has all that was before it.
//
// Workload register: a bucket of keys and values, whose latest message is the
// register's value. A compare-and-set publishes on the condition that the message
// which it read is the latest. A read asks the stream's leader, and nobody else.
// NATS does not promise that this is linearizable: a leader that was deposed goes
// on answering reads until it learns of it. Such a history is invalid, rightly,
// though no promise was broken.
//
// # Outcomes
//
// Each client has one connection and never tries anything again by itself. What
// it makes of an error, and why:
//
//	no connection could be opened                   fail: nothing was sent
//	no responders, in answer to a publish that      fail: the server that took the
//	has no message ID                               message knew nobody to give it to,
//	                                                and keeps nothing
//	wrong last sequence (10071), too large          fail: checked before the message
//	(10054), likewise                               is stored, and it never is
//	the same, with a message ID                     unknown: such a request may be
//	                                                delivered more than once, and
//	                                                another delivery succeed
//	any other error in answer to a publish          unknown: the leader may have
//	                                                proposed it, or has it in process
//	timeout, reset, end of the connection           unknown
//
// Reads have no effect, so whatever goes wrong with them is fail. So it is with a
// dequeue until it has sent an acknowledgement: what was delivered and not
// acknowledged is delivered again. From then on it is ok at-least-once, and
// unknown exactly-once until the server confirms the acknowledgement.
//
// That there is no such stream (10059) is an answer, and not an error of a read:
// the leader of the whole cluster gives it. Streams are made before the first
// operation and never taken away, so it means that one is gone with all that was
// in it. A set is then empty, and a queue drained.
package nats
