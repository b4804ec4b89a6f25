package sweep

import "slices"

// few is how many values a stretch has at most if it is peeled without trees: to
// look at all of them again and again is faster then.
const few = 48

// stretch returns how many of the first stays, which are by from, cover without
// a gap what they cover, and where that ends.
func stretch(stays []stay) (n int, finish int32) {
	for n < len(stays) && (n == 0 || stays[n].from < finish) {
		finish = max(finish, stays[n].to)
		n++
	}
	return n, finish
}

// peelFew peels stretches, in time that is quadratic in their size. It returns
// the values of the first one in which none can lie at the bottom. What it is
// given is lost.
func peelFew(stays []stay) (stuck []stay) {
	for len(stays) > 0 {
		n, finish := stretch(stays)
		begin, kept := stays[0].from, n
		for i := n - 1; i >= 0; i-- {
			if v := &stays[i]; v.putCall >= begin || v.takeRet <= finish {
				kept--
				stays[kept] = *v
			}
		}
		if kept == 0 {
			return stays[:n]
		}
		stays = stays[kept:]
	}
	return nil
}

// peeler finds the values that can lie at the bottom of a stretch with many.
// Values are places in the order of their from. It can be used again and again.
type peeler struct {
	stays []stay
	// waiting holds, for values whose put was not yet found to be called before
	// their stretch, the call negated; ready holds, for the others, the return
	// of the take. Values taken out are in neither.
	waiting, ready extremes
	cover          cover
	// skip leads from a value that was taken out to the next candidate.
	skip []int32
	// some are a few values, to be peeled without trees.
	some []stay
}

// least is below every place in a history, and below every one negated.
const least = -1 << 31

// begin takes the values of a stretch, and the moments at which some of them
// are taken.
func (p *peeler) begin(stays []stay, ends int) {
	p.stays = stays
	p.skip = slices.Grow(p.skip[:0], len(stays)+1)[:len(stays)+1]
	p.waiting.begin(len(stays))
	p.ready.begin(len(stays))
	for v := range stays {
		p.waiting.value[v] = -stays[v].putCall
		p.skip[v] = int32(v)
	}
	p.skip[len(stays)] = int32(len(stays))
	p.waiting.build()
	p.ready.build()
	p.cover.begin(ends, stays)
}

// next returns the first value that is still there from a place on.
func (p *peeler) next(v int) int {
	root := int32(v)
	for p.skip[root] != root {
		root = p.skip[root]
	}
	for at := int32(v); p.skip[at] != root; { // compress the path
		at, p.skip[at] = p.skip[at], root
	}
	return int(root)
}

// collect appends the values still there between two places, but stops after
// most of them.
func (p *peeler) collect(some []stay, from, to, most int) []stay {
	for v := p.next(from); v < to && len(some) < most; v = p.next(v + 1) {
		some = append(some, p.stays[v])
	}
	return some
}

// peel does as peelFew, for the values of one stretch, and leaves stretches of at
// most few to it. The ends are those of the values, and base is how many values
// were before.
func (p *peeler) peel(stays []stay, ends []end, base int32, few int) (stuck []stay) {
	p.begin(stays, len(ends))
	for first := p.next(0); first < len(stays); first = p.next(first) {
		gap := ends[p.cover.firstGap(int(stays[first].fromEnd-stays[0].fromEnd))]
		after := int(gap.stays - base)
		if p.some = p.collect(p.some[:0], first, after, few+1); len(p.some) <= few {
			if stuck := peelFew(p.some); stuck != nil {
				return stuck
			}
			for ; first < after; first = p.next(first) {
				p.skip[first] = int32(first) + 1
			}
			continue
		}
		if !p.takeOut(first, after, stays[first].from, gap.at) {
			return p.collect(nil, first, after, after)
		}
	}
	return nil
}

// takeOut takes out all values between two places that can have been put before
// a stretch begins and taken after it ends, if there are any.
func (p *peeler) takeOut(from, to int, begin, finish int32) (some bool) {
	for {
		v, call := p.waiting.max(from, to)
		if call == least || -call >= begin {
			break
		}
		p.waiting.set(v, least)
		p.ready.set(v, p.stays[v].takeRet)
	}
	first := p.stays[0].fromEnd
	for {
		v, ret := p.ready.max(from, to)
		if ret == least || ret <= finish {
			return some
		}
		p.ready.set(v, least)
		p.skip[v] = int32(v) + 1
		p.cover.add(int(p.stays[v].fromEnd-first), int(p.stays[v].toEnd-first), -1)
		some = true
	}
}

