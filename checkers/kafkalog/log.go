package kafkalog

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/intern"
	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history"
)

// none is no operation, message or partition.
const none = -1

// message is a value that was sent to a partition or polled from it.
type message struct {
	value, partition int32
	// send is the first send that did not fail, sends how many there are, failed
	// one that failed, and acked one that is ok.
	send, sends, failed, acked int32
	// offset is the least it has, and at the last operation that says so; clashes
	// is true once it has another.
	offset  int64
	at      int32
	clashes bool
	// polled is the poll that returned first with it.
	polled int32
}

// place is an offset of a partition that has a message.
type place struct {
	offset  int64
	message int32
	// at is the last operation that says so.
	at int32
	// clashes is true once another message was said to be there.
	clashes bool
}

// partition is one log.
type partition struct {
	key    string
	places []place
	at     index
	// last is the greatest offset polled, and lastAt by whom.
	last   int64
	lastAt int32
	// order are the offsets that have a message, ascending, once all are read.
	order []int64
}

// sent is a message sent by an operation, polled one that it was given; stretch
// is what it was given of one partition at once.
type sent struct {
	op, message int32
	// offset is what the reply says, or unplaced.
	offset int64
}

type polled struct {
	offset  int64
	message int32
}

type stretch struct {
	op, partition int32
	entries       []polled
}

// clash is a contradiction between two operations: an offset with two messages,
// or a message with two offsets.
type clash struct {
	partition, first, second int32
	messages                 [2]int32
	offsets                  [2]int64
}

// book is what a history says of its logs.
type book struct {
	ops        []history.Operation
	table      *intern.Table
	partitions []partition
	byKey      map[string]int32
	messages   []message
	// slots find the message of a value in the partition where it was first seen,
	// and others those in other partitions.
	slots     []int32
	others    map[[2]int32]int32
	sends     []sent
	stretches []stretch
	// offsets and values are contradictions: an offset with two messages, a
	// message with two offsets.
	offsets, values []clash
	doubts          []string
	// parsed is the operation being read.
	parsed parsed
}

func newBook(ops []history.Operation) *book {
	return &book{ops: ops, table: intern.New(len(ops)), byKey: make(map[string]int32), others: make(map[[2]int32]int32)}
}

// read takes in an operation.
func (b *book) read(at int32) {
	op := &b.ops[at]
	if err := b.parsed.parse(op); err != nil {
		b.doubts = append(b.doubts, fmt.Sprintf("the %s at event %d cannot be read: %v", op.F, op.Call, err))
		return
	}
	for _, s := range b.parsed.sends {
		b.send(at, s)
	}
	for _, s := range b.parsed.polls {
		b.poll(at, s)
	}
}

func (b *book) send(at int32, s sending) {
	op := &b.ops[at]
	part := b.partition(s.key)
	id := b.message(part, s.value)
	m := &b.messages[id]
	if op.Outcome == history.Fail {
		m.failed = at
		return
	}
	if m.sends++; m.send == none {
		m.send = at
	}
	if op.Outcome == history.OK {
		m.acked = at
	}
	b.sends = append(b.sends, sent{at, id, s.offset})
	if s.offset != unplaced {
		b.place(part, at, s.offset, id)
	}
}

func (b *book) poll(at int32, s polling) {
	part := b.partition(s.key)
	given := stretch{op: at, partition: part, entries: make([]polled, 0, len(s.entries))}
	for _, e := range s.entries {
		id := b.message(part, e.value)
		m := &b.messages[id]
		if m.polled == none || b.ops[at].Return < b.ops[m.polled].Return {
			m.polled = at
		}
		b.place(part, at, e.offset, id)
		p := &b.partitions[part]
		if p.lastAt == none || e.offset > p.last {
			p.last, p.lastAt = e.offset, at
		}
		given.entries = append(given.entries, polled{e.offset, id})
	}
	b.stretches = append(b.stretches, given)
}

