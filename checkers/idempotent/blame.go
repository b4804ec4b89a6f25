package idempotent

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// accuse adds a finding about a key, unless there is one already. A key that
// may have expired is only suspect at first.
func (j *judge) accuse(id int32, anomaly string, describe func() verdict.Finding) {
	k := &j.keys[id]
	if k.blamed {
		return
	}
	k.blamed = true
	if !j.expired && j.expiring(id) {
		j.suspects = append(j.suspects, id)
		return
	}
	j.findings.Add(anomaly, describe)
}

// blameRepeats is about keys with two effects. Two in one read-back tell more
// than one in each of two.
func (j *judge) blameRepeats() {
	for _, r := range j.repeats {
		if r.first == r.read {
			j.blameRepeat(r)
		}
	}
	for _, r := range j.repeats {
		j.blameRepeat(r)
	}
}

func (j *judge) blameRepeat(r repeat) {
	j.accuse(r.key, doubleEffect, func() verdict.Finding {
		class := j.seen[r.key].class
		if class == none {
			class = r.class
		}
		w := j.witness(r.key).asked(r.key, class).blameRead(r.read)
		effects := j.shownIn(r.read, r.key)
		w.read(r.read, fmt.Sprintf("they hold %s under the key", strings.Join(effects, " and ")))
		if r.first != r.read {
			others := j.shownIn(r.first, r.key)
			w.read(r.first, fmt.Sprintf("they hold %s under the key", strings.Join(others, " and ")))
			effects = append(others, effects...)
		}
		return w.finding(fmt.Sprintf("%s had more than one effect: %s", j.name(r.key), strings.Join(effects, " and ")))
	})
}

// shownIn names the effects of a key that a read-back shows.
func (j *judge) shownIn(read, id int32) []string {
	var shown []string
	_, effects, _ := j.source.books(j.reads[read].op)
	for e, err := range effects {
		if err == nil && e.key == id {
			shown = append(shown, j.effectText(e.id))
		}
	}
	return shown
}

func (j *judge) blamePhantom(p phantom) {
	j.findings.Add(phantomEffect, func() verdict.Finding {
		w := j.witnessOf(p.idem)
		w.read(p.read, "they hold "+words.Value(p.entry)).blameRead(p.read)
		return w.finding(fmt.Sprintf("the books hold an effect of %s, a key that no operation used", p.idem))
	})
}

func (j *judge) blameForeign(id, at int32, how string) {
	j.accuse(id, foreignReply, func() verdict.Finding {
		return j.witness(id).attempt(at).blameAttempt(at).
			finding(fmt.Sprintf("%s was answered with the reply to another request: %s", j.name(id), how))
	})
}

func (j *judge) blamePayloads(id, first, at int32) {
	j.accuse(id, payloadAccepted, func() verdict.Finding {
		return j.witness(id).attempt(first).attempt(at).blameAttempt(at).
			finding(fmt.Sprintf("%s was accepted with two different payloads; the second should have been refused as a conflict", j.name(id)))
	})
}

func (j *judge) blameReplies(id, first, at int32) {
	j.accuse(id, replyChanged, func() verdict.Finding {
		return j.witness(id).attempt(first).attempt(at).blameAttempt(at).
			finding(fmt.Sprintf("%s was answered differently when it was sent again", j.name(id)))
	})
}

func (j *judge) blameAnswers(id, first, at int32) {
	j.accuse(id, answerChanged, func() verdict.Finding {
		summary := "%s was once done and once refused for good; one of these should have been replayed"
		if j.attempts[first].kind == j.attempts[at].kind {
			summary = "%s was refused for two different reasons; the first should have been replayed"
		}
		return j.witness(id).attempt(first).attempt(at).blameAttempt(at).finding(fmt.Sprintf(summary, j.name(id)))
	})
}

func (j *judge) blameUnasked(id int32, seen *sighting) {
	j.accuse(id, phantomEffect, func() verdict.Finding {
		w := j.witness(id).asked(id, none).blameRead(seen.from)
		w.read(seen.from, fmt.Sprintf("they hold %s under the key, which is not what was asked for", j.effectText(seen.id)))
		return w.finding(fmt.Sprintf("the books hold an effect of %s that none of its attempts asked for", j.name(id)))
	})
}

