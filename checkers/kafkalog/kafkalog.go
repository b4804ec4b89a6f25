// Package kafkalog judges logs as Kafka has them: partitions, each a sequence of
// messages at growing offsets, to which producers send and from which consumers
// poll.
//
// Operations, with the partition as their Key:
//
//	f          value of invocation  value of an ok completion
//	send       the message          its offset, [offset message], or nil if it is not known
//	poll       nil                  the list of [offset message] that came, in this order
//	assign     anything             anything
//	subscribe  anything             anything
//
// Jepsen's form is read too: a send, poll or txn is a list of [:send k v] and
// [:poll], which come back as [:send k [offset v]] and [:poll {k [[offset v] …]}].
// Only its sends and polls are judged, not whether they are atomic.
//
// # What is promised
//
// Each message is sent to a partition once. An ok send appends it between its
// call and its return, a failed one never does, and one of unknown outcome does
// so once at any time after its call, or never. Later appends get greater
// offsets; gaps are allowed. A process that polls is a consumer: from the first
// message that it is given of a partition on it is given all, in order. It begins
// anew where it likes after assign; after subscribe the system may move it at any
// time, so that nothing is said of its next poll. All consumers together begin
// with the first message of each partition, unless [AnyStart] says otherwise.
//
// The anomalies, named as Jepsen names them:
//
//	lost-write            an acknowledged message was passed and nobody was given it
//	inconsistent-offset   an offset has two messages
//	duplicate             a message has two offsets
//	aborted-read          a message was polled whose send had failed
//	unexpected-message    a message was polled that was never sent
//	early-message         a message was polled before it was sent
//	nonmonotonic-send     an append got an offset not beyond one that was there before
//	nonmonotonic-poll     a consumer was given a message at or before its last
//	poll-skip             a consumer was given a message and not one before it
//
// Jepsen counts a message that nobody polled as unseen and invalid. Here, if no
// poll got as far, the history is unknown. Jepsen compares the offsets of sends
// of one process; here all that followed each other in time are.
//
// # Why it is exact
//
// A log that explains the history has each message that was polled or
// acknowledged at one place. Where it is known the rules but for lost-write say
// that this is a function in both directions, that appends can have their moments
// in the order of offsets (which is so just if none was called after one with a
// greater offset was certain, as intervals can be ordered pairwise), and that
// every consumer was given a stretch of it. A message that was acknowledged
// without an offset, and not polled, must be beyond all that was polled; and it
// can be, just if none of these was called after it returned. Time is
// O(n log n).
package kafkalog

import (
	"context"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Checker judges logs. Make one with [New].
type Checker struct {
	anyStart   bool
	duplicates bool
	rules      rules
}

// Option changes what [New] returns.
type Option func(*Checker)

// AnyStart says that consumers may begin anywhere, so that a message is missed
// only if one was given messages before and after it.
func AnyStart() Option { return func(c *Checker) { c.anyStart = true } }

// Duplicates says that a message may be appended more than once, as by producers
// that try again.
func Duplicates() Option { return func(c *Checker) { c.duplicates = true } }

// New returns a checker.
func New(options ...Option) *Checker {
	c := &Checker{rules: allRules}
	for _, option := range options {
		option(c)
	}
	return c
}

// Name is "kafka".
func (*Checker) Name() string { return "kafka" }

// bytesPerOperation is what the judging holds on to.
const bytesPerOperation = 480

// Check judges the history. It is unknown if a message was acknowledged and no
// poll got as far.
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "each partition is an append-only log, of which consumers are given every message in order",
		Method:   "offsets and messages matched; one sweep over time for each partition's end, one over each consumer",
	}
	return judgement.Report(ctx, h, budget, report, bytesPerOperation, c.judge)
}

// rules are the parts of the property. A checker has all of them; tests take
// them out one by one to see that each is needed.
type rules uint32

const (
	ruleLost rules = 1 << iota
	// ruleLostUnplaced: so is one whose offset nobody knows, if later ones were
	// passed.
	ruleLostUnplaced
	ruleOffset
	ruleDuplicate
	ruleAborted
	ruleUnexpected
	ruleEarly
	ruleSendOrder
	// rulePolledEnd: what was polled is before what is sent later, too.
	rulePolledEnd
	rulePollOrder
	ruleSkip

	allRules = 1<<iota - 1
)
