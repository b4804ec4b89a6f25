package staleness

import (
	"cmp"
	"context"
	"slices"
	"sort"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/bykey"
	"github.com/tertium-dev/tertium/checkers/internal/intern"
	"github.com/tertium-dev/tertium/harness/history"
)

func (c *Checker) measure(ctx context.Context, ops []history.Operation) (Staleness, error) {
	var s Staleness
	r := &reader{ops: ops, table: intern.New(len(ops))}
	r.initial = r.table.ID(c.initial)
	for number, group := range bykey.Of(ops, "read", "write", "cas") {
		if ctx.Err() != nil {
			break
		}
		g := r.read(int32(number), group.Ops)
		if g.skipped {
			s.Skipped++
			continue
		}
		s.Ageless += g.ageless
		if len(g.reads) == 0 {
			continue
		}
		s.Registers++
		s.Reads += len(g.reads)
		s.Writes += g.writes
		low, high := 1, 1
		if sweep := newSweep(g); sweep.stale() {
			s.Stale++
			s.Delta = max(s.Delta, sweep.delta(ctx))
			low, high = r.lower(g), min(r.upper(g, byThere), r.upper(g, byCall))
			low = max(low, 2)
		}
		s.AtLeast, s.AtMost = max(s.AtLeast, low), max(s.AtMost, high)
	}
	return s, ctx.Err()
}

// zone is a cluster: first is when it ends first, and last when it begins last.
type zone struct{ first, last int64 }

// sorted are the clusters that count, by when they end first. By the order of
// events and by the clock that is the same.
func (g *register) sorted() []*cluster {
	clusters := make([]*cluster, 0, len(g.clusters))
	for i := range g.clusters {
		if c := &g.clusters[i]; c.written {
			clusters = append(clusters, c)
		}
	}
	slices.SortFunc(clusters, func(a, b *cluster) int { return cmp.Compare(a.there, b.there) })
	return clusters
}

// stale reports whether a register is not linearizable, by the order of events.
func (s *sweep) stale() bool {
	for i, c := range s.clusters {
		s.zones[i] = zone{int64(c.there), int64(max(c.call, c.last))}
	}
	return s.conflict()
}

// sweep goes through the clusters of a register.
type sweep struct {
	clusters []*cluster
	zones    []zone
	// latest has the greatest last of the zones before each.
	latest []int64
}

func newSweep(g *register) *sweep {
	s := &sweep{clusters: g.sorted()}
	s.zones = make([]zone, len(s.clusters))
	s.latest = make([]int64, len(s.clusters)+1)
	return s
}

// conflict reports whether two zones overlap so that neither can be wholly
// before the other.
func (s *sweep) conflict() bool {
	zones, latest := s.zones, s.latest
	latest[0] = always - 1
	for i, z := range zones {
		before := i
		if z.last <= z.first {
			before = sort.Search(i, func(k int) bool { return zones[k].first >= z.last })
		}
		if latest[before] > z.first {
			return true
		}
		latest[i+1] = max(latest[i], z.last)
	}
	return false
}

// delta is the least time by which the calls of reads must be earlier so that
// there is no conflict by the clock.
func (s *sweep) delta(ctx context.Context) time.Duration {
	longest := time.Duration(0)
	for _, c := range s.clusters {
		longest = max(longest, c.final+1)
	}
	return time.Duration(sort.Search(int(longest), func(by int) bool {
		for i, c := range s.clusters {
			s.zones[i] = zone{int64(c.first), int64(max(c.start, c.final-time.Duration(by)))}
		}
		return ctx.Err() != nil || !s.conflict()
	}))
}

// byThere and byCall are moments at which a write can have happened.
func byThere(c *cluster) int { return c.there }
func byCall(c *cluster) int  { return c.call }

// upper returns the k of the order in which each write happens at some moment,
// and each read at its call, or with the write of its value if that is later.
func (r *reader) upper(g *register, moment func(*cluster) int) int {
	var moments []int
	for i := range g.clusters {
		if c := &g.clusters[i]; c.written && c.there != endless {
			moments = append(moments, moment(c))
		}
	}
	slices.Sort(moments)
	k := 1
	for _, read := range g.reads {
		from := sort.SearchInts(moments, moment(&g.clusters[read.cluster])+1)
		to := sort.SearchInts(moments, r.ops[read.op].Call)
		k = max(k, 1+to-from)
	}
	return k
}

// lower returns one more than the number of writes that are certainly between a
// read and the write of its value.
func (r *reader) lower(g *register) int {
	var done []*cluster // by when they are certainly there
	var calls []int
	for i := range g.clusters {
		if c := &g.clusters[i]; c.written && c.there != endless {
			done = append(done, c)
			calls = append(calls, c.call)
		}
	}
	slices.SortFunc(done, func(a, b *cluster) int { return cmp.Compare(a.there, b.there) })
	slices.Sort(calls)
	counts := make(fenwick, len(calls)+1)
	k, next := 1, 0
	for _, read := range g.reads {
		for ; next < len(done) && done[next].there < r.ops[read.op].Call; next++ {
			counts.add(sort.SearchInts(calls, done[next].call))
		}
		before := sort.SearchInts(calls, g.clusters[read.cluster].there+1)
		k = max(k, 1+next-counts.below(before))
	}
	return k
}

// fenwick counts numbers (Fenwick 1994).
type fenwick []int32

func (f fenwick) add(n int) {
	for n++; n < len(f); n += n & -n {
		f[n]++
	}
}

// below returns how many of the numbers added are less than n.
func (f fenwick) below(n int) int {
	total := 0
	for ; n > 0; n -= n & -n {
		total += int(f[n])
	}
	return total
}
