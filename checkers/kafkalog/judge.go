package kafkalog

import (
	"context"
	"fmt"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

const (
	lost             = "lost-write"
	inconsistent     = "inconsistent-offset"
	duplicate        = "duplicate"
	aborted          = "aborted-read"
	unexpected       = "unexpected-message"
	early            = "early-message"
	nonmonotonicSend = "nonmonotonic-send"
	nonmonotonicPoll = "nonmonotonic-poll"
	skip             = "poll-skip"
)

// judge judges the logs of a history.
type judge struct {
	*Checker
	*book
	found *findings.Set
	// unseen are acknowledged messages that no poll got as far as.
	unseen int
}

func (c *Checker) judge(ctx context.Context, ops []history.Operation) (judgement.Judgement, error) {
	j := &judge{
		Checker: c, book: newBook(ops),
		found: findings.New(lost, inconsistent, duplicate, aborted, unexpected, early, nonmonotonicSend, nonmonotonicPoll, skip),
	}
	err := j.all(ctx)
	acked, given := 0, 0
	for i := range j.messages {
		if j.messages[i].acked != none {
			acked++
		}
		if j.messages[i].polled != none {
			given++
		}
	}
	doubts := j.doubts
	if j.unseen > 0 {
		doubts = append(doubts, fmt.Sprintf("no poll got as far as acknowledged messages: %d of them; poll all partitions to their ends", j.unseen))
	}
	if given == 0 {
		doubts = append(doubts, "no message was polled")
	}
	return judgement.Judgement{
		Judged:  len(j.sends) + len(j.stretches),
		Found:   j.found,
		Doubts:  doubts,
		Covered: fmt.Sprintf("%d messages were acknowledged and %d were polled, each at its place and in order", acked, given),
		Figures: []verdict.Figure{
			judgement.Operations("sends", len(j.sends)), judgement.Operations("polls", len(j.stretches)),
			judgement.Count("partitions", len(j.partitions)), judgement.Count("acknowledged", acked), judgement.Count("polled", given),
			judgement.Count("unseen", j.unseen),
		},
	}, err
}

func (j *judge) all(ctx context.Context) error {
	for i := range j.ops {
		if i%judgement.Poll == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		switch j.ops[i].F {
		case "send", "poll", "txn":
			j.read(int32(i))
		}
	}
	j.close()
	j.judgeClashes()
	for i := range j.messages {
		if i%judgement.Poll == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		j.judgeMessage(int32(i))
	}
	j.judgeLost()
	j.judgeConsumers()
	j.judgeEnds()
	return ctx.Err()
}

// blame adds a finding about some operations, the one to blame first.
func (j *judge) blame(anomaly string, rule rules, partition int32, summary func() string, ops ...int32) {
	if j.rules&rule == 0 {
		return
	}
	j.found.Add(anomaly, func() verdict.Finding {
		return judgement.Witness(j.partitions[partition].key, j.ops, ops, summary())
	})
}

func (j *judge) judgeClashes() {
	for _, c := range j.offsets {
		j.blame(inconsistent, ruleOffset, c.partition, func() string {
			return fmt.Sprintf("offset %d has both %s and %s", c.offsets[0], j.name(c.messages[0]), j.name(c.messages[1]))
		}, c.first, c.second)
	}
	if j.duplicates {
		return
	}
	for _, c := range j.values {
		j.blame(duplicate, ruleDuplicate, c.partition, func() string {
			return fmt.Sprintf("%s has both offset %d and offset %d", j.name(c.messages[0]), c.offsets[0], c.offsets[1])
		}, c.first, c.second)
	}
}

// judgeMessage says whether a message that was polled had been sent.
func (j *judge) judgeMessage(id int32) {
	m := &j.messages[id]
	if m.sends > 1 && !j.duplicates {
		j.doubts = append(j.doubts, fmt.Sprintf("%s is sent more than once to %q; send each message once", j.name(id), j.partitions[m.partition].key))
	}
	said := func(what string) func() string { return func() string { return j.name(id) + what } }
	switch {
	case m.polled == none:
	case m.send == none && m.failed != none:
		j.blame(aborted, ruleAborted, m.partition, said(" was polled though its send had failed for certain"), m.polled, m.failed)
	case m.send == none:
		j.blame(unexpected, ruleUnexpected, m.partition, said(" was polled and was never sent"), m.polled)
	case j.ops[m.send].Call > j.ops[m.polled].Return:
		j.blame(early, ruleEarly, m.partition, said(" was polled before it was sent"), m.polled, m.send)
	}
}

// judgeLost looks for acknowledged messages that nobody was given.
func (j *judge) judgeLost() {
	// passed has for each partition the send, of a message at or before the last
	// offset polled, that was called last.
	passed := make([]sent, len(j.partitions))
	for i := range passed {
		passed[i] = sent{none, none, unplaced}
	}
	for _, s := range j.sends {
		m := &j.messages[s.message]
		p := &j.partitions[m.partition]
		at := &passed[m.partition]
		if m.sends == 1 && m.at != none && p.lastAt != none && m.offset <= p.last && s.op > at.op {
			*at = s
		}
	}
	for i := range j.messages {
		m := &j.messages[i]
		if m.acked == none || m.polled != none || m.sends > 1 {
			continue
		}
		p := &j.partitions[m.partition]
		later := passed[m.partition]
		name := func() string { return j.name(int32(i)) }
		switch {
		case j.anyStart:
			j.unseen++
		case m.at != none && p.lastAt != none && m.offset <= p.last:
			j.blame(lost, ruleLost, m.partition, func() string {
				return fmt.Sprintf("%s was acknowledged at offset %d and nobody was given it, though offset %d was polled", name(), m.offset, p.last)
			}, m.acked, p.lastAt)
		case m.at == none && later.op != none && j.ops[later.op].Call > j.ops[m.acked].Return:
			// If the place of the later one is known from its reply, somebody else
			// must have passed it; if from a poll, that poll did.
			ops, offset := []int32{m.acked, later.op, p.lastAt}, p.last
			if later.offset == unplaced || later.offset > p.last {
				ops[2], offset = j.messages[later.message].at, j.messages[later.message].offset
			}
			j.blame(lost, ruleLostUnplaced, m.partition, func() string {
				return fmt.Sprintf("%s was acknowledged and nobody was given it, though offset %d was polled and is not before what was sent later", name(), offset)
			}, ops...)
		default:
			j.unseen++
		}
	}
}
