package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

var errTime = errors.New("the time budget was used up")

// searcher is the state of one search.
type searcher struct {
	p      *Problem
	states *states
	// slot is the place of each operation in a configuration. Slots are used
	// again once an operation has returned in all configurations.
	slot   []int
	widths int
	// open are the operations that were called and have not returned, by step
	// and then by return: those that are equal stand together, the most urgent
	// first.
	open []int
	// reads are those open operations that never change the state.
	reads []int
	// classes are the runs of equal operations among open, as of this settle.
	classes []class
	// total are the slots of open operations that are legal in every state,
	// useless of those that can lead to no state that matters any more, and
	// optional of those that never return.
	total, useless, optional []uint64

	rows rows

	frontier, next, seen *configs
	// limit is how many configurations are kept, if not 0; truncated says that
	// some were not.
	limit     int
	truncated bool
	// keep is how many states are too many.
	keep   int
	memory int64
	widest int
	// scratch and other are configurations in the making.
	scratch, other []uint64
}

// class is a run of equal open operations.
type class struct {
	from, to   int
	step       int32
	useless    bool
	overwrites bool
}

func newSearcher(p *Problem, events []event, budget Budget, limit int) *searcher {
	s := &searcher{p: p, states: newStates(p), keep: fewStates, memory: budget.Memory, limit: limit}
	s.slot, s.widths = slots(p.Ops, events)
	s.scratch, s.other = make([]uint64, 2*s.widths+1), make([]uint64, 2*s.widths+1)
	s.total, s.useless, s.optional = make([]uint64, s.widths), make([]uint64, s.widths), make([]uint64, s.widths)
	s.frontier = newConfigs(s.widths)
	s.next = newConfigs(s.widths)
	s.seen = newConfigs(s.widths)
	s.frontier.add(append(make([]uint64, 2*s.widths), uint64(s.states.init)))
	return s
}

// fewStates are worth keeping in any case.
const fewStates = 1 << 12

// slots gives every operation a slot that it shares with none that is open at
// the same time, and returns the number of words that hold them all.
func slots(ops []Op, events []event) (slot []int, words int) {
	slot = make([]int, len(ops))
	var free []int
	used := 0
	for _, e := range events {
		switch {
		case e.kind != called:
			free = append(free, slot[e.op])
		case len(free) > 0:
			slot[e.op] = free[len(free)-1]
			free = free[:len(free)-1]
		default:
			slot[e.op] = used
			used++
		}
	}
	return slot, max(1, (used+63)/64)
}

// call opens an operation. A read that is legal at once is taken at once, in
// each configuration by itself. One that may never take effect is free.
func (s *searcher) call(op int) {
	o := s.p.Ops[op]
	slot := s.slot[op]
	if s.p.ReadOnly(s.p.Steps[o.Step]) {
		s.reads = append(s.reads, op)
		for c := range s.frontier.all {
			if _, legal := s.states.after(s.state(c), o.Step); legal {
				s.take(c, slot)
			}
		}
		return
	}
	switch {
	case o.Return == Never:
		setBit(s.optional, slot)
		for c := range s.frontier.all {
			s.release(c, slot)
		}
	case s.p.Total != nil && s.p.Total(s.p.Steps[o.Step]):
		setBit(s.total, slot)
	}
	at, _ := slices.BinarySearchFunc(s.open, op, s.compareUrgency)
	s.open = slices.Insert(s.open, at, op)
}

func (s *searcher) compareUrgency(a, b int) int {
	x, y := s.p.Ops[a], s.p.Ops[b]
	switch {
	case x.Step != y.Step:
		return int(x.Step) - int(y.Step)
	case x.Return != y.Return:
		if x.Return < y.Return {
			return -1
		}
		return 1
	}
	return a - b
}

// expire closes an optional operation that can lead to nothing that matters.
func (s *searcher) expire(op int) {
	for c := range s.frontier.all {
		s.drop(c, s.slot[op])
	}
	s.close(op)
}

// settle closes an operation that returns at a position: what is left are the
// configurations in which it has taken effect.
func (s *searcher) settle(ctx context.Context, op, at int) error {
	target := s.slot[op]
	s.next.reset()
	s.seen.reset()
	s.states.at(at, s.breaks(op))
	s.classify(at)
	s.rows.reset(s.widths, len(s.classes))
	for c := range s.frontier.all {
		copy(s.scratch, c)
		s.arrive(target, false, false)
	}
	for i := 0; i < s.seen.len(); i++ {
		if i&0xff == 0 {
			if ctx.Err() != nil {
				return errTime
			}
			if held := s.held(); s.memory > 0 && held > s.memory {
				return fmt.Errorf("the memory budget was used up: %d configurations", s.seen.alive+s.next.alive)
			}
		}
		if s.limit > 0 && (s.next.alive >= s.limit || i >= 4*s.limit) {
			s.truncated = true
			break
		}
		if !s.seen.dead(i) {
			s.expand(i, target)
		}
	}
	if s.limit > 0 && s.next.alive > s.limit {
		s.truncated = true
		s.next.trim(s.limit)
	}
	s.frontier, s.next = s.next, s.frontier
	s.widest = max(s.widest, s.frontier.alive, s.seen.alive)
	s.close(op)
	s.forget()
	return nil
}

// classify notes what is true of open operations at a position.
func (s *searcher) classify(at int) {
	s.classes = s.classes[:0]
	clear(s.useless)
	for i := 0; i < len(s.open); {
		step := s.p.Ops[s.open[i]].Step
		c := class{
			from: i, step: step, useless: s.states.sinks(step, at),
			overwrites: s.p.Overwrites != nil && s.p.Overwrites(s.p.Steps[step]),
		}
		for ; i < len(s.open) && s.p.Ops[s.open[i]].Step == step; i++ {
			if c.useless {
				setBit(s.useless, s.slot[s.open[i]])
			}
		}
		c.to = i
		s.classes = append(s.classes, c)
	}
}

