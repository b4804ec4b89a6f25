package online

import "slices"

// Register is a register the values of which are written once, by a write or by
// a compare-and-set.
//
// A value counts once a return showed that it was there. Those that count form
// blocks, as for the algorithm that judges whole histories (Gibbons and Korach,
// "Testing shared memories", 1997): a block is a plain write, or the initial
// value, and the chain of compare-and-sets from it, and nothing comes between
// its operations. Of each block, first is its first return and last the last
// call of one of its operations. There is an order exactly if in each block
// nothing returned before something of an earlier place in the chain was called,
// and if no two blocks A and B must precede each other: first of A < last of B
// and first of B < last of A.
//
// A return changes the last of one block only, to c, its call or that of a
// writer which counts from now on; a block that is new has its first now, after
// all calls. So it suffices to know for each block B
//
//	dead = the least first of all A other than B with last of A > first of B
//
// and to refuse a return on B with c > dead. Dead changes only as the last of
// some A goes up, for the B the first of which it passes. In the same way a
// value of a chain is replaced at the first return on a later one, and returns
// on it are refused if they were called after that.
//
// Forgetting. A block or value whose dead or replaced comes before the calls of
// all open operations is forgotten: every return on it, from now on, would be
// refused, and is refused as one on a value that nobody wrote. Nor do others
// need it: last of it stays, all B with a first before that have their dead, and
// those to come have a later first. If the value is written again, the history
// is as legal as one with a new value in its place: what returned before that
// write was called cannot have seen it, and what returns after it and was called
// before cannot have seen the forgotten one. The same holds for a
// compare-and-set from such a value.
//
// So it holds the blocks that are not dead, the firsts of which come after the
// last call on any other: no more than were written at once; what died since the
// oldest open operation was called; and the optional writes that nobody saw,
// which may be seen at any time.
type Register[V comparable] struct {
	open   window
	values map[V]*value[V]
	// blocks are by their first; alive are those of them that are not dead.
	blocks, alive []*block[V]
	// replaced are values by when they were.
	replaced []*value[V]
	// swept is the oldest open call at which everything was forgotten that
	// could be; stale says that there may be more.
	swept int
	stale bool
}

type value[V comparable] struct {
	name V
	// old is what a compare-and-set replaces by it.
	old  V
	cas  bool
	call int
	// block is nil until the value counts.
	block    *block[V]
	replaced int
}

type block[V comparable] struct {
	first, last, dead int
	// values are those not forgotten, in the order of the chain.
	values []*value[V]
}

// NewRegister returns a register with an initial value.
func NewRegister[V comparable](initial V) *Register[V] {
	r := &Register[V]{values: make(map[V]*value[V], 1), swept: -1}
	v := &value[V]{name: initial, call: -2, replaced: Never}
	r.values[initial] = v
	r.begin(v, -1)
	return r
}

// begin makes a block of a value, with its first return now.
func (r *Register[V]) begin(v *value[V], now int) *block[V] {
	b := &block[V]{first: now, last: -2, dead: Never, values: []*value[V]{v}}
	v.block = b
	r.blocks = append(r.blocks, b)
	r.alive = append(r.alive, b)
	return b
}

// Call notes that an operation was called.
func (r *Register[V]) Call(call int) { r.open.call(call) }

// Write notes that the operation called is to write a value, and says false,
// and notes nothing, if another one did or may do that.
func (r *Register[V]) Write(v V, call int) (fresh bool) {
	if _, known := r.values[v]; known {
		return false
	}
	r.values[v] = &value[V]{name: v, call: call, replaced: Never}
	return true
}

// CompareAndSet is as [Register.Write], of a value that replaces an old one.
func (r *Register[V]) CompareAndSet(old, v V, call int) (fresh bool) {
	if !r.Write(v, call) {
		return false
	}
	r.values[v].old, r.values[v].cas = old, true
	return true
}

// Seen takes the return of an operation that wrote a value, or read it.
func (r *Register[V]) Seen(name V, call, now int) string {
	r.open.leave(call)
	v := r.values[name]
	if v == nil {
		return "which nobody had written, or which had been replaced before it began"
	}
	if v.block == nil {
		if why := r.count(v, call, now); why != None {
			return why
		}
	} else {
		if call > v.replaced || call > v.block.dead {
			return "which had been replaced before it began"
		}
		r.extend(v.block, call)
	}
	r.forget()
	return None
}

