package idempotent

import (
	"iter"

	"github.com/tertium-dev/tertium/harness/history"
)

// Reading says how idempotent requests and their effects show in a history, so
// that the checker serves any service. [Ledger] is the default.
type Reading struct {
	// Scope returns the part of the books that a request belongs to, such as
	// its tenant. One read-back covers one scope.
	Scope func(idem string) string
	// Refusal says what is known of a failed attempt.
	Refusal func(attempt *history.Operation) Refusal
	// Reply reads the reply of an ok attempt.
	Reply func(attempt *history.Operation) Reply
	// Books returns the scope that an operation reads back, and the effects
	// that it shows, each of which may be unreadable. effects is nil for
	// operations that read nothing back. It is asked about ok operations only.
	// It leaves out what cannot be the effect of any attempt in the history,
	// such as what was in the books before.
	Books func(op *history.Operation) (scope string, effects iter.Seq2[Effect, error])
	// Fits reports whether an effect is what an attempt asked for.
	Fits func(effect Effect, attempt *history.Operation) bool
}

// Refusal is what is known of an attempt that failed. The zero value is
// [NeverDone].
type Refusal uint8

const (
	// NeverDone: what was asked for was not done by this attempt and never will
	// be. The client vouches for it.
	NeverDone Refusal = iota
	// TurnedAway: a node turned this delivery of the request away. If the
	// network delivers requests twice, another node may have taken the other.
	TurnedAway
	// Busy: another delivery under the same key was being worked on. It may be
	// a copy of this very request, so nothing follows.
	Busy
	// Answered: the refusal is the reply of this key. It takes the place of an
	// effect and is replayed like one.
	Answered
	// Conflicting: the key was refused because it had been used with another
	// payload.
	Conflicting
)

// Reply is what an ok reply tells.
type Reply struct {
	// ID identifies the effect: an int64 or a string, or nil if the reply does
	// not tell.
	ID any
	// Stable is what every replay must repeat.
	Stable any
	// Foreign says in which way it answers another request than the one it
	// came for; it is empty for a fitting reply.
	Foreign string
}

// Effect is one effect in the books.
type Effect struct {
	// Idem names the request that the effect says it belongs to, in the form
	// of [history.Operation.Idem]. It may change once the next effect is read.
	Idem []byte
	// ID identifies the effect: an int64 or a string, or nil if there is none.
	// No two effects of a scope share one.
	ID any
	// Entry is the effect as it stands in the books.
	Entry any
}