// extremes holds a number for each place and finds the greatest in a range.
type extremes struct {
	size  int
	place []int32 // the place of the greatest of each node
	value []int32
}

// begin makes room for n numbers, least at first. When they are set, build is to
// be called.
func (t *extremes) begin(n int) {
	t.size = powerOfTwo(n)
	t.place = slices.Grow(t.place[:0], 2*t.size)[:2*t.size]
	t.value = slices.Grow(t.value[:0], t.size)[:t.size]
	for v := range t.value {
		t.value[v] = least
	}
}

func (t *extremes) build() {
	for v := range t.value {
		t.place[t.size+v] = int32(v)
	}
	for node := t.size - 1; node > 0; node-- {
		t.place[node] = t.greater(node)
	}
}

// greater returns the place of the greatest below a node.
func (t *extremes) greater(node int) int32 {
	a, b := t.place[2*node], t.place[2*node+1]
	if t.value[b] > t.value[a] {
		return b
	}
	return a
}

func (t *extremes) set(v int, value int32) {
	t.value[v] = value
	for node := (t.size + v) / 2; node > 0; node /= 2 {
		t.place[node] = t.greater(node)
	}
}

// max returns the place of the greatest number of a range, and the number;
// least if the range is empty.
func (t *extremes) max(from, to int) (place int, value int32) {
	place, value = -1, least
	for low, high := from+t.size, to+t.size; low < high; low, high = low/2, high/2 {
		if low&1 == 1 {
			if v := int(t.place[low]); t.value[v] > value {
				place, value = v, t.value[v]
			}
			low++
		}
		if high&1 == 1 {
			high--
			if v := int(t.place[high]); t.value[v] > value {
				place, value = v, t.value[v]
			}
		}
	}
	return place, value
}

// powerOfTwo is the first that is not below n.
func powerOfTwo(n int) int {
	size := 1
	for size < n {
		size *= 2
	}
	return size
}

// cover counts, for each of some ends, the stays that cover it.
type cover struct {
	size  int
	least []int32 // smallest count of the node, without what was added above it
	added []int32
}

// begin counts the stays over n ends, in one pass. The ends are counted from the
// first one of the first stay.
func (c *cover) begin(n int, stays []stay) {
	c.size = powerOfTwo(n)
	c.least = slices.Grow(c.least[:0], 2*c.size)[:2*c.size]
	c.added = slices.Grow(c.added[:0], 2*c.size)[:2*c.size]
	clear(c.least)
	clear(c.added)
	counts := c.least[c.size:]
	first := stays[0].fromEnd
	for i := range stays {
		counts[stays[i].fromEnd-first]++
		counts[stays[i].toEnd-first]--
	}
	for at := 1; at < c.size; at++ {
		counts[at] += counts[at-1]
	}
	for node := c.size - 1; node > 0; node-- {
		c.least[node] = min(c.least[2*node], c.least[2*node+1])
	}
}

// add adds to the ends from, …, to-1.
func (c *cover) add(from, to int, amount int32) { c.addIn(1, 0, c.size, from, to, amount) }

func (c *cover) addIn(node, low, high, from, to int, amount int32) {
	if to <= low || high <= from {
		return
	}
	if from <= low && high <= to {
		c.least[node] += amount
		c.added[node] += amount
		return
	}
	middle := (low + high) / 2
	c.addIn(2*node, low, middle, from, to, amount)
	c.addIn(2*node+1, middle, high, from, to, amount)
	c.least[node] = min(c.least[2*node], c.least[2*node+1]) + c.added[node]
}

// firstGap returns the first end, of those from one on, that nothing covers.
// There must be one.
func (c *cover) firstGap(from int) int { return c.gapIn(1, 0, c.size, from, 0) }

func (c *cover) gapIn(node, low, high, from int, above int32) int {
	if high <= from || c.least[node]+above > 0 {
		return c.size
	}
	if high-low == 1 {
		return low
	}
	middle := (low + high) / 2
	above += c.added[node]
	if gap := c.gapIn(2*node, low, middle, from, above); gap < c.size {
		return gap
	}
	return c.gapIn(2*node+1, middle, high, from, above)
}
