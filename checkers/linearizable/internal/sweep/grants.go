package sweep

import "slices"

// Grants is a history of a lock, free at first, whose acquisitions are answered
// with fencing tokens: numbers that must rise.
type Grants struct {
	Timeline Timeline
	// Ops are FlipOn for acquisitions and FlipOff for releases.
	Ops []FlipKind
	// Token is that of each acquisition, and 0 for releases and for acquisitions
	// that were not answered.
	Token []int64
}

// Check decides the history, in O(n log n).
//
// Tokens tell the order of the acquisitions that have one: each follows the one
// with the next lower token. Like [Flips.Check], it does nothing until it must,
// and then takes as little as it can: when an acquisition returns, it and all
// with lower tokens, one after the other, each after a release if the lock is
// held; when a release returns, that release, after an acquisition if the lock
// is free. There are two choices.
//
// Of the open releases, the one that returns first is taken first, because in
// an order that takes another, the two can change places. For a release that
// needs an acquisition, the one with the next token is taken if it was called,
// else one that was not answered. An order that takes one that was not answered,
// x, while the next one, a, is open, takes a later. The two can change places
// too: all with lower tokens are done, x never returns, and the lock is held and
// free as before.
//
// Waiting is right: what is open stays open until its own return, and what is
// done at one instant, in the order of tokens, could not have been done before
// with less.
func (h *Grants) Check() (valid bool, witness []int) {
	c := grantCheck{Grants: h, used: make([]bool, len(h.Ops)), called: make([]bool, len(h.Ops))}
	returns := h.Timeline.returns(nil, len(h.Ops))
	for op, token := range h.Token {
		if token != 0 {
			c.granted = append(c.granted, op)
		}
	}
	slices.SortFunc(c.granted, func(a, b int) int {
		switch {
		case h.Token[a] < h.Token[b]:
			return -1
		case h.Token[a] > h.Token[b]:
			return 1
		}
		return a - b
	})
	for i := 1; i < len(c.granted); i++ {
		if a, b := c.granted[i-1], c.granted[i]; h.Token[a] == h.Token[b] {
			return false, []int{a, b}
		}
	}
	for _, entry := range h.Timeline {
		op := int(entry >> 1)
		switch {
		case entry&1 == 1:
			if !c.settle(op) {
				return false, nil
			}
		case h.Ops[op] == FlipOff:
			c.releases.push(urgent{returns[op], int32(op)})
		case h.Token[op] == 0:
			c.unanswered++
		default:
			c.called[op] = true
		}
	}
	return true, nil
}

type grantCheck struct {
	*Grants
	held bool
	// granted are the acquisitions with a token, in its order; the first next of
	// them were taken.
	granted      []int
	next         int
	releases     urgents
	unanswered   int
	used, called []bool
}

// settle lets an operation take effect that returns now.
func (c *grantCheck) settle(op int) bool {
	if c.Ops[op] == FlipOn {
		for !c.used[op] {
			if c.held && !c.release() || !c.acquireNext() {
				return false
			}
		}
		return true
	}
	if c.used[op] {
		return true
	}
	if !c.held && !c.acquireNext() {
		if c.unanswered == 0 {
			return false
		}
		c.unanswered--
	}
	c.used[op], c.held = true, false
	return true
}

// release takes the most urgent open release.
func (c *grantCheck) release() bool {
	for len(c.releases) > 0 {
		if op := c.releases.pop().op; !c.used[op] {
			c.used[op], c.held = true, false
			return true
		}
	}
	return false
}

// acquireNext takes the acquisition with the next token, if it was called.
func (c *grantCheck) acquireNext() bool {
	if c.next == len(c.granted) || !c.called[c.granted[c.next]] {
		return false
	}
	c.used[c.granted[c.next]], c.held = true, true
	c.next++
	return true
}
