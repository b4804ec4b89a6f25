package digraph

// Paths finds shortest paths in a graph. It keeps its memory between searches.
type Paths struct {
	g     *Graph
	kinds Kinds
	// free are the kinds of edges that cost nothing.
	free Kinds
	// Steps counts the edges looked at in all searches.
	Steps int

	search  uint32
	seen    []uint32
	parent  []uint32
	through []Kind
	now     []uint32
	later   []Hop
}

// Paths returns a search over edges of some kinds, of which those that are free
// do not count.
func (g *Graph) Paths(kinds, free Kinds) *Paths {
	return &Paths{
		g: g, kinds: kinds, free: free,
		seen:    make([]uint32, g.Len()),
		parent:  make([]uint32, g.Len()),
		through: make([]Kind, g.Len()),
	}
}

// Hop is an edge of a path.
type Hop struct {
	From, To uint32
	Kind     Kind
}

// Shortest returns a path with the fewest edges that are not free, at most
// limit, through nodes for which inside is true, or nil. A path from a node to
// itself is empty, which is nil too.
func (p *Paths) Shortest(from, to uint32, limit int, inside func(uint32) bool) []Hop {
	p.search++
	p.now = p.now[:0]
	p.later = append(p.later[:0], Hop{From: from, To: from})
	for cost := 0; len(p.later) > 0; cost++ {
		p.now = p.now[:0]
		// A node may have been reached by an edge that counts before one that
		// does not led to it in the same round; so it is settled only now.
		for _, hop := range p.later {
			p.settle(hop)
		}
		p.later = p.later[:0]
		for i := 0; i < len(p.now); i++ {
			if p.now[i] == to {
				return p.back(from, to)
			}
			p.spread(p.now[i], cost < limit, inside)
		}
	}
	return nil
}

// settle takes in a node that was reached for the first time.
func (p *Paths) settle(hop Hop) {
	if p.seen[hop.To] == p.search {
		return
	}
	p.seen[hop.To] = p.search
	p.parent[hop.To], p.through[hop.To] = hop.From, hop.Kind
	p.now = append(p.now, hop.To)
}

// spread goes one edge further: by those that cost nothing in this round, and
// by others in the next, if there is to be one.
func (p *Paths) spread(node uint32, further bool, inside func(uint32) bool) {
	for _, packed := range p.g.out(node) {
		edge := Edge(packed)
		kind, to := edge.Kind(), edge.To()
		if !p.kinds.Has(kind) || p.seen[to] == p.search || !inside(to) {
			continue
		}
		p.Steps++
		hop := Hop{From: node, To: to, Kind: kind}
		if p.free.Has(kind) {
			p.settle(hop)
		} else if further {
			p.later = append(p.later, hop)
		}
	}
}

func (p *Paths) back(from, to uint32) []Hop {
	var path []Hop
	for node := to; node != from; node = p.parent[node] {
		path = append(path, Hop{From: p.parent[node], To: node, Kind: p.through[node]})
	}
	for i, j := 0, len(path)-1; i < j; i, j = i+1, j-1 {
		path[i], path[j] = path[j], path[i]
	}
	return path
}
