package idempotent

import (
	"context"
	"fmt"
	"iter"
)

// readBack is one reading of the books of one scope.
type readBack struct {
	op        int32
	scope     int32
	node      string
	call, ret int32
	// since is the moment up to which everything that had certainly been done
	// must show, as an event index: when the nodes had last settled before the
	// read. It is none if they had not.
	since int32
	// keys are those that it shows, each once; how often is checked on reading.
	keys []int32
	// partial is true if not all of it could be read, so that nothing follows
	// from what it does not show.
	partial bool
}

// sighting is what read-backs say of one key.
type sighting struct {
	// id and class are those of the effect that was read first. class is none
	// if it is what no attempt asked for.
	id    ident
	class int32
	// read is the read-back, among those that show the key, that returned
	// first, and ret is when it did. from is the one in which it was read first.
	read, from, ret int32
	// inRead is the latest read-back in which it was read.
	inRead int32
}

// books are the read-backs of a history.
type books struct {
	reads []readBack
	// seen is parallel to the table's keys; ret is 0 for those never seen.
	seen []sighting
	// phantoms and repeats are effects that are wrong as they stand.
	phantoms []phantom
	repeats  []repeat
	// unreadable is the first thing that could not be read.
	unreadable error
	effects    int
	// shown is how many keys were seen.
	shown int
	// totals say how totals are read, if they are, and wrongTotals are those
	// that cannot be.
	totals      *Totals
	wrongTotals []wrongTotalOf
}

// phantom is an effect under a key that no attempt used.
type phantom struct {
	read int32
	idem string
	// entry is the effect as it was read.
	entry any
}

// repeat is a second effect of a key: another one in another read-back, or
// again in the same one, which is first as well.
type repeat struct {
	key         int32
	first, read int32
	// class is that of the second effect.
	class int32
}

// settling says for a read-back when the nodes had last settled.
type settling func(call int32) int32

// readAll reads all books that the history shows.
func (b *books) readAll(ctx context.Context, t *table, since settling) error {
	for i, op := range t.rest {
		if i%pollEvery == 0 && ctx.Err() != nil {
			break
		}
		p := t.proof(op)
		if b.totals != nil {
			if scope, total, ok := b.totals.Read(t.at(op)); ok {
				b.readTotal(t, b.add(t, op, p, scope, since), total)
				continue
			}
		}
		if scope, effects, count := t.books(op); effects != nil {
			at := b.add(t, op, p, scope, since)
			b.reads[at].keys = make([]int32, 0, count)
			b.read(t, at, effects)
		}
	}
	return ctx.Err()
}

// add files a read-back.
func (b *books) add(t *table, op int32, p proof, scope string, since settling) int32 {
	id, known := t.byScope[scope]
	if !known {
		id = none
	}
	b.reads = append(b.reads, readBack{
		op: op, scope: id, node: t.brief(op).Node, call: p.call, ret: p.ret, since: since(p.call),
	})
	return int32(len(b.reads) - 1)
}

// read takes in the effects of one read-back.
func (b *books) read(t *table, at int32, effects iter.Seq2[*shownEffect, error]) {
	r := &b.reads[at]
	for e, err := range effects {
		if err != nil {
			if b.unreadable == nil {
				b.unreadable = fmt.Errorf("the read-back at event %d cannot be read: %w", r.call, err)
			}
			r.partial = true
			continue
		}
		b.effects++
		if e.key == none || t.keys[e.key].scope != r.scope {
			b.phantoms = append(b.phantoms, phantom{read: at, idem: t.named(e), entry: t.entry(e)})
			continue
		}
		b.see(at, e.key, e.id, t.fitting(e))
	}
}

// named is the name of the request that an effect says it belongs to.
func (t *table) named(e *shownEffect) string {
	if e.key != none {
		return t.name(e.key)
	}
	return string(e.idem)
}

// see files an effect of a key that a read-back shows, of a class.
func (b *books) see(at, id int32, effect ident, class int32) {
	r, s := &b.reads[at], &b.seen[id]
	if s.ret == 0 {
		*s = sighting{id: effect, class: class, read: at, from: at, ret: r.ret, inRead: at}
		r.keys = append(r.keys, id)
		b.shown++
		return
	}
	switch {
	case s.inRead == at:
		b.repeats = append(b.repeats, repeat{key: id, first: at, read: at, class: class})
		return
	case s.id != effect || s.class != class:
		b.repeats = append(b.repeats, repeat{key: id, first: s.from, read: at, class: class})
	}
	s.inRead = at
	r.keys = append(r.keys, id)
	if r.ret < s.ret {
		s.ret, s.read = r.ret, at
	}
}

// fitting returns the class of the attempts that asked for what an effect of
// their key is, or none.
func (t *table) fitting(e *shownEffect) int32 {
	if e.asked {
		return 0
	}
	for class := range t.keys[e.key].classes {
		if t.fits(e, t.example(e.key, class)) {
			return class
		}
	}
	return none
}
