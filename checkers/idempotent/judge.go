package idempotent

import (
	"context"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
)

// judge decides about the keys of a history, one at a time.
type judge struct {
	*table
	*books
	rules    rules
	findings *findings.Set
	// done is parallel to keys: by when each was certainly done, and
	// acknowledged how many of them some attempt was told so.
	done         []moment
	acknowledged int
	// ids is parallel to keys: the effect that each was told to have had.
	ids []ident
	// scoped has the keys of each scope, once they were asked for.
	scoped [][]int32

	// ttl is how soon a key may be forgotten, or 0 for never.
	ttl time.Duration
	around
	// suspects are keys that are wrong unless they expired; expired is true
	// while they are judged again. undecided are those for which that could not
	// be decided.
	suspects, undecided []int32
	expired             bool
}

// moment is the earliest return that proves that a key's effect was made: of an
// ok attempt, and of a read-back that showed it.
type moment struct {
	acked, seen int32
}

// judgeKeys goes through all keys.
func (j *judge) judgeKeys(ctx context.Context) error {
	j.done = make([]moment, len(j.keys))
	j.ids = make([]ident, len(j.keys))
	for id := range j.keys {
		if id%pollEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		j.judgeKey(int32(id))
	}
	return ctx.Err()
}

// resolution is what the replies to a key's attempts say of how it was
// resolved.
type resolution struct {
	// done is the first attempt that was acked and refused the first that was
	// answered with a refusal for good; a sound key has at most one of them.
	done, refused int32
	// ret is the earliest return of such an attempt.
	ret   int32
	reply told
	// conflicts is true if some attempt was refused as a conflict.
	conflicts bool
}

func (j *judge) judgeKey(id int32) {
	r := j.resolve(id)
	seen := &j.seen[id]
	j.done[id] = moment{never, never}
	if r.done != none {
		j.done[id].acked = r.ret
		j.acknowledged++
		j.ids[id] = r.reply.id
	}
	if seen.ret != 0 {
		j.done[id].seen = seen.ret
		j.compareBooks(id, &r, seen)
		if seen.id != noID {
			j.ids[id] = seen.id
		}
	}
	if r.conflicts {
		j.judgeConflicts(id, &r, seen)
	}
}

// resolve goes through a key's attempts and compares their replies with each
// other.
func (j *judge) resolve(id int32) resolution {
	r := resolution{done: none, refused: none, ret: never}
	for at := j.keys[id].first; at != none; at = j.attempts[at].next {
		a := &j.attempts[at]
		switch a.kind {
		case acked:
			j.resolveDone(id, at, &r)
		case answered:
			j.resolveRefused(id, at, &r)
		case conflicting:
			r.conflicts = true
		}
	}
	return r
}

func (j *judge) resolveDone(id, at int32, r *resolution) {
	a := &j.attempts[at]
	r.ret = min(r.ret, a.ret)
	if r.done != none && r.refused == none && j.sameReply(r.done, at) {
		j.counts.replays++
		return
	}
	reply := j.reply(a.op)
	if reply.foreign != "" && j.rules&ruleForeign != 0 {
		j.blameForeign(id, at, reply.foreign)
	}
	if r.refused != none && j.rules&ruleSameAnswer != 0 {
		j.blameAnswers(id, r.refused, at)
	}
	if r.done == none {
		r.done, r.reply = at, reply
		return
	}
	j.counts.replays++
	switch {
	case a.class != j.attempts[r.done].class:
		if j.rules&ruleOnePayload != 0 {
			j.blamePayloads(id, r.done, at)
		}
	case j.rules&ruleSameReply != 0 && !j.sameStable(a.op, j.attempts[r.done].op):
		j.blameReplies(id, r.done, at)
	}
}

// sameReply reports whether two attempts asked for the same and were told the
// same, so that what was found of the first holds for the second.
func (j *judge) sameReply(first, at int32) bool {
	a, b := &j.attempts[first], &j.attempts[at]
	return a.class == b.class && j.sameOutput(a.op, b.op)
}

