package digraph

// Extend returns the graph with more edges.
func (g *Graph) Extend(more *Builder) *Graph {
	extra := more.Graph(g.Len())
	result := &Graph{first: make([]uint32, 0, len(g.first)), edges: make([]uint32, 0, len(g.edges)+len(extra.edges))}
	for node := range uint32(g.Len()) {
		result.first = append(result.first, uint32(len(result.edges)))
		result.edges = append(result.edges, g.out(node)...)
		result.edges = append(result.edges, extra.out(node)...)
	}
	result.first = append(result.first, uint32(len(result.edges)))
	return result
}

// OrderBy returns a topological order as [Graph.Order] does, but always goes on
// with the node of lowest rank.
func (g *Graph) OrderBy(kinds Kinds, rank []uint32) []uint32 {
	waiting := make([]uint32, g.Len())
	for _, edge := range g.edges {
		if kinds.Has(Edge(edge).Kind()) {
			waiting[Edge(edge).To()]++
		}
	}
	ready := ranked{rank: rank}
	for node, n := range waiting {
		if n == 0 {
			ready.push(uint32(node))
		}
	}
	order := make([]uint32, 0, g.Len())
	for len(ready.nodes) > 0 {
		node := ready.pop()
		order = append(order, node)
		for _, edge := range g.out(node) {
			if !kinds.Has(Edge(edge).Kind()) {
				continue
			}
			to := Edge(edge).To()
			if waiting[to]--; waiting[to] == 0 {
				ready.push(to)
			}
		}
	}
	return order
}

// ranked is a heap of nodes. That of the standard library would box every one.
type ranked struct{ nodes, rank []uint32 }

func (r *ranked) less(i, j int) bool { return r.rank[r.nodes[i]] < r.rank[r.nodes[j]] }

func (r *ranked) push(node uint32) {
	r.nodes = append(r.nodes, node)
	for at := len(r.nodes) - 1; at > 0; {
		parent := (at - 1) / 2
		if !r.less(at, parent) {
			return
		}
		r.nodes[at], r.nodes[parent] = r.nodes[parent], r.nodes[at]
		at = parent
	}
}

func (r *ranked) pop() uint32 {
	top, last := r.nodes[0], len(r.nodes)-1
	r.nodes[0] = r.nodes[last]
	r.nodes = r.nodes[:last]
	for at := 0; ; {
		least := at
		for _, child := range [2]int{2*at + 1, 2*at + 2} {
			if child < last && r.less(child, least) {
				least = child
			}
		}
		if least == at {
			return top
		}
		r.nodes[at], r.nodes[least] = r.nodes[least], r.nodes[at]
		at = least
	}
}
