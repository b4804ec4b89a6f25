package transactional

import "github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"

// The kinds of edges between transactions, after Adya (1999).
const (
	// ww: the second overwrote, or appended after, what the first wrote.
	ww digraph.Kind = iota
	// wr: the second saw what the first wrote.
	wr
	// rw: the first did not see what the second wrote.
	rw
	// wx is ww that follows only if transactions see one snapshot each and do
	// not overwrite what was written since: at consistent view and above.
	wx
	// process: the same process did the first before the second.
	process
	// realtime: the first was answered before the second was called.
	realtime
	// after leads along the nodes that stand for points in time, and from there
	// to transactions.
	after
	// via leads along the nodes that stand for sets of writers, and from there
	// to the writers. It continues an edge of kind rw.
	via
	// life leads from where a transaction starts to where it commits.
	life
)

// free are the kinds that are no dependencies of their own.
var free = digraph.Of(after, via, life)

// dependencies collects the edges between transactions. Nodes from the number
// of transactions on only help to say much with few edges.
type dependencies struct {
	digraph.Builder
	transactions, nodes uint32
	// place is, during antidepend, the position of each transaction among the
	// writers, plus one.
	place []uint32
}

func newDependencies(transactions int) *dependencies {
	return &dependencies{transactions: uint32(transactions), nodes: uint32(transactions)}
}

func (d *dependencies) node() uint32 {
	d.nodes++
	return d.nodes - 1
}

// antidepend adds that no reader saw what any of the writers wrote: an edge of
// kind rw from each to each other, with no more edges than there are readers
// and writers. Neither list holds a transaction twice.
func (d *dependencies) antidepend(readers, writers []uint32) {
	if len(readers) == 0 || len(writers) == 0 {
		return
	}
	if len(readers) == 1 || len(writers) == 1 {
		for _, reader := range readers {
			for _, writer := range writers {
				d.Add(reader, writer, rw)
			}
		}
		return
	}
	if d.place == nil {
		d.place = make([]uint32, d.transactions)
	}
	for i, writer := range writers {
		d.place[writer] = uint32(i) + 1
	}
	both := false
	for _, reader := range readers {
		both = both || d.place[reader] != 0
	}
	if both {
		d.aroundThemselves(readers, writers)
	} else {
		all := d.node()
		for _, reader := range readers {
			d.Add(reader, all, rw)
		}
		for _, writer := range writers {
			d.Add(all, writer, via)
		}
	}
	for _, writer := range writers {
		d.place[writer] = 0
	}
}

// aroundThemselves does so where readers are writers too. One node for all
// writers would lead from such a transaction back to itself. So there is a node
// for the writers from each on, and one for those up to each.
func (d *dependencies) aroundThemselves(readers, writers []uint32) {
	n := uint32(len(writers))
	from := d.nodes
	upTo := from + n
	d.nodes += 2 * n
	for i := range n {
		d.Add(from+i, writers[i], via)
		d.Add(upTo+i, writers[i], via)
		if i+1 < n {
			d.Add(from+i, from+i+1, via)
			d.Add(upTo+i+1, upTo+i, via)
		}
	}
	for _, reader := range readers {
		i := d.place[reader]
		if i == 0 {
			d.Add(reader, from, rw)
			continue
		}
		if i < n {
			d.Add(reader, from+i, rw)
		}
		if i > 1 {
			d.Add(reader, upTo+i-2, rw)
		}
	}
}

// inRealTime adds that every transaction comes after all that were answered
// before it was called. Between calls, answers share a node, which leads to the
// next such node and to the calls that follow: three edges for a transaction,
// whatever the concurrency.
func (d *dependencies) inRealTime(x *transactions) {
	d.Grow(3 * x.len())
	last := uint32(none)
	answering := false
	for _, event := range x.columns.Events {
		op, isReturn := event>>1, event&1 != 0
		if op >= uint32(len(x.txnOf)) || x.txnOf[op] == none || !x.status[x.txnOf[op]].counts() {
			continue
		}
		t := x.txnOf[op]
		if !isReturn {
			if last != none {
				d.Add(last, t, after)
			}
			answering = false
			continue
		}
		if !answering {
			next := d.node()
			if last != none {
				d.Add(last, next, after)
			}
			last, answering = next, true
		}
		d.Add(t, last, realtime)
	}
}

// inProcesses calls f with each two transactions that one process did in turn.
func inProcesses(x *transactions, f func(first, second uint32)) {
	latest := make([]uint32, len(x.columns.Processes))
	for i := range latest {
		latest[i] = none
	}
	for t := range uint32(x.len()) {
		if !x.status[t].counts() {
			continue
		}
		p := x.process[t]
		if latest[p] != none {
			f(latest[p], t)
		}
		latest[p] = t
	}
}
