package kafkalog

import (
	"fmt"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// consumer is a process that reads a partition.
type consumer struct {
	process   int
	partition int32
}

// position is what a consumer was given last.
type position struct {
	offset int64
	op     int32
	// epoch is the number of the consumer's assignment.
	epoch int
}

// judgeConsumers follows what each consumer was given.
func (j *judge) judgeConsumers() {
	positions := make(map[consumer]position)
	epochs := make(map[int]int)
	moved := make(map[int]bool) // by the system, at any time
	next := 0
	for i := range j.ops {
		op := &j.ops[i]
		switch {
		case op.Outcome == history.Fail:
			continue
		case op.F == "assign" || op.F == "subscribe":
			epochs[op.Process]++
			moved[op.Process] = op.F == "subscribe"
		}
		for ; next < len(j.stretches) && j.stretches[next].op == int32(i); next++ {
			s := &j.stretches[next]
			who := consumer{op.Process, s.partition}
			epoch := epochs[op.Process]
			at, known := positions[who]
			if known && (at.epoch != epoch || moved[op.Process]) {
				known = false
			}
			if last, any := j.follow(s, at, known); any {
				positions[who] = position{last, s.op, epoch}
			}
		}
	}
}

// follow compares what a consumer was given at once with what it had been given
// before, if that is known, and returns the last offset.
func (j *judge) follow(s *stretch, at position, known bool) (last int64, any bool) {
	p := &j.partitions[s.partition]
	for _, e := range s.entries {
		if known {
			before := at
			switch {
			case e.offset <= before.offset:
				j.blame(nonmonotonicPoll, rulePollOrder, s.partition, func() string {
					return fmt.Sprintf("a consumer was given offset %d after offset %d%s", e.offset, before.offset, inOne(s.op, before.op))
				}, s.op, before.op)
			default:
				if between := p.between(before.offset, e.offset); between != nil {
					says := between.at
					for _, op := range []int32{s.op, before.op} {
						if j.shows(op, between.message, between.offset) {
							says = op // at another time of the same poll
						}
					}
					j.blame(skip, ruleSkip, s.partition, func() string {
						return fmt.Sprintf("a consumer was given offset %d, then offset %d%s, and not %s at offset %d between them",
							before.offset, e.offset, inOne(s.op, before.op), j.name(between.message), between.offset)
					}, s.op, before.op, says)
				}
			}
		}
		at, known = position{offset: e.offset, op: s.op}, true
	}
	return at.offset, len(s.entries) > 0
}

// inOne says that two operations are one.
func inOne(a, b int32) string {
	if a == b {
		return " in one poll"
	}
	return ""
}

// end is the greatest offset that a partition certainly had, and who said so.
type end struct {
	offset int64
	// at is the operation by whose return it was in use, and by the one that says
	// that the message is there.
	at, by  int32
	message int32
}

// judgeEnds follows the ends of all partitions through time: what is sent after
// an offset was certainly in use gets a greater one.
func (j *judge) judgeEnds() {
	last := 0
	for i := range j.ops {
		last = max(last, j.ops[i].Call)
		if ret := j.ops[i].Return; ret != history.Never {
			last = max(last, ret)
		}
	}
	ends := make([]ended, len(j.partitions))
	for i := range ends {
		ends[i] = ended{end{at: none}, end{at: none}}
	}
	returns := make([]returned, last+1)
	for i := range returns {
		returns[i] = returned{none, none}
	}
	for n := len(j.sends) - 1; n >= 0; n-- {
		if ret := j.ops[j.sends[n].op].Return; ret != history.Never {
			returns[ret].send = int32(n)
		}
	}
	for n := len(j.stretches) - 1; n >= 0; n-- {
		returns[j.ops[j.stretches[n].op].Return].stretch = int32(n)
	}
	next := 0
	for event := range returns {
		for ; next < len(j.sends) && j.ops[j.sends[next].op].Call == event; next++ {
			j.judgeSend(&j.sends[next], ends)
		}
		r := returns[event]
		if n := r.send; n != none {
			for op := j.sends[n].op; int(n) < len(j.sends) && j.sends[n].op == op; n++ {
				s := &j.sends[n]
				m := &j.messages[s.message]
				switch {
				case m.sends > 1:
				case s.offset != unplaced:
					ends[m.partition].reach(end{s.offset, op, op, s.message})
				case m.at != none:
					ends[m.partition].reach(end{m.offset, op, m.at, s.message})
				}
			}
		}
		if n := r.stretch; n != none && j.rules&rulePolledEnd != 0 {
			for op := j.stretches[n].op; int(n) < len(j.stretches) && j.stretches[n].op == op; n++ {
				s := &j.stretches[n]
				for _, e := range s.entries {
					ends[s.partition].reach(end{e.offset, op, op, e.message})
				}
			}
		}
	}
}

// returned is the first send and the first stretch of an operation that returns.
type returned struct{ send, stretch int32 }

// ended are the end of a partition, and the greatest offset that is certainly in
// use by another message than that at its end.
type ended struct{ last, other end }

func (e *ended) reach(to end) {
	switch {
	case e.last.at == none:
		e.last = to
	case to.offset > e.last.offset:
		if to.message != e.last.message {
			e.other = e.last
		}
		e.last = to
	case to.message != e.last.message && (e.other.at == none || to.offset > e.other.offset):
		e.other = to
	}
}

// without returns the greatest offset in use by any message but one.
func (e ended) without(message int32) end {
	if e.last.message == message {
		return e.other
	}
	return e.last
}

// judgeSend compares the place of a message with the end of its partition when
// it was sent.
func (j *judge) judgeSend(s *sent, ends []ended) {
	m := &j.messages[s.message]
	e := ends[m.partition].without(s.message)
	if m.at == none || m.sends > 1 || e.at == none || m.offset > e.offset {
		return
	}
	if j.rules&ruleSendOrder == 0 {
		return
	}
	j.found.Add(nonmonotonicSend, func() verdict.Finding {
		if j.ops[e.by].Return < j.ops[s.op].Call {
			e.at = e.by // who says that it is there had said it in time
		}
		if j.rules&rulePolledEnd != 0 && j.ops[m.at].Return < j.ops[s.op].Call {
			if offset, found := j.beyond(m.at, s.message, m.offset); found {
				// It was polled before it was sent, with another behind it.
				e.offset, e.at, e.by = offset, m.at, m.at
			}
		}
		ops := []int32{s.op, m.at, e.at, e.by}
		switch {
		case s.offset == m.offset:
			ops[1] = s.op // its reply says its place
		case j.shows(e.at, s.message, m.offset):
			ops[1] = e.at // one operation says both places
		case j.shows(e.by, s.message, m.offset):
			ops[1] = e.by
		case j.shows(m.at, e.message, e.offset):
			ops[3] = m.at
		}
		return judgement.Witness(j.partitions[m.partition].key, j.ops, ops, fmt.Sprintf(
			"%s got offset %d, and offset %d was in use before it was sent", j.name(s.message), m.offset, e.offset))
	})
}
