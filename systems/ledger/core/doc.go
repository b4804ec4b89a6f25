// Package core is the replicated state machine of the ledger as a pure value:
// events go in, effects come out. It starts no goroutine, reads no clock and
// does no I/O, so that one real node and ten thousand simulated ones run the
// same code.
//
// The state ([State]) holds registers, accounts with their books, and the table
// of idempotency keys. It changes only by commands applied in the order of a
// replicated log, which is Raft's (Ongaro and Ousterhout 2014, by
// go.etcd.io/raft). A [Core] steps that Raft by hand:
//
//	Propose, Query, Forget   requests of clients, by a number of the caller's
//	Step, Unreachable, …     what came from, or is known of, the other nodes
//	Tick                     a tick of the caller's clock
//	Take                     what has to be done now: write, send, reply
//	Persisted                the write is durable
//
// # Promises
//
// A command is answered by the node that took it, once it is committed and
// applied there. After it was handed to Raft its answer is the result of its
// application or nothing at all: the caller then says "unknown". A command that
// Raft refused, because no leader is known, is answered with [NoLeader]: it is
// in no log and on no wire, and so will never be applied.
//
// Reads are linearizable on every node by ReadIndex (Ongaro 2014, §6.4): the
// leader confirms by a round of heartbeats that it still leads, and the node
// that was asked waits until it has applied all that was committed before. A
// query with Local set reads this node's state as it is.
//
// # Idempotency keys
//
// Whether a command with a key was done before is decided when it is applied,
// inside the replicated state machine; the table of keys, with the stored
// replies, is part of the state and of its snapshots. The scope of a key is
// tenant and operation. A key is remembered from the application of its command
// for [Config].KeyTTL, measured by the times that proposers stamp into their
// commands: the state's clock is the latest stamp seen, so all replicas forget
// alike. A command in flight has no record yet and thus nothing that could
// expire.
//
// # What the network may do
//
// Messages may be lost, late and out of order. All but forwarded proposals
// (MsgProp) may also arrive twice; those must not, because a register write
// without a key would then be applied twice. A TCP stream keeps that.
package core
