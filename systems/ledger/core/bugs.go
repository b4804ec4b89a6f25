package core

// Bugs are planted mistakes, all off in a correct core. Each is the kind of
// mistake that its author would have defended in review.
type Bugs struct {
	// StaleFollowerRead: "reads scale if every follower answers them itself".
	StaleFollowerRead bool
	// StaleLeaderRead: "a leader need not ask around for its lease", which
	// outlives the election timeout.
	StaleLeaderRead bool
	// CASOutsideLog: the expectation of a compare-and-set is checked when the
	// request arrives, and a plain write is put into the log.
	CASOutsideLog bool
	// AckBeforeQuorum: a leader answers a write once it is in its own log.
	AckBeforeQuorum bool
	// NoDedupe: keys are required, and then forgotten.
	NoDedupe bool
	// DedupeInMemory: each server keeps the replies it gave in a map of its own.
	DedupeInMemory bool
	// DedupeLostInSnapshot: the table of keys was added to the state, and not to
	// its snapshot.
	DedupeLostInSnapshot bool
	// KeyAfterEffect: the key is recorded by a second log entry, once the effect
	// has been applied.
	KeyAfterEffect bool
	// ConcurrentDuplicates: the key is looked up when the request arrives, and
	// not again when it is applied.
	ConcurrentDuplicates bool
	// KeyNotScopedByTenant: the table is indexed by operation and key alone.
	KeyNotScopedByTenant bool
	// KeyAnyPayload: a known key is answered without a look at the payload.
	KeyAnyPayload bool
	// ReplayDiffers: a replayed reply shows the balance of today.
	ReplayDiffers bool
	// TransferHalf: a transfer debits, answers, and has a background job credit.
	TransferHalf bool
	// KeyExpiresInFlight: a key is claimed before the work is done, and the claim
	// lapses while slow work still goes on.
	KeyExpiresInFlight bool
	// ForgetsWrites is not a mistake of the core. It says that the storage below
	// may lose what it called durable, so that the core tolerates what Raft
	// rightly calls impossible, and the loss shows as lost data instead of as a
	// crash.
	ForgetsWrites bool
}

// step is the part of a command that one log entry does. A correct core has
// whole commands only; some planted bugs split them.
type step uint8

const (
	stepWhole step = iota
	// stepEffect does the effect and stepRecord later records its key.
	stepEffect
	stepRecord
	// stepClaim takes the key and stepExecute then does the work.
	stepClaim
	stepExecute
	// stepDebit does the first half of a transfer and stepCredit the second.
	stepDebit
	stepCredit
)
