package transactional

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// settleWork bounds the search for an order of writes, in edges and nodes looked
// at, for each level: so much, and in large graphs so many tries.
const (
	settleWork  = 10_000_000
	settleTries = 20
)

// settle decides, level by level and from the strictest on, whether the writes
// of which the order is not known have one that the level allows.
func (a *analysis) settle(ctx context.Context, g *digraph.Graph, c *classifier) {
	choices := a.versions.choices()
	if len(choices) == 0 {
		return
	}
	r := resolver{ctx: ctx, graph: g, txns: uint32(a.x.len()), choices: choices, rank: a.rank(g.Len())}
	families := []family{{"serializable", g2Item, false}, {"snapshot-isolation", gNonadjacent, true}}
	if a.x.workload == ListAppend {
		// Whatever the order of writes that nobody saw, only snapshots care: in
		// a graph without cycles any order of its transactions will do. And if
		// it has cycles, only the order of those on the same one matters.
		if c == nil {
			return
		}
		r.onCore(c)
		families = families[1:]
		if len(r.choices) == 0 {
			return
		}
	}
	a.chosen = len(r.choices)
	for _, f := range families {
		for _, variant := range slices.Backward(variants) {
			if a.settleLevel(r, f, variant.name, variant.kinds) != verdict.Valid {
				continue
			}
			if variant.name == inRealTime {
				return // all else follows
			}
			break // and so do variants with fewer edges
		}
	}
}

// family is a model and its variants, and what they forbid.
type family struct {
	model     string
	anomaly   string
	snapshots bool
}

// variant is the name of a model of the family.
func (f family) variant(variant string) string {
	switch {
	case variant == inProcess:
		return "strong-session-" + f.model
	case variant == inRealTime && f.model == "serializable":
		return "strict-serializable"
	case variant == inRealTime:
		return "strong-" + f.model
	}
	return f.model
}

// settleLevel decides a level, and notes an anomaly if it is violated.
func (a *analysis) settleLevel(r resolver, f family, variant string, extra digraph.Kinds) verdict.Verdict {
	anomaly := f.anomaly + variant
	has := withImplied(a.found.names())
	if violated == standings(a.found.names(), nil)[f.variant(variant)] {
		if f.snapshots && !has[gSingle+variant] {
			a.undecided = append(a.undecided, gSingle+variant)
		}
		return verdict.Invalid
	}
	r.snapshots = f.snapshots
	r.kinds = digraph.Of(ww, wr, wx, rw, via) | extra
	if variant == inProcess && r.nodes == nil {
		r.graph = r.graph.Extend(a.processes())
	}
	r.work = settleWork + settleTries*passes*(r.graph.Edges()+r.graph.Len())
	r.reasons = make(map[guess][]leg)
	decided := verdict.Unknown
	if !a.undivided {
		decided = r.locally()
	}
	if decided == verdict.Unknown {
		decided = r.resolve(nil)
	}
	switch decided {
	case verdict.Unknown:
		a.undecided = append(a.undecided, anomaly)
		if f.snapshots {
			a.undecided = append(a.undecided, gSingle+variant)
		}
	case verdict.Invalid:
		a.noOrder(&r, f, variant)
	}
	return decided
}

// processes returns the edges of processes.
func (a *analysis) processes() *digraph.Builder {
	b := &digraph.Builder{}
	inProcesses(a.x, func(first, second uint32) { b.Add(first, second, process) })
	return b
}

// rank says when each transaction may have committed: half way between its call
// and its answer, or if it was not answered, as long after its call as others on
// average. Other nodes come as soon as they can.
func (a *analysis) rank(nodes int) []uint32 {
	rank := make([]uint32, nodes)
	waited, answers := 0, 0
	for i, event := range a.x.columns.Events {
		op := event >> 1
		if op >= uint32(len(a.x.txnOf)) || a.x.txnOf[op] == none {
			continue
		}
		t := a.x.txnOf[op]
		if event&1 == 0 {
			rank[t] = uint32(i)
			continue
		}
		half := (uint32(i) - rank[t]) / 2
		rank[t] += half
		waited, answers = waited+int(half), answers+1
	}
	for t, status := range a.x.status {
		if status == shown && answers > 0 {
			rank[t] += uint32(waited / answers)
		}
	}
	return rank
}

