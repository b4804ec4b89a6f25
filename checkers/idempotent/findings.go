package idempotent

import "github.com/tertium-dev/tertium/checkers/internal/findings"

const (
	doubleEffect     = "double-effect"
	lostEffect       = "lost-effect"
	vanishedEffect   = "vanished-effect"
	phantomEffect    = "phantom-effect"
	failedEffect     = "failed-effect"
	payloadAccepted  = "other-payload-accepted"
	foreignReply     = "foreign-reply"
	sharedEffect     = "shared-effect"
	answerChanged    = "answer-changed"
	replyChanged     = "reply-changed"
	spuriousConflict = "spurious-conflict"
	wrongTotal       = "wrong-total"
)

func newFindings() *findings.Set {
	return findings.New(doubleEffect, lostEffect, vanishedEffect, phantomEffect, failedEffect, payloadAccepted,
		foreignReply, sharedEffect, answerChanged, replyChanged, spuriousConflict, wrongTotal)
}
