package digraph

// Order returns nodes in a topological order, over edges of the given kinds:
// all nodes if these have no cycle, and else those that no cycle leads to. It
// is the algorithm of Kahn (1962).
func (g *Graph) Order(kinds Kinds) []uint32 {
	waiting := make([]uint32, g.Len())
	for _, edge := range g.edges {
		if kinds.Has(Edge(edge).Kind()) {
			waiting[Edge(edge).To()]++
		}
	}
	// The order is its own queue.
	order := make([]uint32, 0, g.Len())
	for node, n := range waiting {
		if n == 0 {
			order = append(order, uint32(node))
		}
	}
	for next := 0; next < len(order); next++ {
		for _, edge := range g.out(order[next]) {
			if !kinds.Has(Edge(edge).Kind()) {
				continue
			}
			to := Edge(edge).To()
			if waiting[to]--; waiting[to] == 0 {
				order = append(order, to)
			}
		}
	}
	return order
}

// Rest returns the nodes that are not in an order, ascending.
func (g *Graph) Rest(order []uint32) []uint32 {
	if len(order) == g.Len() {
		return nil
	}
	done := make([]bool, g.Len())
	for _, node := range order {
		done[node] = true
	}
	rest := make([]uint32, 0, g.Len()-len(order))
	for node, done := range done {
		if !done {
			rest = append(rest, uint32(node))
		}
	}
	return rest
}
