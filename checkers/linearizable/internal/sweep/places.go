package sweep

// Places is a history of a log. Every read saw a prefix of what is known to be
// in the log, and nobody saw a value whose place is not known.
type Places struct {
	Timeline Timeline
	// Read says which operations are reads. Reads that were not answered are to
	// be left out.
	Read []bool
	// Place is how many values a read saw, and how many are before the value of
	// an append, or -1 if that is not known. It is below the number of
	// operations.
	Place []int32
}

// Check decides the history, in O(n log n). No two appends may have one place.
//
// It appends only when it must, place by place. When an append whose place is
// known returns, or a read, all places up to there are filled; when an append
// whose place is not known returns, all up to and with the next place that
// nobody is known to have. A place whose append is known needs it to have been
// called. Any other is filled by an open append whose place is not known: the
// one that returns first, one that was not answered last. As nobody saw their
// values, they can change places in any order that takes another.
//
// So at any moment it has filled no more places than any other legal order, and
// has the appends left that are open for longest: what another order can do, it
// can. A read that saw less than there is now is served if it saw no less than
// there was at its call, because the log had all lengths in between.
func (h *Places) Check() (valid bool, failed int) {
	c := placeCheck{Places: h, owner: make([]int32, len(h.Place)), used: make([]bool, len(h.Place)), called: make([]bool, len(h.Place))}
	for place := range c.owner {
		c.owner[place] = none
	}
	for op, place := range h.Place {
		if !h.Read[op] && place >= 0 {
			c.owner[place] = int32(op)
		}
	}
	// Of an append, at is its return; of a read, how many places were filled at its
	// call.
	at := h.Timeline.returns(nil, len(h.Read))
	for _, entry := range h.Timeline {
		op := int(entry >> 1)
		switch {
		case entry&1 == 1:
			if h.Read[op] && h.Place[op] < at[op] || !c.settle(op) {
				return false, op
			}
		case h.Read[op]:
			at[op] = c.next
		case h.Place[op] >= 0:
			c.called[op] = true
		default:
			c.open.push(urgent{at[op], int32(op)})
		}
	}
	return true, -1
}

type placeCheck struct {
	*Places
	// next is the first place that is not filled.
	next int32
	// owner is the append of each place, or none if that is not known.
	owner        []int32
	open         urgents
	used, called []bool
}

// settle lets an operation take effect that returns now.
func (c *placeCheck) settle(op int) bool {
	switch {
	case c.Read[op]:
		return c.fill(c.Place[op])
	case c.Place[op] >= 0:
		return c.fill(c.Place[op] + 1)
	case c.used[op]:
		return true
	}
	free := c.next
	for int(free) < len(c.owner) && c.owner[free] != none {
		free++
	}
	if !c.fill(free) {
		return false
	}
	c.used[op] = true
	c.next++
	return true
}

// fill fills all places before one.
func (c *placeCheck) fill(end int32) bool {
	for ; c.next < end; c.next++ {
		switch owner := c.owner[c.next]; {
		case owner == none && !c.fillBlank():
			return false
		case owner != none && !c.called[owner]:
			return false
		}
	}
	return true
}

// fillBlank takes the most urgent open append whose place is not known.
func (c *placeCheck) fillBlank() bool {
	for len(c.open) > 0 {
		if op := c.open.pop().op; !c.used[op] {
			c.used[op] = true
			return true
		}
	}
	return false
}
