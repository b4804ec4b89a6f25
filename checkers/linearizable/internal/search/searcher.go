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
	// slot is the bit of each operation in a configuration. Bits are used again
	// once an operation has returned in all configurations.
	slot   []int
	widths int
	// open are the operations that were called and have not returned, by step
	// and then by return: those that are equal stand together, the most urgent
	// first.
	open []int
	// reads are those open operations that never change the state.
	reads []int

	frontier, next, seen *configs
	// keep is how many states are too many.
	keep    int
	memory  int64
	widest  int
	scratch []uint64
}

func newSearcher(p *Problem, budget Budget) *searcher {
	s := &searcher{p: p, states: newStates(p), keep: fewStates, memory: budget.Memory}
	s.slot, s.widths = slots(p.Ops)
	optional := make([]uint64, s.widths)
	for i, op := range p.Ops {
		if op.Return == Never {
			setBit(optional, s.slot[i])
		}
	}
	s.frontier = newConfigs(s.widths, optional)
	s.next = newConfigs(s.widths, optional)
	s.seen = newConfigs(s.widths, optional)
	s.scratch = make([]uint64, s.widths+1)
	s.frontier.add(append(make([]uint64, s.widths), uint64(s.states.init)))
	return s
}

// fewStates are worth keeping in any case.
const fewStates = 1 << 12

// slots gives every operation a bit that it shares with none that is open at
// the same time, and returns the number of words that hold them all. Bits of
// optional operations are shared with nobody.
func slots(ops []Op) (slot []int, words int) {
	slot = make([]int, len(ops))
	var free []int
	used := 0
	for _, e := range eventsOf(ops) {
		switch {
		case e.isReturn:
			free = append(free, slot[e.op])
		case ops[e.op].Return != Never && len(free) > 0:
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
// each configuration by itself.
func (s *searcher) call(op int) {
	step := s.p.Ops[op].Step
	if s.p.ReadOnly(s.p.Steps[step]) {
		if s.p.Ops[op].Return == Never {
			return
		}
		s.reads = append(s.reads, op)
		for c := range s.frontier.all {
			if _, legal := s.states.after(int32(c[s.widths]), step); legal {
				setBit(c, s.slot[op])
			}
		}
		return
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

// settle closes an operation that returns at a position: what is left are the
// configurations in which it has taken effect.
func (s *searcher) settle(ctx context.Context, op, at int) error {
	target := s.slot[op]
	s.next.reset()
	s.seen.reset()
	for c := range s.frontier.all {
		s.arrive(c, target, at)
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
		if s.seen.dead(i) {
			continue
		}
		s.expand(i, target, at)
	}
	s.frontier, s.next = s.next, s.frontier
	s.widest = max(s.widest, s.frontier.alive, s.seen.alive)
	s.close(op)
	s.forget()
	return nil
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
		c[s.widths] = uint64(s.states.number(old.values[c[s.widths]]))
	}
	s.keep = max(fewStates, 4*len(s.states.values))
}

// expand takes every step that is open to configuration i of seen.
func (s *searcher) expand(i, target, at int) {
	last := int32(-1)
	for _, o := range s.open {
		step := s.p.Ops[o].Step
		if step == last {
			continue // an equal one, more urgent, is still to be taken
		}
		c := s.seen.at(i)
		if hasBit(c, s.slot[o]) {
			continue
		}
		last = step
		if s.p.Ops[o].Return == Never && s.states.sinks(step, at) {
			continue
		}
		state, legal := s.states.after(int32(c[s.widths]), step)
		if !legal {
			continue
		}
		copy(s.scratch, c)
		s.scratch[s.widths] = uint64(state)
		setBit(s.scratch, s.slot[o])
		s.takeReads(s.scratch)
		s.arrive(s.scratch, target, at)
	}
}

// arrive files a configuration: with the survivors if the target has taken
// effect, else with those from which to go on.
func (s *searcher) arrive(c []uint64, target, at int) {
	copy(s.scratch, c)
	c = s.scratch
	state := s.states.fold(int32(c[s.widths]), at)
	c[s.widths] = uint64(state)
	if state == s.states.dead {
		s.takeSinks(c, at)
	}
	if hasBit(c, target) {
		clearBit(c, target)
		s.next.add(c)
		return
	}
	s.seen.add(c)
}

func (s *searcher) takeReads(c []uint64) {
	for _, r := range s.reads {
		if hasBit(c, s.slot[r]) {
			continue
		}
		if _, legal := s.states.after(int32(c[s.widths]), s.p.Ops[r].Step); legal {
			setBit(c, s.slot[r])
		}
	}
}

// takeSinks takes the steps that keep a dead state dead and will never do
// better: a system whose state matters has no use for them, and later they
// could only destroy such a state.
func (s *searcher) takeSinks(c []uint64, at int) {
	for _, o := range s.open {
		step := s.p.Ops[o].Step
		if s.p.Ops[o].Return == Never || !s.states.sinks(step, at) {
			continue
		}
		if _, legal := s.states.after(s.states.dead, step); legal {
			setBit(c, s.slot[o])
		}
	}
}

func (s *searcher) close(op int) {
	drop := func(o int) bool { return o == op }
	s.open = slices.DeleteFunc(s.open, drop)
	s.reads = slices.DeleteFunc(s.reads, drop)
}

func (s *searcher) held() int64 {
	return s.frontier.bytes() + s.next.bytes() + s.seen.bytes() + s.states.bytes()
}

func setBit(words []uint64, i int)      { words[i>>6] |= 1 << (i & 63) }
func clearBit(words []uint64, i int)    { words[i>>6] &^= 1 << (i & 63) }
func hasBit(words []uint64, i int) bool { return words[i>>6]>>(i&63)&1 == 1 }
