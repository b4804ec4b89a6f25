package transactional

import (
	"cmp"
	"context"
	"slices"

	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
)

// everyKind are all edges between transactions.
var everyKind = digraph.Of(ww, wr, rw, wx, process, realtime, after, via)

// variants are the sets of edges that cycles are looked for in, beside those of
// data. The order of processes is part of that of real time.
var variants = []struct {
	name  string
	kinds digraph.Kinds
}{
	{"", 0},
	{inProcess, digraph.Of(process)},
	{inRealTime, digraph.Of(realtime, after)},
}

// classifier names the cycles of a graph. Every pass is linear in the part of
// the graph that is on cycles, but for the search for short ones, which is
// bounded.
type classifier struct {
	ctx   context.Context
	graph *digraph.Graph
	// The first txns nodes of graph are transactions; nodes are their numbers
	// in the history.
	nodes []uint32
	txns  uint32
	// covered are the classes that each node's component was found to have, by
	// place among cycles, as bits.
	covered []uint8
	// found takes each cycle.
	found func(cycle []leg)
	// unsure are the variants in which it is not known whether there is a
	// G-single.
	unsure map[string]bool
}

// newClassifier returns one for the part of a graph that is on cycles, or nil if
// there is no such part. Only there the order of processes is added.
func newClassifier(ctx context.Context, x *transactions, g *digraph.Graph, found func([]leg)) *classifier {
	rest := g.Rest(g.Order(everyKind))
	if len(rest) == 0 {
		return nil
	}
	part := g.Within(rest).Graph(len(rest))
	var local, nodes []uint32
	for i, component := range part.Components(everyKind).Of {
		if component != digraph.Alone {
			local = append(local, uint32(i))
			nodes = append(nodes, rest[i])
		}
	}
	place := make([]uint32, g.Len())
	for i, node := range nodes {
		place[node] = uint32(i) + 1
	}
	b := part.Within(local)
	inProcesses(x, func(first, second uint32) {
		// What is between two of a component is in it too, so that no order is
		// lost with the others.
		if place[first] != 0 && place[second] != 0 {
			b.Add(place[first]-1, place[second]-1, process)
		}
	})
	txns, _ := slices.BinarySearch(nodes, uint32(x.len()))
	return &classifier{
		ctx: ctx, graph: b.Graph(len(nodes)), nodes: nodes, txns: uint32(txns),
		covered: make([]uint8, len(nodes)), found: found, unsure: make(map[string]bool),
	}
}

// classify finds all classes of cycles.
func (c *classifier) classify() error {
	for _, v := range variants {
		data := digraph.Of(ww, wr, wx, via) | v.kinds
		for _, search := range []func(){
			func() { c.each(digraph.Of(ww)|v.kinds, classG0, ww) },
			func() { c.each(digraph.Of(ww, wr)|v.kinds, classG1c, wr) },
			func() { c.each(data, classSingle, wx) },
			func() { c.snapshots(data, v.name) },
			func() { c.each(data|digraph.Of(rw), classItem, rw) },
		} {
			if err := c.ctx.Err(); err != nil {
				return err
			}
			search()
		}
	}
	return nil
}

// each finds, in every component that is not covered, a short cycle through an
// edge of the kind that makes the class.
func (c *classifier) each(kinds digraph.Kinds, class int, wanted digraph.Kind) {
	components := c.graph.Components(kinds)
	h := newHunt(c.graph, kinds, components, 0)
	for _, members := range bySize(components) {
		if c.isCovered(members, class, 0) {
			continue
		}
		if cycle := h.shortest(members, wanted); cycle != nil {
			c.report(members, 0, cycle)
		}
	}
}

// snapshots finds cycles that snapshot isolation forbids.
func (c *classifier) snapshots(data digraph.Kinds, variant string) {
	// The graph of points has two nodes for each of this.
	const doubled = 1
	timeline := points(c.graph, c.txns)
	components := timeline.Components(data | digraph.Of(rw, life))
	wide := newHunt(timeline, data|digraph.Of(rw, life), components, doubled)
	narrow := newHunt(c.graph, data, c.graph.Components(data), 0)
	for _, members := range bySize(components) {
		if c.isCovered(members, classNonadjacent, doubled) {
			continue
		}
		cycle, complete := narrow.single(timeline, components, members)
		if cycle == nil {
			cycle = wide.shortest(members, rw)
			if !complete && cycle != nil {
				c.unsure[variant] = true
			}
		}
		if cycle != nil {
			c.report(members, doubled, cycle)
		}
	}
}

func (c *classifier) isCovered(members []uint32, class, shift int) bool {
	for _, member := range members {
		if c.covered[member>>shift]>>class&1 != 0 {
			return true
		}
	}
	return false
}

// report takes in a cycle of a component.
func (c *classifier) report(members []uint32, shift int, cycle []leg) {
	cycle = simple(cycle)
	covers := 0
	switch class := shapeOf(cycle).class; class {
	case classG0, classG1c:
		covers = 1<<(classG1c+1) - 1<<class
	default:
		covers = 1<<len(cycles) - 1<<class
	}
	for _, member := range members {
		c.covered[member>>shift] |= uint8(covers)
	}
	for i := range cycle {
		cycle[i].txn = c.nodes[cycle[i].txn]
	}
	c.found(cycle)
}

// bySize returns the members of components, ascending, the smallest component
// first.
func bySize(components *digraph.Components) [][]uint32 {
	all := slices.Clone(components.Members)
	for _, members := range all {
		slices.Sort(members)
	}
	slices.SortStableFunc(all, func(a, b []uint32) int {
		return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a[0], b[0]))
	})
	return all
}
