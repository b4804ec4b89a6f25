package sweep

import (
	"math"
	"slices"
	"sync"
)

// RegisterKind is what an operation did to a register.
type RegisterKind uint8

const (
	// RegisterRead saw its value. A refused compare-and-set that says what it
	// saw is a read. Reads that were not answered are to be left out.
	RegisterRead RegisterKind = iota
	RegisterWrite
	// RegisterCAS found its old value and replaced it.
	RegisterCAS
	// RegisterNot found another value than its own: a refused compare-and-set
	// that does not say what it saw.
	RegisterNot
)

// RegisterOp is one operation on one of many registers.
type RegisterOp struct {
	Kind RegisterKind
	// Value is the number of what was read or written, and Old of what a
	// compare-and-set found.
	Value, Old int32
}

// Registers is a history of registers, each with values of its own: equal
// values in two registers have two numbers.
type Registers struct {
	Timeline Timeline
	Ops      []RegisterOp
	// KeyOf is the register of each value; Initial is the first value of each
	// register.
	KeyOf   []int32
	Initial []int32
}

// Conflict says that the history of a key has no order.
type Conflict struct {
	Key int32
	// Ops are among the operations that contradict each other.
	Ops []int
	// Rule is what they break.
	Rule string
}

// Check decides all registers. It returns at most one conflict for each, and
// the registers that it did not decide: because a value was written to them
// twice, so that a read does not tell which of the two it saw, or because a
// refusal may be impossible to explain. All others are linearizable.
//
// Method: Gibbons and Korach, "Testing shared memories" (1997), with chains for
// compare-and-set and optional operations added. Time is linear, memory is 40
// bytes a value.
//
// Every value has one writer. Whoever wants a value needs that writer to have
// taken effect, so an optional writer counts if its value was read, or consumed
// by a compare-and-set that counts. One that does not count can be left out of
// any order: nobody saw its value, and what it replaced could have stayed.
//
// A value is consumed by at most one compare-and-set: after that it is gone for
// good. So values form chains, each headed by a plain write or by the initial
// value, and nothing comes between the parts of a chain: a write in between
// would take the value away that the next part needs. A chain is a block
//
//	write u, reads of u, cas u→v, reads of v, cas v→w, …
//
// whose inner order is forced up to the order of reads. It is possible if no
// part returned before one of an earlier part was called.
//
// Blocks follow each other. Block A must precede B if an operation of A
// returned before one of B was called: first return of A < last call of B. If
// there is an order of blocks that respects this, it is an order of the
// history. There is one unless two blocks must precede each other: let A1 →
// A2 → … → Ak → A1 be a shortest cycle, k > 2, and A1 have the least first
// return. Then first return of A1 ≤ that of A(k-1) < last call of Ak, so A1 →
// Ak, and with Ak → A1 there is a cycle of two.
//
// Two blocks precede each other exactly if, taking the zone of a block as the
// interval between its first return and its last call, both zones run forward
// (first return first) and overlap, or one runs backward inside one that runs
// forward. One pass over the events sees both. An optional writer whose value
// is seen has no return, which takes nothing from this. The block of the
// initial value has returned before the beginning.
//
// A refusal only adds to what must be explained, so a conflict found without it
// stands. It explains itself if its value does not count, if the write of its
// value was not yet called when it returned, or if, during it, the zone of another block ran forward: then, in every order,
// there is a moment at which it was refused. Other refusals are left to others.
func (h *Registers) Check() (conflicts []Conflict, undecided []int32) {
	c := registerChecks.Get().(*registerCheck)
	defer c.done()
	c.begin(h)
	c.scan()
	c.countObserved()
	c.link()
	c.joinBlocks()
	c.sweepZones()
	c.explainRefusals()
	return c.conflicts, c.undecided
}

// none is no position, value or block. never is later than all positions.
const (
	none  = int32(-1)
	never = int32(math.MaxInt32)
)

