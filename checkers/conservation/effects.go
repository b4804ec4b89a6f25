package conservation

import (
	"errors"

	"github.com/tertium-dev/tertium/harness/history"
)

// effect is a deposit or transfer that was done, or may have been. It was done
// at one moment, after lo and before hi: lo is the call of the first attempt
// that can have done it, or a later moment at which it is known not to have been
// done, and hi is the first return that proves that it was. hi is never if
// nothing proves it.
type effect struct {
	request int32
	// next is the next effect of the same request, or none. A service that
	// keeps its promises has no second one; whether it does is for others to
	// judge.
	next   int32
	id     int64
	move   move
	lo, hi int32
	// ack is the ok attempt that told of it and returned first, or none.
	ack int32
	// read is the read-back that showed it and returned first, or none, and
	// inRead the one that was read last.
	read, inRead int32
	// blamed is true once a finding is about it: one is enough.
	blamed bool
}

// noID is the id of effects that are only possible.
const noID = -1

var errNoID = errors.New("its reply does not tell the id of the effect")

// acknowledge files what an ok attempt was told.
func (l *ledger) acknowledge(at int32) error {
	a := &l.attempts[at]
	op := &l.ops[a.op]
	output, _ := op.Output.(map[string]any)
	id, isNumber := output["id"].(int64)
	if !isNumber || id < 0 {
		return &unreadable{op.Call, errNoID}
	}
	request := l.byKey[op.Idem]
	known := l.find(request, id)
	if known == none {
		known = l.enter(request, effect{id: id, move: a.move, lo: l.begun(request, a.move), hi: a.ret, ack: at, read: none, inRead: none})
	}
	e := &l.effects[known]
	if e.ack == none || a.ret < l.attempts[e.ack].ret {
		e.ack = at
	}
	e.hi = min(e.hi, a.ret)
	return nil
}

// find returns the effect of a request with an id, or none.
func (l *ledger) find(request int32, id int64) int32 {
	at := l.requests[request].effect
	for at != none && l.effects[at].id != id {
		at = l.effects[at].next
	}
	return at
}

// enter adds an effect to a request.
func (l *ledger) enter(request int32, e effect) int32 {
	r := &l.requests[request]
	at := int32(len(l.effects))
	e.request, e.next, r.effect = request, r.effect, at
	l.effects = append(l.effects, e)
	return at
}

// begun returns the call of the first attempt of a request that can have made
// the move, or never.
func (l *ledger) begun(request int32, m move) int32 {
	for at := l.requests[request].first; at != none; at = l.attempts[at].next {
		if a := &l.attempts[at]; a.possible && a.move == m {
			return a.call
		}
	}
	return never
}

// propose adds what each request without a known effect may still have done.
// since is, by tenant, the latest moment at which everything done was in the
// books that were read: an effect that is in none was done after it, or never.
func (l *ledger) propose(since []int32) {
	for id := range l.requests {
		r := &l.requests[id]
		if r.effect != none || l.refused(r) {
			continue
		}
		for at := r.first; at != none; at = l.attempts[at].next {
			a := &l.attempts[at]
			if !a.possible || l.proposed(int32(id), a.move) {
				continue
			}
			l.enter(int32(id), effect{
				id: noID, move: a.move, lo: max(a.call, since[r.tenant]), hi: never,
				ack: none, read: none, inRead: none,
			})
		}
	}
}

func (l *ledger) proposed(request int32, m move) bool {
	for at := l.requests[request].effect; at != none; at = l.effects[at].next {
		if l.effects[at].move == m {
			return true
		}
	}
	return false
}

// refused reports whether a request was refused for good.
func (l *ledger) refused(r *request) bool {
	for at := r.first; at != none; at = l.attempts[at].next {
		if isAnswer(&l.ops[l.attempts[at].op]) {
			return true
		}
	}
	return false
}

// isAnswer reports whether an operation failed with a refusal that is replayed.
func isAnswer(op *history.Operation) bool {
	if op.Outcome != history.Fail {
		return false
	}
	switch code(op.Error) {
	case "insufficient-funds", "balance-limit":
		return true
	}
	return false
}
