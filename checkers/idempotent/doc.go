// Package idempotent judges whether a service does what is asked of it under an
// idempotency key exactly once: each key has at most one effect, exactly one
// once it was acknowledged, and one reply, which all attempts are given.
//
// It takes the operations whose Idem is set as attempts, and read-backs of the
// service's books as the truth about effects. How replies, refusals and books
// read is a [Reading]; the default is that of the ledger workload.
//
// # What a service promises
//
// A key is resolved at most once, at one moment: it is done, which is its
// effect, or refused for good, which is its reply in place of an effect. What is
// done is what some attempt asked for, and that attempt began before. From then
// on every attempt with the same payload is given the same reply and every
// attempt with another payload is refused as a conflict. An attempt may also be
// told, at any time, that another one is being worked on, or be turned away.
// The books of a node show each effect once, under its key and with an id of its
// own, from some moment after it was done; once the nodes settle, those of all
// nodes show what was done before.
//
// The network may lose requests and replies, and deliver requests late. So an
// attempt without an answer may be done at any time after it began, also after
// the last read-back. While a fault copies requests, one that was turned away or
// refused may be done by its copy.
//
// # How it is judged
//
// Let all events be numbered. For each key, what was observed says
//
//   - whether it was resolved, how, with which payload, and as which effect: by
//     each reply and each entry in the books. They must all say the same. A key
//     of which nothing of the kind was observed need not have been resolved.
//   - at which moment τ at the latest: before the first return of an attempt
//     that tells of it, and before the first return of a read-back that shows
//     it.
//   - at which moment at the earliest: after the first call of an attempt that
//     can have done it; after the nodes settled before any read-back that does
//     not show it; and, for each attempt with that payload that was refused as a
//     conflict, after both this attempt and the first with another payload had
//     been called, because only then can the one have been refused for the
//     other, and not any more once its own payload was accepted.
//
// These are all constraints on τ, each from one side by one event, and all are
// strict. So there is a τ that satisfies them if and only if the latest of the
// lower bounds is before the earliest of the upper ones, and if not, these two
// are the counterexample. What is left does not concern τ: an attempt refused as
// a conflict needs a rival that began before it returned; a read-back must not
// lack what an earlier one at the same node showed, because τ says nothing about
// when the node learned of it; and no two keys have one effect. Given τ, a
// service that keeps its promises is easily made that does what was observed, so
// nothing invalid passes and nothing legal is accused. Read-backs are not taken
// to be snapshots, because they come in pages, so that keys do not constrain
// each other.
//
// It takes one pass over the attempts, one over the read-backs, one over the
// keys, and a sort of the moments from which on each must show: O(n log n), with
// a small factor for the sort. Tests compare it with all possible services run
// side by side.
//
// # When it is unknown
//
// Nothing is called valid that was not tested. It is unknown if no attempt was
// acknowledged nor any effect seen, if the books of a scope with acknowledged
// keys were never read back after the nodes had settled, if a read-back cannot
// be read, and past its budget.
//
// # Expiry and totals
//
// A service that forgets keys after a time ([Expiry]) may do them again; see
// judgeEpochs. One whose books show only totals ([ReadTotals]) is judged by
// totals whose parts can be told by their weights; see readTotal.
//
// The promises are those of the IETF draft on the Idempotency-Key header field
// (draft-ietf-httpapi-idempotency-key-header) and, for effects as a grow-only
// set of log entries, follow Gibbons and Korach, "Testing shared memories", 1997.
package idempotent