func (j *judge) blameRefused(id, at int32, seen *sighting) {
	j.accuse(id, failedEffect, func() verdict.Finding {
		w := j.witness(id).attempt(at).asked(id, seen.class).blameRead(seen.from)
		w.read(seen.from, fmt.Sprintf("they hold %s under the key", j.effectText(seen.id)))
		return w.finding(fmt.Sprintf("%s was refused for good, but it is in the books", j.name(id)))
	})
}

func (j *judge) blameOtherPayload(id, at int32, seen *sighting) {
	j.accuse(id, payloadAccepted, func() verdict.Finding {
		w := j.witness(id).attempt(at).blameAttempt(at).asked(id, seen.class)
		w.read(seen.from, fmt.Sprintf("they hold %s under the key, as asked with the other payload", j.effectText(seen.id)))
		return w.finding(fmt.Sprintf("%s was acknowledged for one payload, but the books hold the effect of another", j.name(id)))
	})
}

func (j *judge) blameOtherEffect(id, at int32, seen *sighting) {
	j.accuse(id, foreignReply, func() verdict.Finding {
		told := j.reply(j.attempts[at].op).id
		w := j.witness(id).attempt(at).blameAttempt(at)
		w.read(seen.from, fmt.Sprintf("they hold %s under the key", j.effectText(seen.id)))
		return w.finding(fmt.Sprintf("%s was answered with %s, but in the books it has %s",
			j.name(id), j.effectText(told), j.effectText(seen.id)))
	})
}

func (j *judge) blameFailed(id, void int32, seen *sighting) {
	j.accuse(id, failedEffect, func() verdict.Finding {
		w := j.witness(id).blameRead(seen.from)
		if void != none {
			w.attempt(void)
		}
		w.read(seen.from, fmt.Sprintf("they hold %s under the key", j.effectText(seen.id)))
		return w.finding(
			fmt.Sprintf("%s was reported as fail, but is in the books: either the service or the client's classification is wrong", j.name(id)),
			"a failure must prove that nothing happened and nothing will; a timeout, a reset or a 5xx proves no such thing")
	})
}

func (j *judge) blameEarly(id, cause int32, seen *sighting) {
	j.accuse(id, phantomEffect, func() verdict.Finding {
		w := j.witness(id).attempt(cause).blameRead(seen.read)
		w.read(seen.read, fmt.Sprintf("they hold %s under the key", j.effectText(seen.id)))
		return w.finding(fmt.Sprintf("the books held the effect of %s before any attempt that can have made it was begun", j.name(id)))
	})
}

func (j *judge) blameNoRival(id, at int32) {
	j.accuse(id, spuriousConflict, func() verdict.Finding {
		return j.witness(id).attempt(at).blameAttempt(at).finding(fmt.Sprintf(
			"%s was refused because of another payload, but by then no other had been sent under this key in this scope", j.name(id)))
	})
}

// blameNotReplayed is about a conflict with a rival, reported after the same
// payload had been accepted, as a reply shows or else a read-back.
func (j *judge) blameNotReplayed(id, at, rival int32, replied bool) {
	j.accuse(id, spuriousConflict, func() verdict.Finding {
		w := j.witness(id).attempt(rival).attempt(at).blameAttempt(at)
		if seen := &j.seen[id]; replied {
			w.attempt(j.firstReply(id))
		} else {
			w.asked(id, seen.class)
			w.read(seen.read, fmt.Sprintf("they hold %s under the key", j.effectText(seen.id)))
		}
		return w.finding(fmt.Sprintf(
			"%s was refused as a conflict after the same payload had been accepted; its reply should have been replayed", j.name(id)))
	})
}

