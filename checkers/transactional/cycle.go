package transactional

import (
	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
)

// leg is a dependency of a cycle, on the next leg's transaction, and of the last
// on the first's.
type leg struct {
	txn  uint32
	kind digraph.Kind
}

// legs reads a closed path. Hops that are no dependencies of their own continue
// the one before; the first hop must be one. name turns a node into what it
// stands for.
func legs(hops []digraph.Hop, name func(uint32) uint32) []leg {
	var cycle []leg
	for _, hop := range hops {
		if !free.Has(hop.Kind) {
			cycle = append(cycle, leg{name(hop.From), hop.Kind})
		}
	}
	return cycle
}

// shape is what kind of anomaly a cycle is.
type shape struct {
	// class is the place among cycles.
	class   int
	variant string
}

func (s shape) String() string { return cycles[s.class] + s.variant }

// The places of anomalies among cycles.
const (
	classG0 = iota
	classG1c
	classSingle
	classNonadjacent
	classItem
)

// shapeOf names a cycle.
func shapeOf(cycle []leg) shape {
	var s shape
	var misses int
	var beside, saw, assumed, timed, inOrder bool
	for i, leg := range cycle {
		switch leg.kind {
		case rw:
			misses++
			beside = beside || len(cycle) > 1 && cycle[(i+1)%len(cycle)].kind == rw
		case wr:
			saw = true
		case wx:
			assumed = true
		case realtime:
			timed = true
		case process:
			inOrder = true
		}
	}
	switch {
	case misses > 1 && beside:
		s.class = classItem
	case misses > 1:
		s.class = classNonadjacent
	case misses == 1 || assumed:
		// If the assumed order is wrong, then a transaction overwrote what it
		// had not seen, which is a cycle with one miss as well.
		s.class = classSingle
	case saw:
		s.class = classG1c
	default:
		s.class = classG0
	}
	switch {
	case timed:
		s.variant = inRealTime
	case inOrder:
		s.variant = inProcess
	}
	return s
}

// simple returns a part of a cycle that passes each transaction once, of the
// worst shape.
func simple(cycle []leg) []leg {
	for {
		i, j := repeated(cycle)
		if j == 0 {
			return cycle
		}
		inner := append([]leg(nil), cycle[i:j]...)
		outer := append(append([]leg(nil), cycle[:i]...), cycle[j:]...)
		if shapeOf(inner).class <= shapeOf(outer).class {
			cycle = inner
		} else {
			cycle = outer
		}
	}
}

// repeated returns two places of one transaction, or zeros.
func repeated(cycle []leg) (i, j int) {
	at := make(map[uint32]int, len(cycle))
	for j, leg := range cycle {
		if i, met := at[leg.txn]; met {
			return i, j
		}
		at[leg.txn] = j
	}
	return 0, 0
}

// points returns the graph of when transactions start and commit: that of node
// v starts at 2v and commits at 2v+1. Nodes from txns on are no transactions,
// and only 2v stands for them.
//
// Under snapshot isolation a transaction sees what was committed before it
// started, and overwrites nothing that was committed since. So one that depends
// on another starts after the other committed, and one that did not see what
// another wrote started before that committed. These points can be put into an
// order if and only if the graph has no cycle (Cerone and Gotsman 2016).
func points(g *digraph.Graph, txns uint32) *digraph.Graph {
	var b digraph.Builder
	b.Grow(g.Edges() + int(txns))
	for v := range uint32(g.Len()) {
		start, commit := 2*v, 2*v+1
		if v < txns {
			b.Add(start, commit, life)
		} else {
			commit = start
		}
		g.Each(v, func(e digraph.Edge) bool {
			to := 2 * e.To()
			switch {
			case e.Kind() == rw || e.Kind() == via || e.Kind() == guessedMiss:
				if e.To() < txns {
					to++
				}
				b.Add(start, to, e.Kind())
			default:
				b.Add(commit, to, e.Kind())
			}
			return true
		})
	}
	return b.Graph(2 * g.Len())
}
