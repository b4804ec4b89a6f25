package sweep

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
	c := h.checker()
	return c.check(0, len(h.Timeline))
}

// CheckEach decides the histories of several bits that lie one after the other:
// first has the beginning of each in the timeline, and, at its end, that of the
// timeline.
func (h *Flips) CheckEach(first []uint32) (valid []bool) {
	c := h.checker()
	valid = make([]bool, len(first)-1)
	for i := range valid {
		valid[i], _ = c.check(int(first[i]), int(first[i+1]))
	}
	return valid
}

func (h *Flips) checker() *flipCheck {
	return &flipCheck{Flips: h, used: make([]bool, len(h.Ops)), called: make([]int32, len(h.Ops)), returns: h.Timeline.returns(nil, len(h.Ops))}
}

// check decides the history of one bit, between two positions of the timeline.
func (c *flipCheck) check(from, to int) (valid bool, at int) {
	// The bit has stood at neither side and left it.
	c.on, c.left = 0, [2]int32{int32(from) - 1, int32(from) - 1}
	c.open[0], c.open[1] = c.open[0][:0], c.open[1][:0]
	for i := from; i < to; i++ {
		entry := c.Timeline[i]
		op, kind := int(entry>>1), c.Ops[entry>>1]
		if entry&1 == 0 {
			c.called[op] = int32(i)
			if kind <= FlipOn {
				c.open[kind].push(urgent{c.returns[op], int32(op)})
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
	left   [2]int32
	open   [2]urgents
	used   []bool
	called []int32
	// returns are the positions at which operations returned.
	returns []int32
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
	c.left[c.on] = int32(now)
	c.on = 1 - c.on
}

// spend flips the bit to a side by the most urgent open flip.
func (c *flipCheck) spend(side, now int) bool {
	for open := &c.open[side]; len(*open) > 0; {
		op := open.pop().op
		if !c.used[op] {
			c.used[op] = true
			c.flip(now)
			return true
		}
	}
	return false
}
