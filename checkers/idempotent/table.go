package idempotent

import (
	"context"
	"fmt"
	"math"

	"github.com/tertium-dev/tertium/harness/history"
)

// never is the ret of an attempt whose outcome is unknown.
const never = math.MaxInt32

// none stands for the absence of an attempt, key or read-back.
const none = -1

// kind is what an attempt proves, its reply aside.
type kind uint8

const (
	// open: it may have been done at any time after its call.
	open kind = iota
	// acked: its key's effect was made before it returned.
	acked
	// answered: its key was refused for good before it returned.
	answered
	// conflicting: its key had been used with another payload.
	conflicting
	// void: it was not done and never will be.
	void
)

// attempt is one operation under a key. The fields are small, because a history
// has millions of them and every pass is over memory.
type attempt struct {
	// op is its position among the operations.
	op int32
	// next is the next attempt under the same key, in order of call, or none.
	next      int32
	call, ret int32
	// class numbers the payloads used under the key, from 0 in order of first
	// use: attempts of one class asked for the same.
	class int32
	kind  kind
	// copied is true if the network may have delivered it a second time.
	copied bool
}

// mayBeDone reports whether the attempt can have had the effect: by itself, or
// by a copy of it that fared better.
func (a *attempt) mayBeDone() bool {
	return a.kind == open || a.kind == acked || a.kind == conflicting && a.copied
}

// key is one idempotency key in its scope.
type key struct {
	first, last int32
	scope       int32
	// classes is the number of payloads.
	classes int32
	// blamed is true once a finding is about it: one is enough.
	blamed bool
}

// table holds a history's attempts by key.
type table struct {
	source
	attempts []attempt
	keys     []key
	// rest are the ok operations that are no attempts, in order of call.
	rest    []int32
	scopes  []string
	byScope map[string]int32
	// others holds the payloads of keys that have more than one.
	others map[int32]*payloads
	counts counts
}

// counts are for the report.
type counts struct {
	acked, replays, open, busy, conflicts, refused int
}

// pollEvery is how many steps are taken between two looks at the context.
const pollEvery = 1 << 15

// newTable groups the attempts of a source by key. copied says of a pair of
// event indices whether the network may have delivered a request twice that
// was sent and answered between them.
func newTable(ctx context.Context, from source, copied func(call, ret int32) bool) (*table, error) {
	t := &table{source: from, byScope: make(map[string]int32), others: make(map[int32]*payloads)}
	attempts, keys := from.sizes()
	t.attempts, t.keys = make([]attempt, 0, attempts), make([]key, 0, keys)
	for op := range int32(from.len()) {
		if op%pollEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if p := from.proof(op); p.attempt {
			t.add(op, p, copied)
		} else if p.outcome == history.OK {
			t.rest = append(t.rest, op)
		}
	}
	return t, nil
}

// add files one attempt.
func (t *table) add(op int32, p proof, copied func(call, ret int32) bool) {
	a := attempt{op: op, next: none, call: p.call, ret: p.ret}
	t.prove(&a, p.outcome, copied)
	at := int32(len(t.attempts))
	id, known := t.keyOf(op, int32(len(t.keys)))
	if !known {
		t.keys = append(t.keys, key{first: at, last: at, scope: t.scopeOf(op), classes: 1})
		t.attempts = append(t.attempts, a)
		return
	}
	a.class = t.class(id, op, at)
	k := &t.keys[id]
	t.attempts[k.last].next = at
	k.last = at
	t.attempts = append(t.attempts, a)
}

// prove sets what an attempt proves, and counts it.
func (t *table) prove(a *attempt, outcome history.Outcome, copied func(call, ret int32) bool) {
	switch outcome {
	case history.OK:
		a.kind = acked
		t.counts.acked++
	case history.Fail:
		t.proveFailed(a, copied)
	default:
		a.kind = open
		t.counts.open++
	}
}

func (t *table) proveFailed(a *attempt, copied func(call, ret int32) bool) {
	switch t.refusal(a.op) {
	case Answered:
		a.kind = answered
		t.counts.refused++
	case Conflicting:
		a.kind = conflicting
		a.copied = copied(a.call, a.ret)
		t.counts.conflicts++
	case Busy:
		a.kind = open
		t.counts.busy++
	case TurnedAway:
		a.kind = void
		if a.copied = copied(a.call, a.ret); a.copied {
			a.kind = open
		}
	default:
		a.kind = void
	}
}

func (t *table) scopeOf(op int32) int32 {
	name := t.scope(op)
	id, known := t.byScope[name]
	if !known {
		id = int32(len(t.scopes))
		t.byScope[name] = id
		t.scopes = append(t.scopes, name)
	}
	return id
}

// fewPayloads is how many payloads of a key are compared one by one. Honest
// keys have one, or two where a conflict was provoked.
const fewPayloads = 8

// payloads are those of a key that has more than one.
type payloads struct {
	// examples has the first attempt of each class from 1 on.
	examples []int32
	// byText finds those beyond a few.
	byText map[string]int32
}

// class returns the number of the operation's payload under the key, which is
// that of the attempt at position at if it is new.
func (t *table) class(id, op, at int32) int32 {
	k := &t.keys[id]
	if t.samePayload(t.attempts[k.first].op, op) {
		return 0
	}
	p := t.others[id]
	if p == nil {
		p = &payloads{}
		t.others[id] = p
	}
	class := p.find(t, op)
	if class == none {
		p.examples = append(p.examples, at)
		k.classes++
		class = int32(len(p.examples))
	}
	return class
}

// find returns the class of a payload, or none.
func (p *payloads) find(t *table, op int32) int32 {
	for i, example := range p.examples[:min(len(p.examples), fewPayloads)] {
		if t.samePayload(t.attempts[example].op, op) {
			return int32(i) + 1
		}
	}
	if len(p.examples) < fewPayloads {
		return none
	}
	text := payloadText(t.at(op))
	if class, known := p.byText[text]; known {
		return class
	}
	if p.byText == nil {
		p.byText = make(map[string]int32)
	}
	p.byText[text] = int32(len(p.examples)) + 1
	return none
}

func samePayload(a, b *history.Operation) bool {
	return a.F == b.F && equal(a.Input, b.Input)
}

// payloadText is equal for equal payloads only: fmt sorts maps.
func payloadText(o *history.Operation) string {
	return fmt.Sprintf("%q %#v", o.F, o.Input)
}

// example returns the first attempt of a class, as an operation.
func (t *table) example(id, class int32) int32 {
	at := t.keys[id].first
	if class > 0 {
		at = t.others[id].examples[class-1]
	}
	return t.attempts[at].op
}

// name is the key's, as the history names it.
func (t *table) name(id int32) string { return t.idem(t.attempts[t.keys[id].first].op) }
