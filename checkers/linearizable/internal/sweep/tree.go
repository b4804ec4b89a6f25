package sweep

// maxTree holds a number for each of n places, all 0 at first; it adds to a
// range and finds the greatest in a range, both in O(log n).
type maxTree struct {
	size  int
	most  []int // greatest of the node, without what was added above it
	added []int // added to all of the node
}

func newMaxTree(n int) *maxTree {
	size := 1
	for size < n {
		size *= 2
	}
	return &maxTree{size: size, most: make([]int, 2*size), added: make([]int, 2*size)}
}

// add adds to the places from, …, to-1.
func (t *maxTree) add(from, to, amount int) { t.addIn(1, 0, t.size, from, to, amount) }

func (t *maxTree) addIn(node, low, high, from, to, amount int) {
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
func (t *maxTree) max(from, to int) int { return t.maxIn(1, 0, t.size, from, to) }

func (t *maxTree) maxIn(node, low, high, from, to int) int {
	if to <= low || high <= from {
		return least
	}
	if from <= low && high <= to {
		return t.most[node]
	}
	middle := (low + high) / 2
	return t.added[node] + max(t.maxIn(2*node, low, middle, from, to), t.maxIn(2*node+1, middle, high, from, to))
}
