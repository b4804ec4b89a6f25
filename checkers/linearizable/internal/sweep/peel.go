package sweep

import (
	"math"
	"slices"
)

// peeler finds the values that can lie at the bottom of a stretch. Values are
// places in the order of their from.
type peeler struct {
	stays []stay
	// waiting holds, for values whose put was not yet found to be called before
	// their stretch, the call negated; ready holds, for the others, the return
	// of the take. Values taken out are in neither.
	waiting, ready *extremes
	// skip leads from a value that was taken out to the next candidate.
	skip []int
}

// least is below every place in a history, with room to add to it.
const least = math.MinInt / 2

func newPeeler(stays []stay) *peeler {
	p := &peeler{stays: stays, waiting: newExtremes(len(stays)), ready: newExtremes(len(stays)), skip: make([]int, len(stays)+1)}
	for v, s := range stays {
		p.waiting.set(v, -s.putCall)
		p.skip[v] = v
	}
	p.skip[len(stays)] = len(stays)
	return p
}

// next returns the first value that is still there with a from of at least a
// position.
func (p *peeler) next(position int) int {
	v, _ := slices.BinarySearchFunc(p.stays, position, func(s stay, at int) int { return s.from - at })
	root := v
	for p.skip[root] != root {
		root = p.skip[root]
	}
	for p.skip[v] != root { // compress the path
		v, p.skip[v] = p.skip[v], root
	}
	return root
}

// peel takes out, and returns, all values of a stretch that can have been put
// before it and taken after it.
func (p *peeler) peel(begin, finish int) (removed []int) {
	at := func(position int) int {
		v, _ := slices.BinarySearchFunc(p.stays, position, func(s stay, at int) int { return s.from - at })
		return v
	}
	from, to := at(begin), at(finish)
	for {
		v, call := p.waiting.max(from, to)
		if call == least || -call >= begin {
			break
		}
		p.waiting.set(v, least)
		p.ready.set(v, p.stays[v].takeRet)
	}
	for {
		v, ret := p.ready.max(from, to)
		if ret == least || ret <= finish {
			break
		}
		p.ready.set(v, least)
		p.skip[v] = v + 1
		removed = append(removed, v)
	}
	return removed
}

// extremes holds a number for each place and finds the greatest in a range.
type extremes struct {
	size  int
	place []int32 // the place of the greatest of each node
	value []int
}

func newExtremes(n int) *extremes {
	size := 1
	for size < n {
		size *= 2
	}
	t := &extremes{size: size, place: make([]int32, 2*size), value: make([]int, size)}
	for v := range t.value {
		t.value[v] = least
		t.place[size+v] = int32(v)
	}
	for node := size - 1; node > 0; node-- {
		t.place[node] = t.place[2*node]
	}
	return t
}

func (t *extremes) set(v, value int) {
	t.value[v] = value
	for node := (t.size + v) / 2; node > 0; node /= 2 {
		a, b := t.place[2*node], t.place[2*node+1]
		if t.value[b] > t.value[a] {
			a = b
		}
		t.place[node] = a
	}
}

// max returns the place of the greatest number of a range, and the number;
// least if the range is empty.
func (t *extremes) max(from, to int) (place, value int) {
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

// cover counts, for each of n positions, the intervals that cover it.
type cover struct {
	size  int
	least []int32 // smallest count of the node, without what was added above it
	added []int32
}

// newCover counts the stays over n positions, in one pass over positions.
func newCover(n int, stays []stay) *cover {
	size := 1
	for size < n {
		size *= 2
	}
	c := &cover{size: size, least: make([]int32, 2*size), added: make([]int32, 2*size)}
	counts := c.least[size:]
	for _, v := range stays {
		counts[v.from]++
		if v.to < size {
			counts[v.to]--
		}
	}
	for at := 1; at < size; at++ {
		counts[at] += counts[at-1]
	}
	for node := size - 1; node > 0; node-- {
		c.least[node] = min(c.least[2*node], c.least[2*node+1])
	}
	return c
}

// add adds to the positions from, …, to-1.
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

// firstGap returns the first position from, …, to-1 that nothing covers, or to.
func (c *cover) firstGap(from, to int) int { return c.gapIn(1, 0, c.size, from, to, 0) }

func (c *cover) gapIn(node, low, high, from, to int, above int32) int {
	if to <= low || high <= from || c.least[node]+above > 0 {
		return to
	}
	if high-low == 1 {
		return low
	}
	middle := (low + high) / 2
	above += c.added[node]
	if gap := c.gapIn(2*node, low, middle, from, to, above); gap < to {
		return gap
	}
	return c.gapIn(2*node+1, middle, high, from, to, above)
}