// registerValue is what is known of one value. Positions index the timeline.
type registerValue struct {
	writer, call, ret  int32 // of the writer; call is none if there is none
	firstRet, lastCall int32 // of the reads
	predecessor        int32 // the value that its writer consumed, or none
	successor          int32 // the value that replaced it by compare-and-set
	block              int32
	counts, initial    bool
}

// registerBlock is the zone of a chain.
type registerBlock struct {
	firstRet, lastCall int32
}

// registerCheck has memory to be used again.
type registerCheck struct {
	*Registers
	values   []registerValue
	blocks   []registerBlock
	chained  bool // there are compare-and-sets
	refusals bool
	// settled registers have a conflict or are not decided.
	settled   []bool
	conflicts []Conflict
	undecided []int32
}

var registerChecks = sync.Pool{New: func() any { return new(registerCheck) }}

func (c *registerCheck) begin(h *Registers) {
	c.Registers = h
	c.chained, c.refusals = false, false
	c.settled = slices.Grow(c.settled[:0], len(h.Initial))[:len(h.Initial)]
	clear(c.settled)
	c.values = slices.Grow(c.values[:0], len(h.KeyOf))[:len(h.KeyOf)]
	c.blocks = slices.Grow(c.blocks[:0], len(h.KeyOf))
}

// done gives back the memory, without what was found out.
func (c *registerCheck) done() {
	c.Registers, c.conflicts, c.undecided = nil, nil, nil
	registerChecks.Put(c)
}

func (c *registerCheck) fail(key int32, rule string, positions ...int32) {
	if c.settled[key] {
		return
	}
	c.settled[key] = true
	conflict := Conflict{Key: key, Rule: rule}
	for _, at := range positions {
		if at >= 0 && at != never {
			conflict.Ops = append(conflict.Ops, c.Timeline.op(at))
		}
	}
	c.conflicts = append(c.conflicts, conflict)
}

func (c *registerCheck) giveUp(key int32) {
	if !c.settled[key] {
		c.settled[key] = true
		c.undecided = append(c.undecided, key)
	}
}

// scan notes where the operations of each value begin and end.
func (c *registerCheck) scan() {
	for v := range c.values {
		c.values[v] = registerValue{
			writer: none, call: none, ret: never, firstRet: never, lastCall: none,
			predecessor: none, successor: none, block: none,
		}
	}
	for _, v := range c.Initial {
		c.values[v].initial, c.values[v].counts = true, true
		c.values[v].ret = -1
	}
	for i, entry := range c.Timeline {
		at, op := int32(i), &c.Ops[entry>>1]
		if op.Kind == RegisterNot {
			c.refusals = true
			continue
		}
		v := &c.values[op.Value]
		isReturn := entry&1 == 1
		switch {
		case op.Kind == RegisterRead && !isReturn:
			v.lastCall = at
			v.counts = true
		case op.Kind == RegisterRead:
			v.firstRet = min(v.firstRet, at)
		case isReturn:
			v.ret = at
			v.counts = true
		case v.call != none || v.initial:
			c.giveUp(c.KeyOf[op.Value])
		default:
			v.writer, v.call = int32(entry>>1), at
			if op.Kind == RegisterCAS {
				v.predecessor = op.Old
				c.chained = true
			}
		}
	}
}

// countObserved spreads along chains: who was seen had a predecessor.
func (c *registerCheck) countObserved() {
	if !c.chained {
		return
	}
	for v := range c.values {
		for u := int32(v); c.values[u].counts; {
			u = c.values[u].predecessor
			if u == none || c.values[u].counts {
				break
			}
			c.values[u].counts = true
		}
	}
}

// link joins values that count to those they replaced, and finds values that
// came from nowhere.
func (c *registerCheck) link() {
	for i := range c.values {
		v := &c.values[i]
		if !v.counts {
			continue
		}
		if v.call == none && !v.initial {
			c.fail(c.KeyOf[i], "a value was seen that nobody wrote", v.firstRet)
			continue
		}
		if v.predecessor == none {
			continue
		}
		u := &c.values[v.predecessor]
		if u.successor != none {
			c.fail(c.KeyOf[i], "two compare-and-sets replaced the same value", v.call, c.values[u.successor].call)
			continue
		}
		u.successor = int32(i)
	}
}

