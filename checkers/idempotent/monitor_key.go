package idempotent

import (
	"fmt"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// keyRecord is all that a monitor keeps of a key. Moments are event indices.
type keyRecord struct {
	name  string
	scope *scopeRecord
	// at is its number in its scope.
	at int32
	// began is when its first attempt did.
	began time.Duration
	// open are its attempts that have not completed.
	open *openCall
	// payloads are what was asked under it, almost always once.
	payloads []payloadRecord

	// done is the payload that was acknowledged and refused the one that was
	// refused for good, or none. first is the first return that said so, and
	// reply the call of that attempt.
	done, refused, first, reply int32
	// stable is the digest of what each reply must repeat, id the effect that it
	// told of, and code why it was refused.
	stable [2]uint64
	id     any
	code   string

	// seen is the first return of a read-back that showed it, or 0, with the
	// payload and the id of the effect. inRead is the read-back that showed it
	// last, by its return, and certain the moment from which on it was to show.
	seen, seenAs, inRead, certain int32
	seenID                        any
	blamed                        bool
}

// payloadRecord is what attempts under a key asked for.
type payloadRecord struct {
	// text is the function and the argument, in the form of [pack].
	text string
	// cause is the earliest call of a completed attempt that can have had the
	// effect, and rival that of one that can have been another's rival; never if
	// there is none.
	cause, rival int32
	// refusedAt is the earliest return of an attempt refused as a conflict, or
	// never, and refusedCall the latest call of one.
	refusedAt, refusedCall int32
}

// bytesPerKey is what a record takes, with its places in maps, but for its texts.
const bytesPerKey = 400

// key returns the number of an attempt's key.
func (m *Monitor) key(op *history.Operation) int32 {
	if id, known := m.byName[op.Idem]; known {
		return id
	}
	id := int32(len(m.keys))
	k := &keyRecord{
		name: strings.Clone(op.Idem), scope: m.scope(m.c.reading.Scope(op.Idem)), began: op.Start,
		done: none, refused: none, first: never, certain: never,
	}
	k.at = k.scope.keys
	k.scope.keys++
	m.keys = append(m.keys, k)
	m.byName[k.name] = id
	m.held += bytesPerKey + int64(len(k.name))
	if found, shown := m.phantoms[k.name]; shown {
		delete(m.phantoms, k.name)
		m.suspects[id] = found
		k.blamed = true
	}
	return id
}

// class returns the number of an attempt's payload.
func (m *Monitor) class(k *keyRecord, op *history.Operation) int32 {
	m.buffer = pack(packText(m.buffer[:0], op.F), op.Input)
	for i := range k.payloads {
		if k.payloads[i].text == string(m.buffer) {
			return int32(i)
		}
	}
	k.payloads = slices.Grow(k.payloads, 1)
	k.payloads = append(k.payloads, payloadRecord{text: string(m.buffer), cause: never, rival: never, refusedAt: never, refusedCall: none})
	m.held += int64(len(m.buffer))
	return int32(len(k.payloads) - 1)
}

// settle takes in what became of an attempt that was open.
func (m *Monitor) settle(c *openCall, is kind) {
	k := m.keys[c.key]
	for at := &k.open; *at != nil; at = &(*at).next {
		if *at == c {
			*at = c.next
			break
		}
	}
	p, sent := &k.payloads[c.class], int32(c.op.Call)
	if is == open || is == acked || is == conflicting && m.copies.since(sent) {
		p.cause = min(p.cause, sent)
	}
	if is != void {
		p.rival = min(p.rival, sent)
	}
	switch is {
	case acked:
		m.acknowledge(c)
	case answered:
		m.refuse(c)
	case conflicting:
		p.refusedAt, p.refusedCall = min(p.refusedAt, int32(c.op.Return)), max(p.refusedCall, sent)
	}
	m.compare(c.key)
}

// acknowledge compares an ok reply with those before it.
func (m *Monitor) acknowledge(c *openCall) {
	k, ret := m.keys[c.key], int32(c.op.Return)
	reply := m.c.reading.Reply(&c.op)
	told := effectID(reply.ID)
	m.buffer = pack(m.buffer[:0], reply.Stable)
	stable := [2]uint64{maphash.Bytes(m.seeds[0], m.buffer), maphash.Bytes(m.seeds[1], m.buffer)}
	if reply.Foreign != "" {
		m.accuse(c.key, foreignReply, true, "was answered with the reply to another request: "+reply.Foreign, c.op.Call)
	}
	switch {
	case k.refused != none:
		m.accuse(c.key, answerChanged, false, "was once done and once refused for good", int(k.reply), c.op.Call)
	case k.done == none:
		m.acked++
		k.scope.acked = true
		k.done, k.stable, k.id = c.class, stable, told
		m.own(c.key, told)
	case k.done != c.class:
		m.accuse(c.key, payloadAccepted, false, "was accepted with two different payloads", int(k.reply), c.op.Call)
	case k.stable != stable:
		m.accuse(c.key, replyChanged, false, "was answered differently when it was sent again", int(k.reply), c.op.Call)
	case k.id != told:
		m.unreadable = fmt.Errorf("two replies to %s are alike but name two effects; what a reply says of its effect must be in what is stable", k.name)
	}
	m.resolved(k, c, ret)
	if k.done != none {
		m.certainFrom(k, ret)
	}
}

// refuse compares a refusal for good with the replies before it.
func (m *Monitor) refuse(c *openCall) {
	k, why := m.keys[c.key], code(c.op.Error)
	switch {
	case k.done != none:
		m.accuse(c.key, answerChanged, false, "was once done and once refused for good", int(k.reply), c.op.Call)
	case k.refused == none:
		k.refused, k.code = c.class, strings.Clone(why)
		m.held += int64(len(why))
	case k.refused != c.class:
		m.accuse(c.key, payloadAccepted, false, "was answered for two different payloads", int(k.reply), c.op.Call)
	case k.code != why:
		m.accuse(c.key, answerChanged, false, "was refused for two different reasons", int(k.reply), c.op.Call)
	}
	m.resolved(k, c, int32(c.op.Return))
}

// resolved notes the first reply of a key.
func (m *Monitor) resolved(k *keyRecord, c *openCall, ret int32) {
	if k.first == never {
		k.first, k.reply = ret, int32(c.op.Call)
	}
}

// certainFrom notes the moment from which on a key's effect is certain.
func (m *Monitor) certainFrom(k *keyRecord, ret int32) {
	if k.certain == never {
		k.certain = ret
		k.scope.moments = append(k.scope.moments, ret)
	}
}

// own files which key has an effect.
func (m *Monitor) own(id int32, effect any) {
	if effect == nil {
		return
	}
	owners := m.keys[id].scope.owners
	owner, taken := owners[effect]
	switch {
	case !taken:
		owners[effect] = id
	case owner != id:
		m.accuseShared(owner, id, effect)
	}
}

// compare looks at the rules that a completion or a sighting may have broken.
func (m *Monitor) compare(id int32) {
	k := m.keys[id]
	if k.blamed {
		return
	}
	if k.seen != 0 {
		m.compareBooks(id, k)
	}
	for i := range k.payloads {
		if k.payloads[i].refusedAt != never {
			m.compareConflicts(id, k, int32(i))
		}
	}
}

func (m *Monitor) compareBooks(id int32, k *keyRecord) {
	read := int(k.inRead)
	switch {
	case k.seenAs == none:
		m.accuse(id, phantomEffect, false, "is in the books with an effect that none of its attempts asked for", read)
	case k.refused != none:
		m.accuse(id, failedEffect, false, "was refused for good, but it is in the books", int(k.reply), read)
	case k.done != none && k.done != k.seenAs:
		m.accuse(id, payloadAccepted, false, "was acknowledged for one payload, but the books hold the effect of another", int(k.reply), read)
	case k.done != none && k.id != nil && k.seenID != nil && k.id != k.seenID:
		m.accuse(id, foreignReply, false, "was answered with another effect than the books hold", int(k.reply), read)
	case min(k.payloads[k.seenAs].cause, k.firstOpen(func(class int32) bool { return class == k.seenAs })) >= k.seen:
		m.accuse(id, failedEffect, false,
			"is in the books, but no attempt that began before can have been done: it failed, or had not begun", read)
	}
}

// firstOpen returns the earliest call of an open attempt with some payload, or
// never.
func (k *keyRecord) firstOpen(with func(class int32) bool) int32 {
	first := int32(never)
	for c := k.open; c != nil; c = c.next {
		if with(c.class) {
			first = min(first, int32(c.op.Call))
		}
	}
	return first
}

// compareConflicts looks at the attempts with one payload that were refused as
// conflicts; see judge.judgeConflicts.
func (m *Monitor) compareConflicts(id int32, k *keyRecord, class int32) {
	p := &k.payloads[class]
	rival := k.firstOpen(func(other int32) bool { return other != class })
	for i := range k.payloads {
		if int32(i) != class {
			rival = min(rival, k.payloads[i].rival)
		}
	}
	if rival >= p.refusedAt {
		m.accuse(id, spuriousConflict, false,
			"was refused because of another payload, but by then no other had been sent under this key in this scope", int(p.refusedCall))
		return
	}
	since := max(p.refusedCall, rival)
	answered := (k.done == class || k.refused == class) && k.first < since
	if answered || k.seen != 0 && k.seenAs == class && k.seen < since {
		m.accuse(id, spuriousConflict, false,
			"was refused as a conflict after the same payload had been accepted; its reply should have been replayed", int(p.refusedCall))
	}
}

// accuse adds a finding about a key, unless there is one already. One that is
// not definite may be excused by expiry.
func (m *Monitor) accuse(id int32, anomaly string, definite bool, summary string, ops ...int) {
	k := m.keys[id]
	if k.blamed && !(definite && m.c.ttl > 0) {
		return
	}
	k.blamed = true
	describe := func() verdict.Finding { return m.finding(k.name, k.name+" "+summary, ops...) }
	if m.c.ttl > 0 && !definite {
		found := describe()
		found.Anomaly = anomaly
		m.suspects[id] = found
		m.held += bytesPerKey
		return
	}
	delete(m.suspects, id)
	m.violated = true
	m.findings.Add(anomaly, describe)
}

func (m *Monitor) accuseShared(owner, id int32, effect any) {
	describe := func() verdict.Finding {
		var ops []int
		for _, k := range []*keyRecord{m.keys[owner], m.keys[id]} {
			if k.first != never {
				ops = append(ops, int(k.reply))
			}
		}
		return m.finding(m.keys[id].name, fmt.Sprintf("%s and %s both have effect %v", m.keys[owner].name, m.keys[id].name, effect), ops...)
	}
	if m.c.ttl > 0 {
		if len(m.shared) == 0 {
			found := describe()
			found.Anomaly = sharedEffect
			m.shared = append(m.shared, found)
		}
		return
	}
	m.violated = true
	m.findings.Add(sharedEffect, describe)
}

func (*Monitor) finding(key, summary string, ops ...int) verdict.Finding {
	slices.Sort(ops)
	return verdict.Finding{Key: key, Summary: summary, Operations: slices.Compact(ops), Culprit: -1}
}

// effectID is an id that can be compared: anything else is as good as none.
func effectID(id any) any {
	switch id.(type) {
	case int64, string:
		return id
	}
	return nil
}
