package sweep

import "slices"

// choice is a search for the values that the optional takes of a stack removed.
type choice struct {
	*stackCheck
	spans []span
	// used says which takes removed a value, and spared which values none did.
	used   []bool
	spared []bool
	// tries is how many more may be made.
	tries int
}

// choose finds out whether some choice of values makes the history legal. It is
// exact unless the tries were used up.
//
// Where a choice is not legal, a few values contradict each other, whatever else
// is on the stack: to leave out a value, with its put and take, makes no legal
// history illegal. So a better choice that extends this one removes one of them
// that nobody got. Only those are tried, one after the other, and those that
// were tried in vain are spared from then on. In histories as they occur there
// is seldom more than one, so that a few tries suffice.
//
// Of the takes that were called before the put of a value returned, all can
// remove it as soon as it is there. The one called last is tried, as those called
// earlier are at least as good for the others.
//
// Some takes, the first ones, may be assigned already. Then only choices with
// these are tried.
func (s *stackCheck) choose(spans []span, assigned, tries int) (legal, decided bool) {
	c := &choice{
		stackCheck: s, spans: slices.Clone(spans),
		used: make([]bool, len(s.takes)), spared: make([]bool, len(spans)), tries: tries,
	}
	for k := range assigned {
		c.used[k] = true
	}
	legal = c.better()
	return legal, legal || c.tries > 0
}

// better says whether the choice, or one that extends it, is legal.
func (c *choice) better() bool {
	c.tries--
	if c.tries <= 0 {
		return false
	}
	if c.legal(c.spans) {
		return true
	}
	var suspects []int
	for _, op := range c.witness {
		if v := int(c.Ops[op].Value); c.Ops[op].Kind == Put && c.open(v) && !slices.Contains(suspects, v) {
			suspects = append(suspects, v)
		}
	}
	if len(suspects) == 0 || !c.hope() {
		return false
	}
	// Those that were put last are the likeliest to have been taken.
	slices.SortFunc(suspects, func(a, b int) int { return int(c.spans[b].putCall - c.spans[a].putCall) })
	for _, v := range suspects {
		if c.removed(v) {
			return true
		}
		if c.tries <= 0 {
			return false
		}
		c.spared[v] = true
	}
	for _, v := range suspects {
		c.spared[v] = false
	}
	return false
}

// open says whether nobody got a value so far, though an optional take may have.
func (c *choice) open(v int) bool { return c.spans[v].leftOver() && !c.spared[v] }

// removed tries all takes for a value, those called first first.
func (c *choice) removed(v int) bool {
	put := c.spans[v].putRet
	soon := -1 // the last free take called before the put returned
	for k, call := range c.takes {
		if call < put && !c.used[k] {
			soon = k
		}
	}
	for k, call := range c.takes {
		if c.used[k] || call < put && k != soon {
			continue
		}
		c.used[k] = true
		c.takeAt(c.spans, v, call)
		if c.better() {
			return true
		}
		c.used[k] = false
		c.spans[v].takeCall, c.spans[v].takeRet = absent, absent
		if c.tries <= 0 {
			return false
		}
	}
	return false
}

// hope says whether the history is legal if all values that nobody got may have
// been removed by the first take that is left.
func (c *choice) hope() bool {
	first := slices.Index(c.used, false)
	if first < 0 {
		return false
	}
	generous := slices.Clone(c.spans)
	for _, v := range c.leftOver {
		if c.open(v) {
			c.takeAt(generous, v, c.takes[first])
		}
	}
	return c.legal(generous)
}
