package digraph_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
)

const kinds = 3

type arc struct{ from, to, kind int }

// matrix is a graph in the most naive form.
type matrix struct {
	n    int
	arcs []arc
}

func draw(t *rapid.T) matrix {
	m := matrix{n: rapid.IntRange(1, 12).Draw(t, "nodes")}
	for range rapid.IntRange(0, 3*m.n).Draw(t, "edges") {
		a := arc{rapid.IntRange(0, m.n-1).Draw(t, "from"), rapid.IntRange(0, m.n-1).Draw(t, "to"), rapid.IntRange(0, kinds-1).Draw(t, "kind")}
		if a.from != a.to {
			m.arcs = append(m.arcs, a)
		}
	}
	return m
}

func (m matrix) graph() *digraph.Graph {
	var b digraph.Builder
	for _, a := range m.arcs {
		b.Add(uint32(a.from), uint32(a.to), digraph.Kind(a.kind))
	}
	return b.Graph(m.n)
}

const far = 1 << 20

// distances is the algorithm of Floyd and Warshall; a node reaches itself only
// by a cycle.
func (m matrix) distances(set, free digraph.Kinds) [][]int {
	d := make([][]int, m.n)
	for i := range d {
		d[i] = slices.Repeat([]int{far}, m.n)
	}
	for _, a := range m.arcs {
		kind := digraph.Kind(a.kind)
		if !set.Has(kind) {
			continue
		}
		cost := 1
		if free.Has(kind) {
			cost = 0
		}
		d[a.from][a.to] = min(d[a.from][a.to], cost)
	}
	for k := range d {
		for i := range d {
			for j := range d {
				d[i][j] = min(d[i][j], d[i][k]+d[k][j])
			}
		}
	}
	return d
}

func TestAgainstMatrix(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := draw(t)
		g := m.graph()
		set := digraph.Kinds(rapid.IntRange(0, 1<<kinds-1).Draw(t, "set"))
		free := digraph.Kinds(rapid.IntRange(0, 1<<kinds-1).Draw(t, "free")) & set
		d := m.distances(set, free)

		components := g.Components(set)
		for i := range m.n {
			require.Equal(t, d[i][i] < far, components.Of[i] != digraph.Alone)
			for j := range m.n {
				if i != j {
					same := d[i][j] < far && d[j][i] < far
					require.Equal(t, same, components.Same(uint32(i), uint32(j)))
					require.Equal(t, same, components.Rank[i] == components.Rank[j])
					require.True(t, d[i][j] == far || components.Rank[i] >= components.Rank[j])
				}
			}
		}
		for number, members := range components.Members {
			for _, member := range members {
				require.Equal(t, uint32(number), components.Of[member])
			}
		}

		order := g.Order(set)
		position := map[uint32]int{}
		for i, node := range order {
			position[node] = i
		}
		require.Len(t, position, len(order))
		for i := range m.n {
			behind := d[i][i] < far
			for j := range m.n {
				behind = behind || d[j][j] < far && d[j][i] < far
			}
			_, ordered := position[uint32(i)]
			require.Equal(t, !behind, ordered)
		}
		for _, a := range m.arcs {
			to, ordered := position[uint32(a.to)]
			if ordered && set.Has(digraph.Kind(a.kind)) {
				require.Less(t, position[uint32(a.from)], to)
			}
		}
		require.Len(t, g.Rest(order), m.n-len(order))

		ranks := rapid.SliceOfN(rapid.Uint32Range(0, 9), m.n, m.n).Draw(t, "ranks")
		byRank := g.OrderBy(set, ranks)
		require.ElementsMatch(t, order, byRank)
		for i, node := range byRank {
			for _, other := range byRank[i+1:] {
				// It had to wait for something that comes between, or is later.
				waited := slices.ContainsFunc(byRank[i:], func(between uint32) bool { return d[between][other] < far })
				require.True(t, ranks[node] <= ranks[other] || waited)
			}
		}

		half := len(m.arcs) / 2
		var more digraph.Builder
		for _, a := range m.arcs[half:] {
			more.Add(uint32(a.from), uint32(a.to), digraph.Kind(a.kind))
		}
		whole := matrix{n: m.n, arcs: m.arcs[:half]}.graph().Extend(&more)
		require.Equal(t, components.Members, whole.Components(set).Members)

		// More nodes than m has are put between, and taken out again.
		var early, late digraph.Builder
		for i, a := range m.arcs {
			b := &early
			if i >= half {
				b = &late
			}
			b.Add(uint32(a.from), uint32(a.to), digraph.Kind(a.kind))
		}
		late.Shift(uint32(m.n), 7)
		workers := rapid.IntRange(1, 4).Draw(t, "workers")
		require.Equal(t, g, digraph.Join(m.n, workers, &early, &late))
		late.Shift(0, uint32(m.n))
		shifted := digraph.Join(2*m.n, workers, &late)
		require.Equal(t, len(m.arcs)-half, shifted.Edges())
		for node := range m.n {
			shifted.Each(uint32(m.n+node), func(e digraph.Edge) bool {
				require.Contains(t, m.arcs[half:], arc{node, int(e.To()) - m.n, int(e.Kind())})
				return true
			})
		}

		for at, part := range g.Parts(components) {
			members := components.Members[at]
			require.Equal(t, g.Within(members).Graph(len(members)), part)
		}

		paths := g.Paths(set, free)
		limit := rapid.IntRange(0, 4).Draw(t, "limit")
		for i := range m.n {
			for j := range m.n {
				path := paths.Shortest(uint32(i), uint32(j), limit, func(uint32) bool { return true })
				if i == j || d[i][j] > limit {
					require.Empty(t, path)
					continue
				}
				require.NotEmpty(t, path)
				cost, at := 0, uint32(i)
				for _, hop := range path {
					require.Equal(t, at, hop.From)
					require.Contains(t, m.arcs, arc{int(hop.From), int(hop.To), int(hop.Kind)})
					require.True(t, set.Has(hop.Kind))
					at = hop.To
					if !free.Has(hop.Kind) {
						cost++
					}
				}
				require.Equal(t, uint32(j), at)
				require.Equal(t, d[i][j], cost)
			}
		}
	})
}

func TestWithin(t *testing.T) {
	m := matrix{n: 5, arcs: []arc{{0, 1, 0}, {1, 2, 1}, {2, 4, 2}, {4, 1, 0}, {3, 4, 1}}}
	sub := m.graph().Within([]uint32{4, 2, 1}).Graph(3)
	require.Equal(t, 3, sub.Len())
	require.Equal(t, 3, sub.Edges())
	require.Len(t, sub.Components(digraph.Of(0, 1, 2)).Members, 1)
}

// TestDeep goes along a path, and around a cycle, of a million nodes.
func TestDeep(t *testing.T) {
	const n = 1_000_000
	var b digraph.Builder
	b.Grow(n)
	for i := uint32(0); i+1 < n; i++ {
		b.Add(i, i+1, 0)
	}
	path := b.Graph(n)
	require.Len(t, path.Order(digraph.Of(0)), n)
	require.Empty(t, path.Components(digraph.Of(0)).Members)
	b.Add(n-1, 0, 1)
	cycle := b.Graph(n)
	require.Empty(t, cycle.Order(digraph.Of(0, 1)))
	require.Len(t, cycle.Components(digraph.Of(0, 1)).Members[0], n)
}