func (j *judge) resolveRefused(id, at int32, r *resolution) {
	a := &j.attempts[at]
	r.ret = min(r.ret, a.ret)
	if r.done != none && j.rules&ruleSameAnswer != 0 {
		j.blameAnswers(id, r.done, at)
	}
	if r.refused == none {
		r.refused = at
		return
	}
	j.counts.replays++
	first := &j.attempts[r.refused]
	switch {
	case a.class != first.class:
		if j.rules&ruleOnePayload != 0 {
			j.blamePayloads(id, r.refused, at)
		}
	case j.rules&ruleSameAnswer != 0 && code(j.brief(a.op).Error) != code(j.brief(first.op).Error):
		j.blameAnswers(id, r.refused, at)
	}
}

// compareBooks compares what was read of a key with the replies to its
// attempts, and looks for an attempt that can have made it.
func (j *judge) compareBooks(id int32, r *resolution, seen *sighting) {
	if seen.class == none {
		if j.rules&rulePhantom != 0 {
			j.blameUnasked(id, seen)
		}
		return
	}
	if r.refused != none && j.rules&ruleRefusedNotDone != 0 {
		j.blameRefused(id, r.refused, seen)
	}
	if r.done != none {
		told := r.reply.id
		switch {
		case j.attempts[r.done].class != seen.class:
			if j.rules&ruleOnePayload != 0 {
				j.blameOtherPayload(id, r.done, seen)
			}
		case told != noID && seen.id != noID && told != seen.id && j.rules&ruleReplyInBooks != 0:
			j.blameOtherEffect(id, r.done, seen)
		}
	}
	cause, void := j.cause(id, seen.class)
	switch {
	case cause == none:
		if j.rules&ruleFailedNotDone != 0 {
			j.blameFailed(id, void, seen)
		}
	case j.attempts[cause].call >= seen.ret && j.rules&rulePhantom != 0:
		j.blameEarly(id, cause, seen)
	}
}

// cause returns the first attempt with a payload that can have had the effect,
// or none, and the first that cannot.
func (j *judge) cause(id, class int32) (cause, void int32) {
	void = none
	for at := j.keys[id].first; at != none; at = j.attempts[at].next {
		a := &j.attempts[at]
		if a.class != class {
			continue
		}
		if a.mayBeDone() {
			return at, void
		}
		if void == none {
			void = at
		}
	}
	return none, void
}

// judgeConflicts says whether the conflicts that were reported can have been
// any.
func (j *judge) judgeConflicts(id int32, r *resolution, seen *sighting) {
	rival := [2]int32{none, none}
	for at := j.keys[id].first; at != none; at = j.attempts[at].next {
		a := &j.attempts[at]
		if a.kind == void {
			continue
		}
		// The earliest attempt of any payload and the earliest of any other are
		// all that can be rivals.
		if rival[0] == none {
			rival[0] = at
		} else if rival[1] == none && a.class != j.attempts[rival[0]].class {
			rival[1] = at
		}
	}
	for at := j.keys[id].first; at != none; at = j.attempts[at].next {
		a := &j.attempts[at]
		if a.kind != conflicting {
			continue
		}
		other := rival[0]
		if j.attempts[other].class == a.class {
			other = rival[1]
		}
		if other == none || j.attempts[other].call >= a.ret {
			if j.rules&ruleConflictHasRival != 0 {
				j.blameNoRival(id, at)
			}
			continue
		}
		// Only once both had been sent could one be refused for the other, and
		// not after its own payload had been accepted.
		since := max(a.call, j.attempts[other].call)
		if j.rules&ruleReplayNotConflict == 0 {
			continue
		}
		for _, by := range []int32{r.done, r.refused} {
			if by != none && j.attempts[by].class == a.class && r.ret < since {
				j.blameNotReplayed(id, at, other, true)
			}
		}
		if seen.ret != 0 && seen.class == a.class && seen.ret < since {
			j.blameNotReplayed(id, at, other, false)
		}
	}
}
