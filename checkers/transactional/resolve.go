package transactional

import (
	"cmp"
	"context"
	"slices"

	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// resolver decides whether the blocks of all choices can be put into orders that
// leave a graph without cycles. What is known is saturated: it guesses an order,
// and looks for cycles. A cycle with one guess in it shows that the guess was
// wrong, and so the opposite is known. If all cycles have more, it tries which
// guess was wrong (compare Tan et al., "Cobra", 2020). Most histories are
// decided by the first guess, which is by time.
type resolver struct {
	ctx     context.Context
	graph   *digraph.Graph
	txns    uint32
	choices []choice
	// nodes are what the nodes of graph are in the history; nil if themselves.
	nodes []uint32
	// rank is the time of each node, by which guesses are made.
	rank []uint32
	// snapshots says that the order is of starts and commits, as in [points].
	snapshots bool
	kinds     digraph.Kinds
	// work is how many edges and nodes may still be looked at.
	work int
	// reasons are the cycles that showed what is known.
	reasons map[guess][]leg
	// clash is the last cycle of which no guess is a part.
	clash []leg
	// branched says that clash is only one of several.
	branched bool
	// found are orders of the blocks of each choice that leave no cycle.
	found [][]uint32
}

// What a try costs: passes over the graph, and so much more.
const (
	passes = 6
	perTry = 2000
)

// resolve decides. It is Unknown when there was too much work.
func (r *resolver) resolve(certain []guess) verdict.Verdict {
	certain = slices.Clip(certain)
	for {
		if r.ctx.Err() != nil || r.work < 0 {
			return verdict.Unknown
		}
		r.work -= passes*(r.graph.Edges()+r.graph.Len()) + perTry
		base := r.with(r.graph, certain, true)
		order, complete := r.order(base)
		if !complete {
			r.clash = r.conflicts(base, nil, r.kinds)[0].cycle
			return verdict.Invalid
		}
		sorted := r.arranged(order)
		guesses := chained(sorted)
		whole := r.with(base, guesses, false)
		kinds := r.kinds | digraph.Of(guessed, guessedMiss)
		conflicts := r.conflicts(whole, guesses, kinds)
		if len(conflicts) == 0 {
			r.found = sorted
			return verdict.Valid
		}
		learnt := false
		for _, c := range conflicts {
			if len(c.guesses) == 1 {
				opposite := c.guesses[0].turned()
				if _, before := r.reasons[opposite]; !before {
					r.reasons[opposite] = c.cycle
				}
				certain = append(certain, opposite)
				learnt = true
			}
		}
		if !learnt {
			fewest := slices.MinFunc(conflicts, func(a, b conflict) int { return cmp.Compare(len(a.guesses), len(b.guesses)) })
			return r.branch(certain, fewest.guesses)
		}
	}
}

// branch tries which of the guesses of a cycle is wrong: the first, or else the
// second while the first is right, and so on.
func (r *resolver) branch(certain []guess, guesses []guess) verdict.Verdict {
	r.branched = true
	undecided := false
	for i, wrong := range guesses {
		trial := append(slices.Clone(certain), guesses[:i]...)
		switch r.resolve(append(trial, wrong.turned())) {
		case verdict.Valid:
			return verdict.Valid
		case verdict.Unknown:
			undecided = true
		}
	}
	if undecided {
		return verdict.Unknown
	}
	return verdict.Invalid
}

// with returns a graph and what follows from guesses.
func (r *resolver) with(g *digraph.Graph, guesses []guess, certain bool) *digraph.Graph {
	if len(guesses) == 0 {
		return g
	}
	var b digraph.Builder
	for _, guess := range guesses {
		r.choices[guess.choice].edges(&b, guess, certain)
	}
	return g.Extend(&b)
}

// order returns the nodes in an order, if there is one.
func (r *resolver) order(g *digraph.Graph) (order []uint32, complete bool) {
	if !r.snapshots {
		order = g.OrderBy(r.kinds, r.rank)
		return order, len(order) == g.Len()
	}
	rank := make([]uint32, 2*len(r.rank))
	for i, at := range r.rank {
		rank[2*i], rank[2*i+1] = at, at
	}
	timeline := points(g, r.txns).OrderBy(r.kinds|digraph.Of(life), rank)
	for _, point := range timeline {
		if point%2 == 1 { // where it commits
			order = append(order, point/2)
		}
	}
	return order, len(timeline) == 2*g.Len()
}

// fits says whether a graph with guesses has no cycle.
func (r *resolver) fits(g *digraph.Graph) bool {
	kinds := r.kinds | digraph.Of(guessed, guessedMiss)
	if r.snapshots {
		g, kinds = points(g, r.txns), kinds|digraph.Of(life)
	}
	return len(g.Order(kinds)) == g.Len()
}

// arranged puts the blocks of all choices into the order of their heads.
func (r *resolver) arranged(order []uint32) [][]uint32 {
	place := make([]uint32, r.graph.Len())
	for i, node := range order {
		place[node] = uint32(i)
	}
	all := make([][]uint32, len(r.choices))
	for c := range r.choices {
		blocks := r.choices[c].blocks
		sorted := make([]uint32, len(blocks))
		for i := range sorted {
			sorted[i] = uint32(i)
		}
		slices.SortFunc(sorted, func(a, b uint32) int { return cmp.Compare(place[blocks[a].head], place[blocks[b].head]) })
		all[c] = sorted
	}
	return all
}

// chained returns the guesses that orders of the blocks of all choices are.
func chained(sorted [][]uint32) (guesses []guess) {
	for c, blocks := range sorted {
		for i := 1; i < len(blocks); i++ {
			guesses = append(guesses, guess{uint32(c), blocks[i-1], blocks[i]})
		}
	}
	return guesses
}

// conflict is a cycle, and the guesses that it rests on.
type conflict struct {
	cycle   []leg
	guesses []guess
}

// conflicts returns a short cycle of each component.
func (r *resolver) conflicts(g *digraph.Graph, guesses []guess, kinds digraph.Kinds) []conflict {
	shift := 0
	if r.snapshots {
		g, kinds, shift = points(g, r.txns), kinds|digraph.Of(life), 1
	}
	rest := g.Rest(g.Order(kinds))
	if len(rest) == 0 {
		return nil
	}
	part := g.Within(rest).Graph(len(rest))
	components := part.Components(kinds)
	h := newHunt(part, kinds, components, 0)
	var all []conflict
	needed := make(map[arc]guess)
	for _, members := range bySize(components) {
		var cycle []leg
		for _, wanted := range []digraph.Kind{guessed, guessedMiss, rw, wx, wr, ww} {
			if cycle = h.shortest(members, wanted); cycle != nil {
				break
			}
		}
		for i := range cycle {
			cycle[i].txn = rest[cycle[i].txn] >> shift
		}
		for i := range cycle {
			needed[arcOf(cycle, i)] = guess{}
		}
		all = append(all, conflict{cycle: cycle})
	}
	r.trace(guesses, needed)
	for at := range all {
		c := &all[at]
		for i, l := range c.cycle {
			if l.kind != guessed && l.kind != guessedMiss {
				continue
			}
			if made := needed[arcOf(c.cycle, i)]; !slices.Contains(c.guesses, made) {
				c.guesses = append(c.guesses, made)
			}
		}
		for i := range c.cycle {
			c.cycle[i].kind = known(c.cycle[i].kind)
		}
	}
	return all
}

// arc is an edge between transactions.
type arc struct {
	from, to uint32
	kind     digraph.Kind
}

func arcOf(cycle []leg, i int) arc {
	return arc{cycle[i].txn, cycle[(i+1)%len(cycle)].txn, cycle[i].kind}
}

// trace says from which guess each of some edges follows.
func (r *resolver) trace(guesses []guess, needed map[arc]guess) {
	set := func(edge arc, g guess) {
		if _, wanted := needed[edge]; wanted {
			needed[edge] = g
		}
	}
	for _, g := range guesses {
		blocks := r.choices[g.choice].blocks
		before, after := &blocks[g.before], &blocks[g.after]
		set(arc{before.last, after.head, guessed}, g)
		for _, reader := range before.readers {
			set(arc{reader, after.head, guessedMiss}, g)
		}
	}
}
