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

// Parts returns, for each component, the graph of its members, which become 0,
// 1, 2 … in their order, and of the edges of g between them.
func (g *Graph) Parts(c *Components) []*Graph {
	number := make([]uint32, g.Len())
	for _, members := range c.Members {
		for i, member := range members {
			number[member] = uint32(i)
		}
	}
	parts := make([]*Graph, len(c.Members))
	for at, members := range c.Members {
		part := &Graph{first: make([]uint32, 1, len(members)+1)}
		for _, member := range members {
			for _, packed := range g.out(member) {
				if edge := Edge(packed); c.Same(member, edge.To()) {
					part.edges = append(part.edges, uint32(EdgeTo(number[edge.To()], edge.Kind())))
				}
			}
			part.first = append(part.first, uint32(len(part.edges)))
		}
		parts[at] = part
	}
	return parts
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
	var ready ranked
	push := func(node uint32) { ready.push(uint64(rank[node])<<32 | uint64(node)) }
	for node, n := range waiting {
		if n == 0 {
			push(uint32(node))
		}
	}
	order := make([]uint32, 0, g.Len())
	for len(ready) > 0 {
		node := uint32(ready.pop())
		order = append(order, node)
		for _, edge := range g.out(node) {
			if !kinds.Has(Edge(edge).Kind()) {
				continue
			}
			to := Edge(edge).To()
			if waiting[to]--; waiting[to] == 0 {
				push(to)
			}
		}
	}
	return order
}

// ranked is a heap of nodes, each below its rank. That of the standard library
// would box every one.
type ranked []uint64

func (r *ranked) push(item uint64) {
	heap := append(*r, item)
	*r = heap
	at := len(heap) - 1
	for at > 0 {
		parent := (at - 1) / 2
		if heap[parent] <= item {
			break
		}
		heap[at] = heap[parent]
		at = parent
	}
	heap[at] = item
}

func (r *ranked) pop() uint64 {
	heap := *r
	top, last := heap[0], len(heap)-1
	item := heap[last]
	heap = heap[:last]
	*r = heap
	if last == 0 {
		return top
	}
	at := 0
	for {
		child := 2*at + 1
		if child >= last {
			break
		}
		if child+1 < last && heap[child+1] < heap[child] {
			child++
		}
		if heap[child] >= item {
			break
		}
		heap[at] = heap[child]
		at = child
	}
	heap[at] = item
	return top
}
