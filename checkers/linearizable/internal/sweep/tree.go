package sweep

import "slices"

// maxTree holds a number for each of n places, all 0 at first; it adds to a
// range and finds the greatest in a range, both in O(log n).
type maxTree struct {
	size  int
	most  []int32 // greatest of the node, without what was added above it
	added []int32 // added to all of the node
}

// begin makes room for n places. The tree can be used again and again.
func (t *maxTree) begin(n int) {
	t.size = powerOfTwo(n)
	t.most = slices.Grow(t.most[:0], 2*t.size)[:2*t.size]
	t.added = slices.Grow(t.added[:0], 2*t.size)[:2*t.size]
	clear(t.most)
	clear(t.added)
}

// add adds to the places from, …, to-1.
func (t *maxTree) add(from, to int, amount int32) { t.addIn(1, 0, t.size, from, to, amount) }

func (t *maxTree) addIn(node, low, high, from, to int, amount int32) {
	if to <= low || high <= from {
		return
	}
	if from <= low && high <= to {
		t.most[node] += amount
		t.added[node] += amount
		return
	}
	middle := (low + high) / 2
	t.addIn(2*node, low, middle, from, to, amount)
	t.addIn(2*node+1, middle, high, from, to, amount)
	t.most[node] = max(t.most[2*node], t.most[2*node+1]) + t.added[node]
}

// max returns the greatest of the places from, …, to-1, of which there must be
// one.
func (t *maxTree) max(from, to int) int32 { return t.maxIn(1, 0, t.size, from, to) }

func (t *maxTree) maxIn(node, low, high, from, to int) int32 {
	if to <= low || high <= from {
		return least
	}
	if from <= low && high <= to {
		return t.most[node]
	}
	middle := (low + high) / 2
	return t.added[node] + max(t.maxIn(2*node, low, middle, from, to), t.maxIn(2*node+1, middle, high, from, to))
}