// joinBlocks walks each chain, checks its inner order and notes its zone.
func (c *registerCheck) joinBlocks() {
	for i := range c.values {
		head := &c.values[i]
		if !head.counts || head.predecessor != none || head.call == none && !head.initial {
			continue
		}
		b := registerBlock{firstRet: never, lastCall: none}
		for u := int32(i); u != none; u = c.values[u].successor {
			v := &c.values[u]
			v.block = int32(len(c.blocks))
			// Two parts: the writer, which all that came before must not follow,
			// and the reads.
			if v.ret < b.lastCall {
				c.fail(c.KeyOf[u], "a value was replaced before it was there", v.ret, b.lastCall)
			}
			b.firstRet, b.lastCall = min(b.firstRet, v.ret), max(b.lastCall, v.call)
			if v.firstRet < b.lastCall {
				c.fail(c.KeyOf[u], "a value was read before it was there", v.firstRet, b.lastCall)
			}
			b.firstRet, b.lastCall = min(b.firstRet, v.firstRet), max(b.lastCall, v.lastCall)
		}
		c.blocks = append(c.blocks, b)
	}
	if !c.chained {
		return
	}
	for i := range c.values {
		if v := &c.values[i]; v.counts && v.block == none && v.call != none {
			c.fail(c.KeyOf[i], "compare-and-sets that replace each other's values in a circle", v.call)
		}
	}
}

// sweepZones finds blocks that must precede each other.
func (c *registerCheck) sweepZones() {
	// current is the last zone of each register that runs forward.
	current := make([]registerBlock, len(c.Initial))
	for key, v := range c.Initial {
		current[key] = c.blocks[c.values[v].block]
	}
	const rule = "each of two values was there before the other"
	for i, entry := range c.Timeline {
		at, value := int32(i), c.Ops[entry>>1].Value
		block := c.values[value].block
		if block == none || c.Ops[entry>>1].Kind == RegisterNot {
			continue
		}
		b := c.blocks[block]
		forward := b.firstRet < b.lastCall
		zone := &current[c.KeyOf[value]]
		switch {
		case entry&1 == 1 && at == b.firstRet && forward:
			if at < zone.lastCall {
				c.fail(c.KeyOf[value], rule, at, b.lastCall, zone.firstRet, zone.lastCall)
				continue
			}
			*zone = b
		case entry&1 == 0 && at == b.lastCall && !forward:
			if b.firstRet < zone.lastCall {
				c.fail(c.KeyOf[value], rule, at, b.firstRet, zone.firstRet, zone.lastCall)
			}
		}
	}
}

// explainRefusals gives up on registers with refusals that do not explain
// themselves.
func (c *registerCheck) explainRefusals() {
	if !c.refusals {
		return
	}
	// The last two zones of each register that run forward.
	type zones struct{ last, before int32 }
	current := make([]zones, len(c.Initial))
	for key, v := range c.Initial {
		current[key] = zones{c.values[v].block, none}
	}
	called := make([]int32, len(c.Ops))
	for i, entry := range c.Timeline {
		at, op := int32(i), c.Ops[entry>>1]
		v := &c.values[op.Value]
		zone := &current[c.KeyOf[op.Value]]
		switch {
		case op.Kind != RegisterNot:
			if b := v.block; b != none && at == c.blocks[b].firstRet && at < c.blocks[b].lastCall {
				*zone = zones{b, zone.last}
			}
		case entry&1 == 0:
			called[entry>>1] = at
		default:
			elsewhere := zone.last
			if elsewhere == v.block {
				elsewhere = zone.before
			}
			absent := !v.initial && (!v.counts || v.call > at)
			during := elsewhere != none && c.blocks[elsewhere].lastCall > called[entry>>1]
			if !absent && !during {
				c.giveUp(c.KeyOf[op.Value])
			}
		}
	}
}