// forget drops the states that no configuration is in, once they are many more
// than the others.
func (s *searcher) forget() {
	if len(s.states.values) < s.keep {
		return
	}
	old := s.states
	s.states = newStates(s.p)
	for c := range s.frontier.all {
		c[2*s.widths] = uint64(s.states.number(old.values[s.state(c)]))
	}
	s.keep = max(fewStates, 4*len(s.states.values))
}

// expand takes every step that is open to configuration i of seen.
func (s *searcher) expand(i, target int) {
	row := s.row(s.state(s.seen.at(i)))
	for k := range s.classes {
		class := &s.classes[k]
		state := s.rows.next[row*len(s.classes)+k]
		if state < 0 {
			continue
		}
		c := s.seen.at(i)
		// The most urgent of equal operations goes first. If it is free, so may
		// the most urgent of those that are not: that gets it out of the way.
		free := false
		for _, o := range s.open[class.from:class.to] {
			slot := s.slot[o]
			isFree := s.isFree(c, slot)
			if s.isUsed(c, slot) || isFree && (free || class.useless) {
				continue
			}
			s.step(c, class, slot, state)
			s.arrive(target, s.isFree(c, target), slot != target && (isFree || hasBit(s.total, slot)))
			c = s.seen.at(i) // again, as the set grows
			if free = true; !isFree {
				break
			}
		}
	}
}

// step puts into scratch what is after an operation took effect.
func (s *searcher) step(c []uint64, class *class, slot int, state int32) {
	copy(s.scratch, c)
	c = s.scratch
	if class.overwrites {
		for w, total := range s.total {
			c[s.widths+w] |= total &^ c[w]
		}
	}
	setBit(c, slot)
	clearBit(c[s.widths:], slot)
	c[2*s.widths] = uint64(state)
}

// arrive files the configuration in scratch. If the target has taken effect, it
// is a survivor. If the target has become free, it survives as well, but the
// target may yet take effect where others see it, now or never. Else, and then,
// the search goes on from it.
//
// A detour is a step of an operation that could as well wait. It need not lead to
// the least of all states.
func (s *searcher) arrive(target int, wasFree, detour bool) {
	c := s.scratch
	state := s.state(c)
	later, now := s.states.fold(state), s.states.foldNow(state)
	c[2*s.widths] = uint64(later)
	s.note(c)
	isUsed, isFree := s.isUsed(c, target), s.isFree(c, target)
	if !isUsed && !(detour && s.states.least(now)) {
		s.seen.add(s.before(now, target))
	}
	if (isUsed || isFree && !wasFree) && !(detour && s.states.least(later)) {
		s.drop(c, target)
		s.next.add(c)
	}
}

// before returns the configuration in scratch with the state that it has as long
// as the target has not taken effect.
func (s *searcher) before(now int32, target int) []uint64 {
	if uint64(now) == s.scratch[2*s.widths] {
		return s.scratch
	}
	isFree := s.isFree(s.scratch, target)
	c := s.other
	copy(c, s.scratch)
	c[2*s.widths] = uint64(now)
	s.note(c)
	s.drop(c, target) // that it may be free in this state makes no survivor
	if isFree {
		s.release(c, target)
	}
	return c
}

// note notes in a configuration what follows from its state: reads take effect,
// what changes nothing is free, and what is useless and done is done with.
func (s *searcher) note(c []uint64) {
	row := s.rows.bits[s.row(s.state(c))*2*s.widths:]
	for w, useless := range s.useless {
		idle, reads := row[w], row[s.widths+w]
		used := c[w] | reads
		free := c[s.widths+w] | reads | idle&^used
		settled := useless & (used | free | s.optional[w])
		c[w], c[s.widths+w] = used|settled, free|settled
	}
}

// breaks says whether an operation reads or overwrites what is there.
func (s *searcher) breaks(op int) bool {
	step := s.p.Steps[s.p.Ops[op].Step]
	return s.p.ReadOnly(step) || s.p.Overwrites != nil && s.p.Overwrites(step)
}

func (s *searcher) close(op int) {
	drop := func(o int) bool { return o == op }
	s.open = slices.DeleteFunc(s.open, drop)
	s.reads = slices.DeleteFunc(s.reads, drop)
	clearBit(s.total, s.slot[op])
	clearBit(s.optional, s.slot[op])
}

func (s *searcher) held() int64 {
	return s.frontier.bytes() + s.next.bytes() + s.seen.bytes() + s.states.bytes() + s.rows.bytes()
}

func (s *searcher) state(c []uint64) int32 { return int32(c[2*s.widths]) }

func (s *searcher) isUsed(c []uint64, slot int) bool { return hasBit(c, slot) }
func (s *searcher) isFree(c []uint64, slot int) bool { return hasBit(c[s.widths:], slot) }

// release lets an operation take effect unnoticed.
func (s *searcher) release(c []uint64, slot int) { setBit(c[s.widths:], slot) }

// take says that an operation took effect and that nothing depends on it.
func (s *searcher) take(c []uint64, slot int) {
	setBit(c, slot)
	setBit(c[s.widths:], slot)
}

// drop makes a slot ready for another operation.
func (s *searcher) drop(c []uint64, slot int) {
	clearBit(c, slot)
	clearBit(c[s.widths:], slot)
}

func setBit(words []uint64, i int)      { words[i>>6] |= 1 << (i & 63) }
func clearBit(words []uint64, i int)    { words[i>>6] &^= 1 << (i & 63) }
func hasBit(words []uint64, i int) bool { return words[i>>6]>>(i&63)&1 == 1 }