// blameLost is about a read-back, made after the nodes had settled, that lacks
// what was certain before that.
func (j *judge) blameLost(id, at, settled int32) {
	anomaly := lostEffect
	if j.done[id].acked >= settled {
		anomaly = vanishedEffect
	}
	j.accuse(id, anomaly, func() verdict.Finding {
		w := j.witness(id).blameRead(at).read(at, "they hold nothing under the key")
		if anomaly == lostEffect {
			w.attempt(j.firstReply(id))
			return w.finding(fmt.Sprintf("%s was acknowledged, but its effect is not in the books", j.name(id)))
		}
		seen := &j.seen[id]
		w.asked(id, seen.class)
		w.read(seen.read, fmt.Sprintf("they hold %s under the key", j.effectText(seen.id)))
		return w.finding(fmt.Sprintf("the effect of %s was in the books and then was not", j.name(id)))
	})
}

// blameVanished is about a read-back that lacks what an earlier one, at the same
// node, showed.
func (j *judge) blameVanished(id, at int32) {
	j.accuse(id, vanishedEffect, func() verdict.Finding {
		w := j.witness(id).asked(id, j.seen[id].class).blameRead(at).read(at, "they hold nothing under the key")
		last := &j.reads[at]
		for i := range j.reads {
			r := &j.reads[i]
			if r.scope == last.scope && r.node == last.node && r.ret < last.call && slices.Contains(r.keys, id) {
				w.read(int32(i), "they hold an effect under the key")
				break
			}
		}
		return w.finding(fmt.Sprintf("the effect of %s was in the books of %s and then was not", j.name(id), last.node))
	})
}

// blameGone is about a read-back, made after the nodes had settled, that lacks
// one effect of a key that may have had several.
func (j *judge) blameGone(id int32, e *epoch, at int32) {
	j.accuse(id, lostEffect, func() verdict.Finding {
		w := j.witness(id).blameRead(at).read(at, fmt.Sprintf("they do not hold %s", j.effectText(e.id)))
		j.tellEpoch(w, e)
		return w.finding(fmt.Sprintf("%s had %s, which is not in the books any more", j.name(id), j.effectText(e.id)))
	})
}

// blameEpochs is about resolutions that follow each other too soon.
func (j *judge) blameEpochs(id int32, epochs []epoch) {
	effects := 0
	for i := range epochs {
		if epochs[i].id != noID {
			effects++
		}
	}
	anomaly := answerChanged
	if effects > 1 {
		anomaly = doubleEffect
	}
	j.accuse(id, anomaly, func() verdict.Finding {
		w := j.witness(id)
		for i := range epochs {
			j.tellEpoch(w, &epochs[i])
		}
		return w.finding(fmt.Sprintf("%s was done or refused anew sooner than %v after the time before, when it may first be forgotten", j.name(id), j.ttl))
	})
}

// tellEpoch adds what says that an epoch was.
func (j *judge) tellEpoch(w *witness, e *epoch) {
	if e.reply != none {
		w.attempt(e.reply)
	} else if e.read != none {
		w.read(e.read, fmt.Sprintf("they hold %s under the key", j.effectText(e.id)))
	}
}

// firstReply returns the attempt of a key that was done, or refused for good,
// and returned first, or none.
func (j *judge) firstReply(id int32) int32 {
	first := int32(none)
	for at := j.keys[id].first; at != none; at = j.attempts[at].next {
		a := &j.attempts[at]
		if (a.kind == acked || a.kind == answered) && (first == none || a.ret < j.attempts[first].ret) {
			first = at
		}
	}
	return first
}

func (j *judge) blameSharedID(owner, id int32) {
	if j.keys[owner].blamed || j.keys[id].blamed {
		return
	}
	j.keys[id].blamed = true
	j.findings.Add(sharedEffect, func() verdict.Finding {
		w := j.witness(id)
		j.tell(w, owner)
		j.tell(w, id)
		return w.finding(fmt.Sprintf("%s and %s were both told to be %s", j.name(owner), j.name(id), j.effectText(j.ids[id])))
	})
}

// tell adds what says which effect a key had: a reply, or else a read-back.
func (j *judge) tell(w *witness, id int32) {
	reply := j.firstReply(id)
	if reply != none && j.reply(j.attempts[reply].op).id == j.ids[id] {
		w.attempt(reply)
		return
	}
	seen := &j.seen[id]
	w.asked(id, seen.class).read(seen.from, fmt.Sprintf("they hold %s under %s", j.effectText(seen.id), j.name(id)))
}
