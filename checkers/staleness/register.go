package staleness

import (
	"math"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/intern"
	"github.com/tertium-dev/tertium/harness/history"
)

// always is before all events, and endless after them.
const (
	always  = -1
	endless = history.Never
)

// cluster is a write and the reads of its value.
type cluster struct {
	// call is when the write was called, and there when its value was certainly
	// there: the earliest return in the cluster.
	call, there int
	// last is the latest call of a read, or always.
	last int
	// start, first and final are the same moments as call, there and last, by the
	// clock.
	start, first, final time.Duration
	written             bool
}

// read is a read that is ok.
type read struct{ cluster, op int32 }

// register is what was done with one register.
type register struct {
	clusters []cluster
	reads    []read
	writes   int
	ageless  int
	// skipped is true if it cannot be measured.
	skipped bool
}

// reader reads registers, one after the other.
type reader struct {
	ops     []history.Operation
	table   *intern.Table
	slots   []slot
	initial int32
}

type slot struct{ register, cluster int32 }

// timeless is later than any stamp.
const timeless = time.Duration(math.MaxInt64)

func (r *reader) cluster(g *register, number, value int32) int32 {
	for int(value) >= len(r.slots) {
		r.slots = append(r.slots, slot{always, always})
	}
	s := &r.slots[value]
	if s.register != number {
		*s = slot{number, int32(len(g.clusters))}
		g.clusters = append(g.clusters, cluster{call: endless, there: endless, last: always, start: timeless, first: timeless, final: -1})
	}
	return s.cluster
}

// read reads the register of some number from its operations.
func (r *reader) read(number int32, at []int32) *register {
	g := &register{}
	id := r.cluster(g, number, r.initial)
	g.clusters[id] = cluster{call: always, there: always, last: always, start: -1, first: -1, final: -1, written: true}
	for _, i := range at {
		op := &r.ops[i]
		switch op.F {
		case "write":
			r.write(g, number, op, op.Input)
		case "read":
			if op.Outcome == history.OK {
				r.seen(g, number, i, op.Output)
			}
		case "cas":
			pair, ok := op.Input.([]any)
			if !ok || len(pair) != 2 {
				g.skipped = true
				continue
			}
			switch {
			case op.Outcome == history.OK:
				r.seen(g, number, i, pair[0])
				r.write(g, number, op, pair[1])
			case op.Outcome == history.Unknown:
				r.write(g, number, op, pair[1])
			case op.Error == "mismatch" && op.Output != nil:
				r.seen(g, number, i, op.Output)
			}
		}
	}
	r.close(g)
	return g
}

func (r *reader) write(g *register, number int32, op *history.Operation, value any) {
	if op.Outcome == history.Fail {
		return
	}
	c := &g.clusters[r.cluster(g, number, r.table.ID(value))]
	if c.written {
		g.skipped = true
		return
	}
	c.written, c.call, c.start = true, op.Call, op.Start
	if op.Outcome == history.OK && op.Return < c.there {
		c.there, c.first = op.Return, op.End
	}
	g.writes++
}

func (r *reader) seen(g *register, number, at int32, value any) {
	id := r.cluster(g, number, r.table.ID(value))
	g.reads = append(g.reads, read{id, at})
}

// close takes the reads into their clusters, but for those that have no age.
func (r *reader) close(g *register) {
	kept := g.reads[:0]
	for _, read := range g.reads {
		c := &g.clusters[read.cluster]
		op := &r.ops[read.op]
		if !c.written || c.call > op.Return {
			g.ageless++
			continue
		}
		if op.Return < c.there {
			c.there, c.first = op.Return, op.End
		}
		if op.Call > c.last {
			c.last, c.final = op.Call, op.Start
		}
		kept = append(kept, read)
	}
	g.reads = kept
}
