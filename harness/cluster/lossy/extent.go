package lossy

import (
	"slices"
	"sort"
	"time"
)

// extent is a stretch of a file with what it held. A nil data is that many
// zeros.
type extent struct {
	off, n int64
	data   []byte
}

func (e extent) end() int64 { return e.off + e.n }

// cut is the part of the extent from from to to, which it must contain.
func (e extent) cut(from, to int64) extent {
	part := extent{off: from, n: to - from}
	if e.data != nil {
		part.data = e.data[from-e.off : to-e.off]
	}
	return part
}

// change is what it takes to undo one change of a file's content, or several
// that came one after the other.
type change struct {
	at  time.Time
	seq uint64
	// size was the file's before, and old what it held below that, disjoint and
	// in order, where the change put something else.
	size int64
	old  []extent
	// writes and bytes count what was written.
	writes, bytes int64
	// from and to are where, if it is one write.
	from, to int64
	// weight is how many bytes of memory old has, about.
	weight int64
}

// extentCost is what an extent takes besides its data.
const extentCost = 64

func (c *change) weigh(e extent) { c.weight += int64(len(e.data)) + extentCost }

// absorb makes c undo what came after it as well.
func (c *change) absorb(later change) {
	for _, e := range later.old {
		c.add(e)
	}
	c.writes += later.writes
	c.bytes += later.bytes
	c.from, c.to = 0, 0
}

// add remembers what an extent held, where c does not know what was there
// before.
func (c *change) add(e extent) {
	if e.end() > c.size {
		if e.off >= c.size {
			return
		}
		e = e.cut(e.off, c.size)
	}
	first := sort.Search(len(c.old), func(i int) bool { return c.old[i].end() > e.off })
	at := e.off
	var fresh []extent
	last := first
	for ; last < len(c.old) && c.old[last].off < e.end(); last++ {
		known := c.old[last]
		if at < known.off {
			fresh = append(fresh, e.cut(at, known.off))
			c.weigh(fresh[len(fresh)-1])
		}
		fresh = append(fresh, known)
		at = max(at, known.end())
	}
	if at < e.end() {
		fresh = append(fresh, e.cut(at, e.end()))
		c.weigh(fresh[len(fresh)-1])
	}
	c.old = slices.Replace(c.old, first, last, fresh...)
}
