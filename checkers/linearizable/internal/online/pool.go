package online

import "slices"

// pool is a supply of interchangeable operations, each of which takes effect at
// most once, at any moment between its call and its return, and a demand for
// them: moments by which one more of them must have taken effect.
//
// Who it was is left open, so that nothing need be known of the future. Of those
// that could have been it, the one that returns first is taken; so an operation
// that returns claims the first demand after its call, because all that could
// have met that demand and did not return before it return later. This is the
// rule of the earliest deadline: in an order that has it otherwise, the two can
// change places. What turns out not to have happened leaves, and what nobody
// knows the outcome of stays for ever.
//
// The demands can be met if for each k, k operations were called before the k-th
// of them: those that can meet a demand can meet all later ones (Hall, 1935).
type pool struct {
	// spare counts optional operations that were called before any demand, and
	// before all others.
	spare int
	ops   []supply
	// due are the demands, ascending.
	due []int
}

// supply is an operation that is open, or whose outcome is unknown.
type supply struct {
	call int
	open bool
}

func (p *pool) call(at int) { p.ops = append(p.ops, supply{at, true}) }

func (p *pool) find(call int) (int, bool) {
	return slices.BinarySearchFunc(p.ops, call, func(s supply, call int) int { return s.call - call })
}

// leave takes out an operation that returned, or did not happen.
func (p *pool) leave(call int) {
	if i, found := p.find(call); found {
		p.ops = slices.Delete(p.ops, i, i+1)
	}
}

// retire keeps an operation that will never return.
func (p *pool) retire(call int) {
	if i, found := p.find(call); found {
		p.ops[i].open = false
	}
}

// size is how many operations there are.
func (p *pool) size() int { return p.spare + len(p.ops) }

// before is how many of them were called before a moment.
func (p *pool) before(at int) int {
	i, _ := p.find(at)
	return p.spare + i
}

// oldest is the first call of an open operation.
func (p *pool) oldest() int {
	for _, s := range p.ops {
		if s.open {
			return s.call
		}
	}
	return Never
}

// demand asks for some operations by now, and says whether there are as many.
func (p *pool) demand(some, now int) bool {
	if some > p.size()-len(p.due) {
		return false
	}
	for range some {
		p.due = append(p.due, now)
	}
	return true
}

// claim lets an operation that returns meet the first demand after its call,
// and says whether there was one. The operation leaves.
func (p *pool) claim(call int) bool {
	p.leave(call)
	i, _ := slices.BinarySearch(p.due, call)
	if i == len(p.due) {
		return false
	}
	p.due = slices.Delete(p.due, i, i+1)
	return true
}

// feasible says whether all demands can be met.
func (p *pool) feasible() bool {
	i := 0
	for k, due := range p.due {
		for i < len(p.ops) && p.ops[i].call < due {
			i++
		}
		if p.spare+i <= k {
			return false
		}
	}
	return true
}

// settle forgets what is decided. A demand from before the calls of all open
// operations is met by one that will never return, and so are all others of
// those called before: which of them met it makes no difference. All demands
// must be feasible.
func (p *pool) settle() {
	oldest := p.oldest()
	p.fold(oldest)
	met, _ := slices.BinarySearch(p.due, oldest)
	p.due = slices.Delete(p.due, 0, met)
	p.spare -= met
}

// fold counts the optional operations called before a moment before which no
// open one was called.
func (p *pool) fold(before int) {
	folded, _ := p.find(before)
	p.ops = slices.Delete(p.ops, 0, folded)
	p.spare += folded
}

// entries is how much it holds.
func (p *pool) entries() int { return len(p.ops) + len(p.due) }