// count lets a value count, and those that it came from.
func (r *Register[V]) count(v *value[V], call, now int) string {
	chain, last := []*value[V]{}, call
	for v.block == nil {
		chain, last = append(chain, v), max(last, v.call)
		if !v.cas {
			r.extend(r.begin(v, now), last)
			break
		}
		from := r.values[v.old]
		switch {
		case from == nil:
			return "which was to replace a value that was not there any more, or never"
		case from.replaced != Never:
			return "which was to replace a value that another had replaced"
		case slices.Contains(chain, from):
			return "which came from itself"
		}
		v = from
	}
	if last > v.block.dead {
		return "which was to replace a value that had been replaced before it began"
	}
	b := v.block
	r.extend(b, last)
	for _, next := range slices.Backward(chain) {
		if next == v {
			continue
		}
		v.replaced = now
		r.replaced = append(r.replaced, v)
		r.stale = r.stale || now < r.open.oldest()
		next.block = b
		b.values = append(b.values, next)
		v = next
	}
	return None
}

// extend notes that an operation on a block was called.
func (r *Register[V]) extend(b *block[V], call int) {
	before := b.last
	if call <= before {
		return
	}
	b.last = call
	if before < -1 && b.first > call {
		// It is new: no first is later, so it makes no difference to the dead.
		r.kill(r.alive, b)
	} else {
		from, _ := slices.BinarySearchFunc(r.blocks, before, func(x *block[V], at int) int { return x.first - at })
		r.kill(r.blocks[from:], b)
	}
}

// kill notes what is dead because of a block.
func (r *Register[V]) kill(blocks []*block[V], by *block[V]) {
	for _, b := range blocks {
		if b.first > by.last {
			break
		}
		if b == by || b.dead <= by.first {
			continue
		}
		b.dead = by.first
		r.stale = r.stale || b.dead < r.open.oldest()
	}
	r.alive = slices.DeleteFunc(r.alive, func(b *block[V]) bool { return b.dead != Never })
}

// Undo takes back that a value may be written. Its operation stays open.
func (r *Register[V]) Undo(name V) string {
	if v := r.values[name]; v == nil || v.block != nil {
		return "so its value was not written, but others saw it"
	}
	delete(r.values, name)
	return None
}

// Leave takes the return of an operation that says nothing else, or the outcome
// of which is unknown.
func (r *Register[V]) Leave(call int) {
	r.open.leave(call)
	r.forget()
}

// Refused takes the return of an operation that found another value than this
// one, and does not say which. It says whether that explains itself: because the
// value was not there at its call or after it, or because another block
// certainly was there at some moment in between.
func (r *Register[V]) Refused(name V, call int) (explained bool) {
	r.open.leave(call)
	defer r.forget()
	v := r.values[name]
	if v == nil || call > v.replaced || v.block != nil && call > v.block.dead {
		return true
	}
	if v.block == nil && v.cas {
		return false
	}
	return slices.ContainsFunc(r.blocks, func(b *block[V]) bool {
		return b != v.block && b.last > call && b.last > b.first
	})
}

// forget drops what no operation can see any more.
func (r *Register[V]) forget() {
	oldest := r.open.oldest()
	if oldest == r.swept && !r.stale {
		return
	}
	r.swept, r.stale = oldest, false
	gone := 0
	for ; gone < len(r.replaced) && r.replaced[gone].replaced < oldest; gone++ {
		v := r.replaced[gone]
		if r.values[v.name] == v {
			delete(r.values, v.name)
			v.block.values = v.block.values[1:]
		}
	}
	r.replaced = slices.Delete(r.replaced, 0, gone)
	r.blocks = slices.DeleteFunc(r.blocks, func(b *block[V]) bool {
		if b.dead >= oldest {
			return false
		}
		for _, v := range b.values {
			delete(r.values, v.name)
		}
		return true
	})
}

// Entries is how much it holds.
func (r *Register[V]) Entries() int {
	return len(r.values) + len(r.blocks) + len(r.replaced) + len(r.open.calls)
}
