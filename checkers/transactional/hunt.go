package transactional

import (
	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
)

// hunt looks for short cycles within components.
type hunt struct {
	graph      *digraph.Graph
	components *digraph.Components
	paths      *digraph.Paths
	// shift turns nodes into what cycles are of: 1 for a graph of points.
	shift int
}

func newHunt(g *digraph.Graph, kinds digraph.Kinds, components *digraph.Components, shift int) *hunt {
	return &hunt{graph: g, components: components, paths: g.Paths(kinds, free), shift: shift}
}

// What a hunt may spend once it has a cycle, in edges looked at: so much for
// each node of the component, and never more than so much.
const (
	stepsPerNode = 50
	mostSteps    = 2_000_000
)

func (h *hunt) node(point uint32) uint32 { return point >> h.shift }

// shortest returns a cycle of a component through an edge of some kind: the
// shortest, or in large components the shortest that it came across; or nil if
// no such edge is on a cycle.
func (h *hunt) shortest(members []uint32, wanted digraph.Kind) []leg {
	component := h.components.Of[members[0]]
	inside := func(node uint32) bool { return h.components.Of[node] == component }
	allowed := h.paths.Steps + min(stepsPerNode*len(members), mostSteps)
	var best []leg
	limit := h.graph.Len()
	for _, member := range members {
		h.graph.Each(member, func(e digraph.Edge) bool {
			if e.Kind() != wanted || !inside(e.To()) {
				return true
			}
			if path := h.paths.Shortest(e.To(), member, limit, inside); path != nil {
				best = h.close(member, e, path)
				limit = len(best) - 2
			}
			return best == nil || limit > 0 && h.paths.Steps < allowed
		})
		if best != nil && (limit <= 0 || h.paths.Steps >= allowed) {
			break
		}
	}
	return best
}

func (h *hunt) close(from uint32, e digraph.Edge, path []digraph.Hop) []leg {
	return legs(append([]digraph.Hop{{From: from, To: e.To(), Kind: e.Kind()}}, path...), h.node)
}

// single returns a cycle with one edge of kind rw, of those in a component of
// the graph of points: the shortest that it came across. It is complete unless
// it had to stop before it found any.
//
// The hunt itself is over edges of other kinds. Their components are ranked, and
// a path never leads to a higher rank, so most edges need no search.
func (h *hunt) single(timeline *digraph.Graph, points *digraph.Components, members []uint32) (best []leg, complete bool) {
	allowed := h.paths.Steps + min(stepsPerNode*len(members), mostSteps)
	rank := h.components.Rank
	limit := h.graph.Len()
	complete = true
	for _, member := range members {
		reader := member / 2
		timeline.Each(member, func(e digraph.Edge) bool {
			if e.Kind() != rw || !points.Same(member, e.To()) {
				return true
			}
			writer := digraph.EdgeTo(e.To()/2, rw)
			if rank[writer.To()] < rank[reader] {
				return true
			}
			if h.paths.Steps >= allowed && (best != nil || h.paths.Steps >= 10*mostSteps) {
				complete = best != nil
				return false
			}
			inside := func(node uint32) bool { return rank[node] >= rank[reader] }
			if path := h.paths.Shortest(writer.To(), reader, limit, inside); path != nil {
				best = h.close(reader, writer, path)
				limit = len(best) - 2
			}
			return limit > 0
		})
		if !complete || best != nil && (limit <= 0 || h.paths.Steps >= allowed) {
			break
		}
	}
	return best, complete
}
