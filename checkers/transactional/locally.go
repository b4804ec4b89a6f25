package transactional

import (
	"cmp"
	"slices"

	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// locally guesses once, and then puts the guess right in each stretch of the
// order that has a cycle, by itself: what has to change is mostly a few
// transactions, in a graph of millions. It is Unknown if the parts do not decide
// the whole.
//
// If the blocks that are wholly in a part have no order there, they have none in
// the whole, because an order of all blocks has one of these in it, and between
// those that are neighbours there a path if no edge. If they have one that fits
// the guesses at the border too, the whole is looked at once more.
func (r *resolver) locally() verdict.Verdict {
	r.work -= passes*(r.graph.Edges()+r.graph.Len()) + perTry
	order, complete := r.order(r.graph)
	if !complete {
		return verdict.Unknown
	}
	l := local{resolver: r, sorted: r.arranged(order)}
	whole := r.with(r.graph, chained(l.sorted), false)
	if r.fits(whole) {
		return verdict.Valid
	}
	l.stretches(order, whole.Components(r.kinds|digraph.Of(guessed, guessedMiss)))
	// Where most is on cycles nothing is won.
	if l.inside > r.graph.Len()/4 && l.inside > 1000 || !l.divide() {
		return verdict.Unknown
	}
	for i, base := range r.graph.Parts(l.components) {
		if decided := l.part(i, base); decided != verdict.Valid {
			return decided
		}
	}
	if !r.fits(r.with(r.graph, chained(l.sorted), false)) {
		return verdict.Unknown
	}
	return verdict.Valid
}

// local is what is known of the parts that a guess has to be changed in.
type local struct {
	*resolver
	// sorted are the blocks of each choice in the order guessed.
	sorted [][]uint32
	// components are the parts, and inside how many nodes they have.
	components *digraph.Components
	inside     int
	parts      []part
}

// part is a stretch of the order. Runs are blocks that follow each other and are
// wholly in it. Bounds are edges from and to those that are in it otherwise, for
// any order within the runs.
type part struct {
	runs   []run
	bounds []bound
}

// stretches finds the parts: what is between the first and the last of each
// cycle, and of the blocks whose guessed order is on it. Paths do not leave such
// a stretch and come back.
func (l *local) stretches(order []uint32, cyclic *digraph.Components) {
	place := make([]uint32, l.graph.Len())
	for i, node := range order {
		place[node] = uint32(i)
	}
	type stretch struct{ from, to uint32 }
	all := make([]stretch, len(cyclic.Members))
	widen := func(in uint32, nodes ...uint32) {
		for _, node := range nodes {
			all[in].from, all[in].to = min(all[in].from, place[node]), max(all[in].to, place[node])
		}
	}
	for i, members := range cyclic.Members {
		all[i].from = none
		widen(uint32(i), members...)
	}
	for c, sorted := range l.sorted {
		blocks := l.choices[c].blocks
		for i := 1; i < len(sorted); i++ {
			before, after := &blocks[sorted[i-1]], &blocks[sorted[i]]
			in := cyclic.Of[after.head]
			if in == digraph.Alone || cyclic.Of[before.last] != in && !slices.ContainsFunc(before.readers, func(r uint32) bool { return cyclic.Of[r] == in }) {
				continue
			}
			widen(in, before.head, before.last, after.last)
			widen(in, before.readers...)
			widen(in, after.readers...)
		}
	}
	slices.SortFunc(all, func(a, b stretch) int { return cmp.Compare(a.from, b.from) })
	l.components = &digraph.Components{Of: slices.Repeat([]uint32{digraph.Alone}, l.graph.Len())}
	for len(all) > 0 {
		s := all[0]
		for all = all[1:]; len(all) > 0 && all[0].from <= s.to; all = all[1:] {
			s.to = max(s.to, all[0].to)
		}
		members := slices.Clone(order[s.from : s.to+1])
		slices.Sort(members)
		for _, member := range members {
			l.components.Of[member] = uint32(len(l.components.Members))
		}
		l.components.Members = append(l.components.Members, members)
		l.inside += len(members)
	}
}

type run struct{ choice, from, to int }

type bound struct {
	from, to uint32
	kind     digraph.Kind
}

// whole returns the part that has all of a block, or [digraph.Alone].
func (l *local) whole(b *block) uint32 {
	in := l.components.Of[b.head]
	for _, node := range append(b.readers[:len(b.readers):len(b.readers)], b.last) {
		if l.components.Of[node] != in {
			return digraph.Alone
		}
	}
	return in
}

// divide finds the runs and bounds of all parts, unless there are very many.
func (l *local) divide() bool {
	l.parts = make([]part, len(l.components.Members))
	room := 4*l.inside + 1000
	for c, sorted := range l.sorted {
		blocks := l.choices[c].blocks
		var runs []run
		for i := range sorted {
			in := l.whole(&blocks[sorted[i]])
			if in != digraph.Alone && i > 0 && in == l.whole(&blocks[sorted[i-1]]) {
				runs[len(runs)-1].to = i + 1
				continue
			}
			runs = append(runs, run{c, i, i + 1})
		}
		for i, r := range runs {
			if in := l.whole(&blocks[sorted[r.from]]); in != digraph.Alone && r.to > r.from+1 {
				l.parts[in].runs = append(l.parts[in].runs, r)
			}
			if i > 0 {
				if room -= l.border(runs[i-1], r); room < 0 {
					return false
				}
			}
		}
	}
	return true
}

// border adds the bounds between two runs of a choice, and returns how many it
// looked at.
func (l *local) border(before, after run) (looked int) {
	blocks, sorted := l.choices[before.choice].blocks, l.sorted[before.choice]
	for _, second := range sorted[after.from:after.to] {
		head := blocks[second].head
		in := l.components.Of[head]
		if in == digraph.Alone {
			continue
		}
		add := func(node uint32, kind digraph.Kind) {
			looked++
			if l.components.Of[node] == in {
				l.parts[in].bounds = append(l.parts[in].bounds, bound{node, head, kind})
			}
		}
		for _, first := range sorted[before.from:before.to] {
			add(blocks[first].last, wx)
			for _, reader := range blocks[first].readers {
				add(reader, rw)
			}
		}
	}
	return looked
}

// part decides a part, and puts the order found for its runs into sorted.
func (l *local) part(at int, base *digraph.Graph) verdict.Verdict {
	members, part := l.components.Members[at], &l.parts[at]
	number := func(node uint32) uint32 {
		i, _ := slices.BinarySearch(members, node)
		return uint32(i)
	}
	r := &resolver{
		ctx: l.ctx, graph: base, txns: number(l.txns), snapshots: l.snapshots, kinds: l.kinds, work: l.work,
		reasons: make(map[guess][]leg),
	}
	for _, member := range members {
		r.nodes = append(r.nodes, l.name(member))
		r.rank = append(r.rank, l.rank[member])
	}
	for _, run := range part.runs {
		whole := &l.choices[run.choice]
		c := choice{key: whole.key}
		for _, b := range l.sorted[run.choice][run.from:run.to] {
			here := block{head: number(whole.blocks[b].head), last: number(whole.blocks[b].last)}
			for _, reader := range whole.blocks[b].readers {
				here.readers = append(here.readers, number(reader))
			}
			c.blocks = append(c.blocks, here)
		}
		r.choices = append(r.choices, c)
	}
	if len(part.bounds) > 0 {
		var b digraph.Builder
		for _, e := range part.bounds {
			b.Add(number(e.from), number(e.to), e.kind)
		}
		r.graph = base.Extend(&b)
	}
	decided := r.resolve(nil)
	if decided == verdict.Invalid && len(part.bounds) > 0 {
		r.graph, r.reasons, r.branched = base, make(map[guess][]leg), false
		if decided = r.resolve(nil); decided == verdict.Valid {
			decided = verdict.Unknown // it is for the guesses at its border
		}
	}
	l.work = r.work
	switch decided {
	case verdict.Invalid:
		*l.resolver = *r // it has the proof
	case verdict.Valid:
		for i, run := range part.runs {
			sorted := l.sorted[run.choice][run.from:run.to]
			before := slices.Clone(sorted)
			for at, b := range r.found[i] {
				sorted[at] = before[b]
			}
		}
	}
	return decided
}
