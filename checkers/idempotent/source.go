package idempotent

import (
	"iter"
	"math"

	"github.com/tertium-dev/tertium/checkers/internal/intern"
	"github.com/tertium-dev/tertium/harness/history"
)

// source is where the judge has operations from: a list of them, or columns.
// Operations are numbered from 0 in the order of their calls, and keys in the
// order in which they are first used.
type source interface {
	// len is how many operations there are, and sizes how many of them are
	// attempts, under how many keys at most.
	len() int
	sizes() (attempts, keys int)
	// proof returns what is known of an operation at once.
	proof(op int32) proof
	// at returns an operation, and brief the same, perhaps without its values.
	at(op int32) *history.Operation
	brief(op int32) *history.Operation

	// keyOf returns the number of the key that an attempt is under, which it
	// makes the next one if it is new, and find that of a name.
	keyOf(op, next int32) (id int32, known bool)
	find(idem []byte) (id int32, known bool)
	idem(op int32) string

	// ready is called once, and before replies and books are asked for; a source
	// that reads them beside its caller ends with that. It has an error if it
	// was ended early, and then they must not be asked for.
	ready() error
	// refusal, reply and scope are as in [Reading].
	refusal(op int32) Refusal
	reply(op int32) told
	scope(op int32) string
	samePayload(a, b int32) bool
	sameOutput(a, b int32) bool
	// sameStable compares what replays must repeat.
	sameStable(a, b int32) bool

	// books returns what an ok operation reads back, and about how many effects
	// that is; nil if it reads nothing back.
	books(op int32) (scope string, effects iter.Seq2[*shownEffect, error], count int)
	// fits says whether an effect is what an attempt asked for, and entry is the
	// effect as it stands in the books.
	fits(e *shownEffect, attempt int32) bool
	entry(e *shownEffect) any

	// identities is how many identities there may be, and identify what one
	// stands for.
	identities() int
	identify(id ident) any
}

// proof is what every pass needs of an operation. ret is never if its outcome is
// unknown.
type proof struct {
	call, ret int32
	outcome   history.Outcome
	attempt   bool
}

// ident stands for the id of an effect; equal ids have equal ones. It is noID
// for what is no id.
type ident uint32

const noID ident = 0

// told is what an ok reply tells.
type told struct {
	id      ident
	foreign string
}

// shownEffect is an effect in the books, until the next one is read.
type shownEffect struct {
	// key is the number of its key, or none if no attempt is under it; then idem
	// names the request.
	key  int32
	idem []byte
	id   ident
	// asked is true if it is known to be what the first attempt under its key
	// asked for.
	asked bool
	// effect, or value, is what stands in the books.
	effect Effect
	value  uint32
}

// listed are operations in a list.
type listed struct {
	reading  Reading
	ops      []history.Operation
	attempts int
	byName   map[string]int32
	ids      *intern.Table
}

var _ source = (*listed)(nil)

func newListed(r Reading, ops []history.Operation) *listed {
	n := 0
	for i := range ops {
		if ops[i].Idem != "" {
			n++
		}
	}
	return &listed{reading: r, ops: ops, attempts: n, byName: make(map[string]int32, n), ids: intern.New(n)}
}

func (l *listed) len() int                    { return len(l.ops) }
func (l *listed) sizes() (attempts, keys int) { return l.attempts, l.attempts }

func (l *listed) proof(op int32) proof {
	o := &l.ops[op]
	p := proof{call: int32(o.Call), ret: never, outcome: o.Outcome, attempt: o.Idem != ""}
	if o.Outcome != history.Unknown {
		p.ret = int32(o.Return)
	}
	return p
}

func (l *listed) at(op int32) *history.Operation    { return &l.ops[op] }
func (l *listed) brief(op int32) *history.Operation { return &l.ops[op] }

func (l *listed) keyOf(op, next int32) (id int32, known bool) {
	name := l.ops[op].Idem
	if id, known = l.byName[name]; !known {
		l.byName[name], id = next, next
	}
	return id, known
}

func (l *listed) find(idem []byte) (id int32, known bool) {
	id, known = l.byName[string(idem)]
	return id, known
}

func (l *listed) ready() error { return nil }

func (l *listed) idem(op int32) string     { return l.ops[op].Idem }
func (l *listed) refusal(op int32) Refusal { return l.reading.Refusal(&l.ops[op]) }
func (l *listed) scope(op int32) string    { return l.reading.Scope(l.ops[op].Idem) }

func (l *listed) reply(op int32) told {
	r := l.reading.Reply(&l.ops[op])
	return told{id: l.ident(r.ID), foreign: r.Foreign}
}

// ident numbers an id that can be compared: anything else is as good as none.
func (l *listed) ident(id any) ident {
	switch id.(type) {
	case int64, string:
		return ident(l.ids.ID(id)) + 1
	}
	return noID
}

func (l *listed) identities() int { return l.ids.Len() + 1 }

func (l *listed) identify(id ident) any { return l.ids.Value(int32(id) - 1) }

func (l *listed) samePayload(a, b int32) bool { return samePayload(&l.ops[a], &l.ops[b]) }

func (l *listed) sameOutput(a, b int32) bool { return equal(l.ops[a].Output, l.ops[b].Output) }

func (l *listed) sameStable(a, b int32) bool {
	return equal(l.reading.Reply(&l.ops[a]).Stable, l.reading.Reply(&l.ops[b]).Stable)
}

func (l *listed) books(op int32) (scope string, shown iter.Seq2[*shownEffect, error], count int) {
	scope, effects := l.reading.Books(&l.ops[op])
	if effects == nil {
		return "", nil, 0
	}
	return scope, func(yield func(*shownEffect, error) bool) {
		e := new(shownEffect)
		for effect, err := range effects {
			*e = shownEffect{idem: effect.Idem, key: none, effect: effect}
			if err == nil {
				e.id = l.ident(effect.ID)
				if id, known := l.find(effect.Idem); known {
					e.key = id
				}
			}
			if !yield(e, err) {
				return
			}
		}
	}, 0
}

func (l *listed) fits(e *shownEffect, attempt int32) bool {
	return l.reading.Fits(e.effect, &l.ops[attempt])
}

func (l *listed) entry(e *shownEffect) any { return e.effect.Entry }

// maxEvents is the longest history whose event indices fit the table.
const maxEvents = math.MaxInt32 - 1
