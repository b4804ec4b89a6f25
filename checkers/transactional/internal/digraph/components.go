package digraph

// Alone is the component of a node that is on no cycle.
const Alone = ^uint32(0)

// Components are the strongly connected components that hold a cycle.
type Components struct {
	// Of is the number of each node's component, or [Alone].
	Of []uint32
	// Members are the nodes of each component.
	Members [][]uint32
	// Rank is highest where paths begin: a node reaches others only of the same
	// component, or of lower rank.
	Rank []uint32
}

// Same says whether two nodes are in one component.
func (c *Components) Same(a, b uint32) bool { return c.Of[a] == c.Of[b] && c.Of[a] != Alone }

// Components returns the components over edges of the given kinds. It is the
// algorithm of Tarjan (1972), with a stack of its own, so that a path through
// all nodes does no harm.
func (g *Graph) Components(kinds Kinds) *Components {
	t := tarjan{
		g: g, kinds: kinds,
		low:  make([]uint32, g.Len()),
		next: make([]uint32, g.Len()),
	}
	t.result.Of = make([]uint32, g.Len())
	t.result.Rank = make([]uint32, g.Len())
	for i := range t.result.Of {
		t.result.Of[i] = Alone
	}
	for node := range t.low {
		if t.low[node] == 0 {
			t.visit(uint32(node))
		}
	}
	return &t.result
}

type tarjan struct {
	g     *Graph
	kinds Kinds
	// low is 0 for a node that was not visited, closed for one whose component
	// is known, and else the lowest visit that it is known to reach.
	low []uint32
	// next is the edge with which a node goes on.
	next []uint32
	// path are the nodes being visited, open those whose component is not known.
	path, open []uint32
	visits     uint32
	ranks      uint32
	result     Components
}

const closed = ^uint32(0)

func (t *tarjan) enter(node uint32) {
	t.visits++
	t.low[node] = t.visits
	t.next[node] = t.g.first[node]
	t.path = append(t.path, node)
	t.open = append(t.open, node)
}

func (t *tarjan) visit(root uint32) {
	// order of visits of the nodes on the path, beside it.
	var visit []uint32
	t.enter(root)
	visit = append(visit, t.visits)
	for len(t.path) > 0 {
		node := t.path[len(t.path)-1]
		if child, found := t.child(node); found {
			t.enter(child)
			visit = append(visit, t.visits)
			continue
		}
		t.path = t.path[:len(t.path)-1]
		entered := visit[len(visit)-1]
		visit = visit[:len(visit)-1]
		low := t.low[node]
		if low == entered {
			t.close(node)
			continue
		}
		parent := t.path[len(t.path)-1]
		t.low[parent] = min(t.low[parent], low)
	}
}

// child goes on with the edges of a node until one leads to a new node.
func (t *tarjan) child(node uint32) (child uint32, found bool) {
	end := t.g.first[node+1]
	for at := t.next[node]; at < end; at++ {
		edge := Edge(t.g.edges[at])
		if !t.kinds.Has(edge.Kind()) {
			continue
		}
		to := edge.To()
		switch low := t.low[to]; low {
		case 0:
			t.next[node] = at + 1
			return to, true
		case closed:
		default:
			// low of an open node may be less than its own visit: it reaches
			// that far, and so does this one.
			t.low[node] = min(t.low[node], low)
		}
	}
	t.next[node] = end
	return 0, false
}

// close takes the component of its first node off the stack.
func (t *tarjan) close(root uint32) {
	start := len(t.open) - 1
	for t.open[start] != root {
		start--
	}
	members := t.open[start:]
	t.open = t.open[:start]
	for _, node := range members {
		t.low[node] = closed
		t.result.Rank[node] = t.ranks
	}
	t.ranks++
	if len(members) == 1 {
		return
	}
	for _, node := range members {
		t.result.Of[node] = uint32(len(t.result.Members))
	}
	t.result.Members = append(t.result.Members, append([]uint32(nil), members...))
}
