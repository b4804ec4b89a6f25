package idempotent

// rules are the parts of the property. A checker has all of them; tests take
// them out one by one to see that each is needed.
type rules uint32

const (
	// ruleOnce: one key, at most one effect.
	ruleOnce rules = 1 << iota
	// ruleForeign: a reply is that of its own request.
	ruleForeign
	// ruleOnePayload: of the payloads used under a key one is ever accepted.
	ruleOnePayload
	// ruleSameAnswer: a key that was done is never refused, nor the reverse.
	ruleSameAnswer
	// ruleSameReply: each ok reply of a key is the same.
	ruleSameReply
	// ruleReplyInBooks: the reply names the effect that the books hold.
	ruleReplyInBooks
	// ruleRefusedNotDone: what was refused for good is not in the books.
	ruleRefusedNotDone
	// rulePhantom: each effect has an attempt that can have made it.
	rulePhantom
	// ruleFailedNotDone: what has failed for certain is not in the books.
	ruleFailedNotDone
	// ruleConflictHasRival: a conflict is reported only if another payload was
	// used.
	ruleConflictHasRival
	// ruleReplayNotConflict: what was done is replayed, not a conflict.
	ruleReplayNotConflict
	// ruleAckedIsThere: what was acknowledged is in the books.
	ruleAckedIsThere
	// ruleSeenStays: what was in the books stays in them.
	ruleSeenStays
	// ruleOwnID: no two keys share an effect.
	ruleOwnID
	// ruleExpiry: a key is done anew only once it may be forgotten.
	ruleExpiry
	// ruleTotals: a total is made up of requests that can have been done.
	ruleTotals

	allRules = rules(1<<iota - 1)
)
