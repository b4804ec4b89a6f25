package sweep

import "container/heap"

// FlipKind is what an operation did to a bit.
type FlipKind uint8

const (
	// FlipOff and FlipOn changed the bit.
	FlipOff FlipKind = iota
	FlipOn
	// SawOff and SawOn left it as it was. They are to be left out if they were
	// not answered.
	SawOff
	SawOn
)

// Flips is a history of one bit, off at first: an element of a set, or a lock.
type Flips struct {
	Timeline Timeline
	Ops      []FlipKind
	// Return is the position in the timeline at which each operation returned,
	// or Never.
	Return []int
}

// Check decides the history, in O(n log n).
//
// It does nothing until it must. When a flip returns, it takes effect, after
// one of the opposite kind if the bit already stands there; when an observation
// returns and the bit did not stand there since its call, one flip takes effect
// for it. Of the open flips of a kind, the one that returns first is spent
// first: in an order that spends another, the two can change places, as both
// are open. Waiting is right because an open flip stays available until its
// return, and because flips done at one instant serve every observation that is
// open then. An optional flip has no return and is spent last; one that is
// never spent did nothing, or nothing that was seen: an operation that finds
// the bit where it wants it leaves it there.
func (h *Flips) Check() (valid bool, at int) {
	c := flipCheck{Flips: h, used: make([]bool, len(h.Ops)), called: make([]int, len(h.Ops))}
	c.left[1] = -1
	for i, entry := range h.Timeline {
		op, kind := int(entry>>1), h.Ops[entry>>1]
		if entry&1 == 0 {
			c.called[op] = i
			if kind <= FlipOn {
				heap.Push(&c.open[kind], urgent{h.Return[op], op})
			}
			continue
		}
		if !c.settle(op, kind, i) {
			return false, op
		}
	}
	return true, -1
}

type flipCheck struct {
	*Flips
	on int
	// left is when the bit last stood at each side and was flipped away.
	left   [2]int
	open   [2]urgents
	used   []bool
	called []int
}

// settle lets an operation take effect that returns now.
func (c *flipCheck) settle(op int, kind FlipKind, now int) bool {
	if kind >= SawOff {
		wanted := int(kind - SawOff)
		return c.on == wanted || c.left[wanted] > c.called[op] || c.spend(wanted, now)
	}
	if c.used[op] {
		return true
	}
	if c.on == int(kind) && !c.spend(1-int(kind), now) {
		return false
	}
	c.used[op] = true
	c.flip(now)
	return true
}

func (c *flipCheck) flip(now int) {
	c.left[c.on] = now
	c.on = 1 - c.on
}

// spend flips the bit to a side by the most urgent open flip.
func (c *flipCheck) spend(side, now int) bool {
	for open := &c.open[side]; open.Len() > 0; {
		op := heap.Pop(open).(urgent).op
		if !c.used[op] {
			c.used[op] = true
			c.flip(now)
			return true
		}
	}
	return false
}

// urgent is an operation by its return.
type urgent struct{ ret, op int }

// urgents is a heap, the first to return on top.
type urgents []urgent

func (u urgents) Len() int           { return len(u) }
func (u urgents) Less(i, j int) bool { return u[i].ret < u[j].ret }
func (u urgents) Swap(i, j int)      { u[i], u[j] = u[j], u[i] }
func (u *urgents) Push(x any)        { *u = append(*u, x.(urgent)) }
func (u *urgents) Pop() any {
	last := len(*u) - 1
	x := (*u)[last]
	*u = (*u)[:last]
	return x
}
