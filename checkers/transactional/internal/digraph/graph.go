// Package digraph holds large directed graphs whose edges have kinds, in two
// flat arrays, and what a search for cycles needs of them: a topological order,
// strongly connected components, and shortest paths.
package digraph

import "sync"

// A Graph has nodes 0 to Len()-1. Its edges are packed: the node that an edge
// leads to, and its kind in the low bits.
type Graph struct {
	first []uint32
	edges []uint32
}

// Kind tells edges apart.
type Kind uint8

// kindBits are the low bits of a packed edge that hold its kind.
const kindBits = 4

// MaxNodes is how many nodes a graph can have.
const MaxNodes = 1 << (32 - kindBits)

// Kinds is a set of kinds.
type Kinds uint16

// Of returns the set of these kinds.
func Of(kinds ...Kind) Kinds {
	var set Kinds
	for _, kind := range kinds {
		set |= 1 << kind
	}
	return set
}

// Has says whether the kind is in the set.
func (s Kinds) Has(kind Kind) bool { return s>>kind&1 != 0 }

// Edge is a packed edge.
type Edge uint32

// EdgeTo returns the packed edge to a node.
func EdgeTo(node uint32, kind Kind) Edge { return Edge(node<<kindBits | uint32(kind)) }

// To is the node that the edge leads to.
func (e Edge) To() uint32 { return uint32(e) >> kindBits }

// Kind is the kind of the edge.
func (e Edge) Kind() Kind { return Kind(e & (1<<kindBits - 1)) }

// Builder collects edges. Its zero value is empty.
type Builder struct {
	from, edges []uint32
}

// Grow makes room for so many edges.
func (b *Builder) Grow(edges int) {
	b.from = make([]uint32, 0, edges)
	b.edges = make([]uint32, 0, edges)
}

// Add adds an edge. An edge from a node to itself is left out: what it would
// say is for the caller to notice.
func (b *Builder) Add(from, to uint32, kind Kind) {
	if from == to {
		return
	}
	b.from = append(b.from, from)
	b.edges = append(b.edges, uint32(EdgeTo(to, kind)))
}

// Len is how many edges were added.
func (b *Builder) Len() int { return len(b.from) }

// Graph returns the graph of the edges so far. The edges of a node keep the
// order in which they were added.
func (b *Builder) Graph(nodes int) *Graph { return Join(nodes, 1, b) }

// Shift adds to the numbers of all nodes from one on.
func (b *Builder) Shift(from, by uint32) {
	if by == 0 {
		return
	}
	for i, node := range b.from {
		if node >= from {
			b.from[i] += by
		}
	}
	for i, edge := range b.edges {
		if Edge(edge).To() >= from {
			b.edges[i] += by << kindBits
		}
	}
}

// Join returns the graph of the edges of several builders, one after another, by
// a counting sort. So many workers share the nodes among them.
func Join(nodes, workers int, builders ...*Builder) *Graph {
	// first[v+2] counts, then first[v+1] is where the next edge of v goes; at
	// the end first[v] is where those of v begin.
	first := make([]uint32, nodes+2)
	share(workers, nodes, func(low, high uint32) {
		for _, b := range builders {
			for _, from := range b.from {
				if from >= low && from < high {
					first[from+2]++
				}
			}
		}
	})
	for v := 2; v < len(first); v++ {
		first[v] += first[v-1]
	}
	edges := make([]uint32, first[nodes+1])
	share(workers, nodes, func(low, high uint32) {
		for _, b := range builders {
			for i, from := range b.from {
				if from >= low && from < high {
					at := &first[from+1]
					edges[*at] = b.edges[i]
					*at++
				}
			}
		}
	})
	return &Graph{first: first[:nodes+1], edges: edges}
}

// share calls f with parts of the nodes, at once.
func share(workers, nodes int, f func(low, high uint32)) {
	if workers <= 1 {
		f(0, uint32(nodes))
		return
	}
	var group sync.WaitGroup
	for i := range workers {
		low, high := i*nodes/workers, (i+1)*nodes/workers
		group.Go(func() { f(uint32(low), uint32(high)) })
	}
	group.Wait()
}

// Len is how many nodes there are.
func (g *Graph) Len() int { return len(g.first) - 1 }

// Edges is how many edges there are.
func (g *Graph) Edges() int { return len(g.edges) }

// out returns the packed edges of a node.
func (g *Graph) out(node uint32) []uint32 {
	return g.edges[g.first[node]:g.first[node+1]]
}

// Each calls f with the edges of a node until it returns false.
func (g *Graph) Each(node uint32, f func(Edge) bool) {
	for _, edge := range g.out(node) {
		if !f(Edge(edge)) {
			return
		}
	}
}

// Within returns the graph of some nodes, which become 0, 1, 2 … in the order
// given, and of the edges between them, as a builder to which more may be added.
func (g *Graph) Within(nodes []uint32) *Builder {
	const none = ^uint32(0)
	number := make([]uint32, g.Len())
	for i := range number {
		number[i] = none
	}
	for i, node := range nodes {
		number[node] = uint32(i)
	}
	b := &Builder{}
	for i, node := range nodes {
		for _, edge := range g.out(node) {
			if to := number[Edge(edge).To()]; to != none {
				b.Add(uint32(i), to, Edge(edge).Kind())
			}
		}
	}
	return b
}