// noOrder adds a finding: no order of the writes would do.
func (a *analysis) noOrder(r *resolver, f family, variant string) {
	worst := r.proofClass()
	name := f.anomaly + variant
	if worst == classSingle {
		name = gSingle + variant
	} else if f.snapshots {
		a.undecided = append(a.undecided, gSingle+variant)
	}
	if a.found.add(name) {
		a.found.noOrder(a, r, name)
	}
}

// onCore restricts a resolver to the part of the graph that is on cycles.
func (r *resolver) onCore(c *classifier) {
	place := make(map[uint32]uint32, len(c.nodes))
	rank := make([]uint32, len(c.nodes))
	for i, node := range c.nodes {
		place[node] = uint32(i)
		rank[i] = r.rank[node]
	}
	components := c.graph.Components(everyKind)
	var choices []choice
	for _, whole := range r.choices {
		parts := make(map[uint32]*choice)
		var order []uint32
		for _, b := range whole.blocks {
			at, in := place[b.head]
			if !in {
				continue
			}
			component := components.Of[at]
			if parts[component] == nil {
				parts[component] = &choice{key: whole.key}
				order = append(order, component)
			}
			part := parts[component]
			part.blocks = append(part.blocks, block{head: at, last: at})
		}
		for _, component := range order {
			if part := parts[component]; len(part.blocks) > 1 {
				choices = append(choices, *part)
			}
		}
	}
	r.graph, r.rank, r.choices, r.txns = c.graph, rank, choices, c.txns
	r.nodes = c.nodes
}

// name returns the transaction that a node stands for.
func (r *resolver) name(node uint32) uint32 {
	if r.nodes == nil {
		return node
	}
	return r.nodes[node]
}

// proofClass is the class of the least bad of the cycles that show that there
// is no order.
func (r *resolver) proofClass() int {
	class := classSingle
	for _, cycle := range r.reasons {
		class = max(class, shapeOf(cycle).class)
	}
	if r.branched {
		return classItem
	}
	return max(class, shapeOf(r.clash).class)
}

// noOrder adds a finding about writes that have no order, explained by the last
// cycle, and by those that showed the orders of writes that it rests on.
func (f *findings) noOrder(a *analysis, r *resolver, anomaly string) {
	cycle := fromFirst(simple(slices.Clone(r.clash)))
	var txns []uint32
	number := make(map[uint32]int)
	t := func(node uint32) string {
		name := r.name(node)
		if number[name] == 0 {
			txns = append(txns, name)
			number[name] = len(txns)
		}
		return fmt.Sprintf("T%d", number[name])
	}
	var steps []string
	tell := func(cycle []leg) {
		for i, l := range cycle {
			next := cycle[(i+1)%len(cycle)].txn
			first, second := t(l.txn), t(next)
			steps = append(steps, fmt.Sprintf("%s -%s-> %s: %s", first, kindName(l.kind), second,
				f.why(a.versions, leg{r.name(l.txn), l.kind}, r.name(next), first, second)))
		}
	}
	tell(cycle)
	const most = 4
	told := 0
	for c := range r.choices {
		for _, g := range r.learnt(uint32(c)) {
			if told++; told > most {
				break
			}
			blocks := r.choices[c].blocks
			key := f.text.key(r.choices[c].key)
			steps = append(steps, fmt.Sprintf("%s wrote %s before %s, because otherwise:", t(blocks[g.before].head), key, t(blocks[g.after].head)))
			tell(r.reasons[g])
		}
	}
	key := f.text.key(r.choices[0].key)
	if len(r.choices) > 1 {
		key = ""
	}
	summary := "no order of the writes whose order nobody saw fits what was read: "
	if r.branched {
		summary += "each way to order them ends in a cycle, one of which is explained"
	} else {
		summary += fmt.Sprintf("%d transactions end in a cycle whichever way they are ordered", len(txns))
	}
	f.explain(anomaly, key, none, txns, summary, steps...)
}

// learnt returns the orders of blocks of a choice that cycles showed.
func (r *resolver) learnt(c uint32) []guess {
	var all []guess
	for g := range r.reasons {
		if g.choice == c {
			all = append(all, g)
		}
	}
	slices.SortFunc(all, func(a, b guess) int {
		return cmp.Or(cmp.Compare(a.before, b.before), cmp.Compare(a.after, b.after))
	})
	return all
}
