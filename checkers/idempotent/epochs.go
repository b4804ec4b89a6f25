package idempotent

import (
	"context"
	"slices"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// A service may forget a key some time after it was done, and then do it again:
// the key begins a new epoch. Whatever is legal without that is legal with it,
// so a key comes here only if it was found wrong, and was in use for so long that
// expiry may excuse it.
//
// An epoch is one resolution, an effect or a refusal for good. It begins at one
// moment and lasts until the next begins, which is not before the expiry is over.
// What was observed of an epoch bounds its beginning: after the first call that
// can have caused it, before the first return that proves it. And it was not
// over before the last call that was answered with it. Epochs that were not
// observed can be left out, because leaving one out only widens the gaps.
//
// So a key is sound if its epochs can be put in an order in which each begins
// late enough after the one before and still early enough for itself. For an
// order, beginning each as early as possible is best; the orders are tried.

// epoch is one resolution of a key, as far as it was observed.
type epoch struct {
	class int32
	// id is the effect's. A refusal has none, and has its code instead; what
	// look like two epochs may be one if both are refused alike.
	id   ident
	code string
	// The epoch begins between lo and hi, and does not end before until. Only
	// here time counts and not order, because the expiry is a time; moments may
	// coincide.
	lo, hi, until time.Duration
	// reply is the first attempt that was answered with it, and read the first
	// read-back that showed it, or none.
	reply, read int32
}

// mostEpochs is up to how many epochs of one key all orders are tried.
const mostEpochs = 6

// expiring reports whether a key was in use for so long that it can have
// expired.
func (j *judge) expiring(id int32) bool {
	return j.ttl > 0 && j.end-j.brief(j.attempts[j.keys[id].first].op).Start >= j.ttl
}

// judgeSuspects looks again at the keys whose faults expiry may excuse.
func (j *judge) judgeSuspects(ctx context.Context) error {
	if len(j.suspects) == 0 {
		return nil
	}
	shows, err := j.readAgain(ctx)
	if err != nil {
		return err
	}
	slices.Sort(j.suspects)
	j.expired = true
	for _, id := range j.suspects {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		j.keys[id].blamed = false
		j.judgeEpochs(id, shows[id])
	}
	return nil
}

// shown is one effect of a key in one read-back.
type shown struct {
	read  int32
	id    ident
	class int32
}

// readAgain returns all that the read-backs show of the suspects, in order of
// call.
func (j *judge) readAgain(ctx context.Context) (map[int32][]shown, error) {
	shows := make(map[int32][]shown, len(j.suspects))
	for _, id := range j.suspects {
		shows[id] = nil
	}
	for at := range j.reads {
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		_, effects, _ := j.source.books(j.reads[at].op)
		for e, err := range effects {
			if err != nil || e.key == none {
				continue
			}
			if _, wanted := shows[e.key]; wanted && j.keys[e.key].scope == j.reads[at].scope {
				shows[e.key] = append(shows[e.key], shown{int32(at), e.id, j.fitting(e)})
			}
		}
	}
	return shows, nil
}

// judgeEpochs judges one key whose epochs may be several.
func (j *judge) judgeEpochs(id int32, shows []shown) {
	b := epochBuilder{judge: j, id: id, shows: shows, byID: make(map[ident]int)}
	if b.addReplies() && b.addShows() && b.bound() {
		j.judgeConflicts(id, &resolution{done: none, refused: none}, &sighting{})
	}
	switch {
	case j.keys[id].blamed:
	case b.nameless || len(b.epochs) > mostEpochs:
		j.undecided = append(j.undecided, id)
	case j.rules&ruleExpiry != 0 && !feasible(b.epochs, j.ttl):
		j.blameEpochs(id, b.epochs)
	}
}

// epochBuilder gathers the epochs of one key. Its methods return false once
// they blamed the key for what expiry does not excuse.
type epochBuilder struct {
	*judge
	id     int32
	shows  []shown
	epochs []epoch
	byID   map[ident]int
	// nameless is true if some effect has no id, so that effects cannot be told
	// apart.
	nameless bool
}

// addReplies takes in what the attempts were answered.
func (b *epochBuilder) addReplies() bool {
	for at := b.keys[b.id].first; at != none; at = b.attempts[at].next {
		a := &b.attempts[at]
		op := b.brief(a.op)
		switch a.kind {
		case acked:
			if !b.addReply(at, op) {
				return false
			}
		case answered:
			b.epochs = append(b.epochs, epoch{
				class: a.class, code: code(op.Error), hi: op.End, until: op.Start, reply: at, read: none,
			})
		}
	}
	return true
}

func (b *epochBuilder) addReply(at int32, op *history.Operation) bool {
	reply := b.reply(b.attempts[at].op)
	if reply.foreign != "" {
		b.blameForeign(b.id, at, reply.foreign)
		return false
	}
	class, effect := b.attempts[at].class, reply.id
	if effect == noID {
		b.nameless = true
		return true
	}
	e, known := b.epoch(effect)
	if !known {
		*e = epoch{class: class, id: effect, hi: op.End, until: op.Start, reply: at, read: none}
		return true
	}
	first := b.attempts[e.reply].op
	switch {
	case e.class != class:
		b.blamePayloads(b.id, e.reply, at)
		return false
	case !b.sameStable(b.attempts[at].op, first):
		b.blameReplies(b.id, e.reply, at)
		return false
	}
	e.hi, e.until = min(e.hi, op.End), max(e.until, op.Start)
	return true
}

// epoch returns the epoch of an effect, and whether there was one already.
func (b *epochBuilder) epoch(effect ident) (e *epoch, known bool) {
	at, known := b.byID[effect]
	if !known {
		at = len(b.epochs)
		b.byID[effect] = at
		b.epochs = append(b.epochs, epoch{})
	}
	return &b.epochs[at], known
}

// addShows takes in the effects in the books.
func (b *epochBuilder) addShows() bool {
	for i, s := range b.shows {
		end := b.brief(b.reads[s.read].op).End
		switch {
		case s.class == none:
			b.blameUnasked(b.id, &sighting{id: s.id, from: s.read})
			return false
		case s.id == noID:
			b.nameless = true
			continue
		case slices.ContainsFunc(b.shows[:i], func(other shown) bool { return other.read == s.read && other.id == s.id }):
			b.blameRepeat(repeat{key: b.id, first: s.read, read: s.read, class: s.class})
			return false
		}
		e, known := b.epoch(s.id)
		if !known {
			*e = epoch{class: s.class, id: s.id, hi: end, reply: none, read: s.read}
			continue
		}
		if e.class != s.class {
			if e.reply != none {
				b.blameOtherPayload(b.id, e.reply, &sighting{id: s.id, class: s.class, from: s.read})
			} else {
				b.blameRepeat(repeat{key: b.id, first: e.read, read: s.read, class: s.class})
			}
			return false
		}
		if e.read == none || end < b.brief(b.reads[e.read].op).End {
			e.read = s.read
		}
		e.hi = min(e.hi, end)
	}
	return true
}

// bound sets the earliest beginning of each epoch.
func (b *epochBuilder) bound() bool {
	for i := range b.epochs {
		e := &b.epochs[i]
		cause, void := b.causeOf(e)
		if cause == none {
			b.blameFailed(b.id, void, &sighting{id: e.id, from: e.read})
			return false
		}
		e.lo = b.brief(b.attempts[cause].op).Start
		if e.lo > e.hi {
			b.blameEarly(b.id, cause, &sighting{id: e.id, read: e.read})
			return false
		}
		if e.id != noID && !b.stays(e) {
			return false
		}
	}
	return true
}

// causeOf returns the first attempt that can have begun an epoch, or none, and
// the first with its payload that cannot.
func (b *epochBuilder) causeOf(e *epoch) (cause, void int32) {
	if e.id != noID {
		return b.cause(b.id, e.class)
	}
	at := b.keys[b.id].first
	for a := &b.attempts[at]; a.class != e.class || !a.mayBeDone() && a.kind != answered; a = &b.attempts[at] {
		at = a.next // the attempt that was refused is one of them
	}
	return at, none
}

// stays compares an effect with the read-backs that do not show it: it was made
// after the nodes had settled before them, and by no node that had shown it.
func (b *epochBuilder) stays(e *epoch) bool {
	var showing []int32
	for _, s := range b.shows {
		if s.id == e.id {
			showing = append(showing, s.read)
		}
	}
	for at := range b.reads {
		r := &b.reads[at]
		if r.scope != b.keys[b.id].scope || r.partial || slices.Contains(showing, int32(at)) {
			continue
		}
		for _, earlier := range showing {
			if first := &b.reads[earlier]; first.node != "" && first.node == r.node && first.ret < r.call {
				b.blameVanished(b.id, int32(at))
				return false
			}
		}
		if r.since == none {
			continue
		}
		if e.lo = max(e.lo, b.time(int(r.since))); e.lo > e.hi {
			b.blameGone(b.id, e, int32(at))
			return false
		}
	}
	return true
}

// feasible reports whether the epochs can have followed each other.
func feasible(epochs []epoch, ttl time.Duration) bool {
	return follow(epochs, make([]bool, len(epochs)), nil, 0, 0, ttl)
}

// follow tries each epoch that is left after the last one, which began just
// after the given moment and was still going on at until.
func follow(epochs []epoch, taken []bool, last *epoch, began, until, ttl time.Duration) bool {
	if !slices.Contains(taken, false) {
		return true
	}
	for i := range epochs {
		e := &epochs[i]
		if taken[i] {
			continue
		}
		begins, lasts := e.lo, e.until
		switch {
		case last != nil && e.id == noID && last.id == noID && e.code == last.code && e.class == last.class && began <= e.hi:
			// Two refusals alike are best taken for one: it leaves more time to
			// the others.
			begins, lasts = began, max(until, e.until)
		case last != nil:
			begins = max(e.lo, began+ttl, until)
		}
		if begins > e.hi {
			continue
		}
		taken[i] = true
		if follow(epochs, taken, e, begins, lasts, ttl) {
			return true
		}
		taken[i] = false
	}
	return false
}