func (b *book) partition(key string) int32 {
	id, known := b.byKey[key]
	if !known {
		id = int32(len(b.partitions))
		b.byKey[key] = id
		b.partitions = append(b.partitions, partition{key: key, lastAt: none})
	}
	return id
}

func (b *book) message(part int32, value any) int32 {
	v := b.table.ID(value)
	for int(v) >= len(b.slots) {
		b.slots = append(b.slots, none)
	}
	if id := b.slots[v]; id != none {
		if b.messages[id].partition == part {
			return id
		}
		if other, known := b.others[[2]int32{part, v}]; known {
			return other
		}
	}
	id := int32(len(b.messages))
	b.messages = append(b.messages, message{
		value: v, partition: part, send: none, failed: none, acked: none, offset: unplaced, at: none, polled: none,
	})
	if b.slots[v] == none {
		b.slots[v] = id
	} else {
		b.others[[2]int32{part, v}] = id
	}
	return id
}

// place notes that an operation says that an offset has a message.
func (b *book) place(part, at int32, offset int64, id int32) {
	p := &b.partitions[part]
	m := &b.messages[id]
	if pos := p.at.find(offset, int32(len(p.places))); int(pos) == len(p.places) {
		p.places = append(p.places, place{offset, id, at, false})
	} else if other := &p.places[pos]; other.message == id {
		other.at = at
	} else if !other.clashes {
		other.clashes = true
		b.offsets = append(b.offsets, clash{part, at, other.at, [2]int32{id, other.message}, [2]int64{offset, offset}})
	}
	switch {
	case m.at == none || m.offset == offset:
		m.offset, m.at = offset, at
		return
	case !m.clashes:
		m.clashes = true
		b.values = append(b.values, clash{part, at, m.at, [2]int32{id, id}, [2]int64{m.offset, offset}})
	}
	if offset < m.offset {
		m.offset, m.at = offset, at
	}
}

func (b *book) name(message int32) string {
	return words.Value(b.table.Value(b.messages[message].value))
}

// close sorts what was read.
func (b *book) close() {
	for i := range b.partitions {
		p := &b.partitions[i]
		p.order = make([]int64, len(p.places))
		for k := range p.places {
			p.order[k] = p.places[k].offset
		}
		slices.Sort(p.order)
	}
}

// shows reports whether a poll was given a message at an offset.
func (b *book) shows(op, message int32, offset int64) bool {
	n, _ := slices.BinarySearchFunc(b.stretches, op, func(s stretch, op int32) int { return cmp.Compare(s.op, op) })
	for ; n < len(b.stretches) && b.stretches[n].op == op; n++ {
		if slices.ContainsFunc(b.stretches[n].entries, func(e polled) bool { return e == polled{offset, message} }) {
			return true
		}
	}
	return false
}

// beyond returns the greatest offset, above one, at which a poll shows
// another message of the same partition.
func (b *book) beyond(op, message int32, offset int64) (greatest int64, found bool) {
	n, _ := slices.BinarySearchFunc(b.stretches, op, func(s stretch, op int32) int { return cmp.Compare(s.op, op) })
	for ; n < len(b.stretches) && b.stretches[n].op == op; n++ {
		if b.stretches[n].partition != b.messages[message].partition {
			continue
		}
		for _, e := range b.stretches[n].entries {
			if e.message != message && e.offset > offset && (!found || e.offset > greatest) {
				greatest, found = e.offset, true
			}
		}
	}
	return greatest, found
}

// between returns the first place that has an offset between two others, or nil.
func (p *partition) between(low, high int64) *place {
	at, _ := slices.BinarySearchFunc(p.order, low, func(offset, low int64) int {
		if offset <= low {
			return -1
		}
		return cmp.Compare(offset, low)
	})
	if at == len(p.order) || p.order[at] >= high {
		return nil
	}
	return &p.places[p.at.find(p.order[at], none)]
}
