package totalqueue

import (
	"cmp"
	"slices"
	"sort"

	"github.com/tertium-dev/tertium/harness/history"
)

// cover matches the acknowledged puts of an element with its takes, the most
// urgent first, each with the first take that is free and can have been its own.
type cover struct {
	acked []missing
	takes []take
	// user has the put that a take is matched with, and next the take to try
	// after one that is in use: union-find, itself if it is free.
	user, next []int32
}

func (j *judge) newCover(q *queue, e *element) *cover {
	c := &cover{acked: make([]missing, 0, e.acked), takes: q.takesOf(e)}
	for _, p := range q.putsOf(e) {
		if p.ret != history.Never {
			c.acked = append(c.acked, j.judged(q, e, p))
		}
	}
	slices.SortStableFunc(c.acked, func(a, b missing) int { return cmp.Compare(a.deadline, b.deadline) })
	c.user = make([]int32, len(c.takes))
	c.next = make([]int32, len(c.takes)+1)
	for i := range c.next {
		c.next[i] = int32(i)
	}
	return c
}

// first returns the first take that can be that of a put.
func (c *cover) first(p *put) int {
	return sort.Search(len(c.takes), func(i int) bool { return c.takes[i].ret > p.call })
}

// add reports whether the i-th put can be matched as well.
func (c *cover) add(i int) bool {
	at := c.free(int32(c.first(&c.acked[i].put)))
	if int(at) == len(c.takes) {
		return false
	}
	c.user[at] = int32(i)
	c.next[at] = at + 1
	return true
}

// free returns the first take from one on that is not in use, or how many there
// are.
func (c *cover) free(at int32) int32 {
	root := at
	for c.next[root] != root {
		root = c.next[root]
	}
	for c.next[at] != at {
		at, c.next[at] = c.next[at], root
	}
	return root
}

// conflict returns the operations of the takes that a missing put could have
// been matched with, of the puts that have them, and so on: one put more than
// takes; and of the drains that judge these puts.
func (j *judge) conflict(q *queue, m *missing) []int32 {
	c := j.newCover(q, m.element)
	at := slices.IndexFunc(c.acked, func(other missing) bool { return other.put.op == m.put.op })
	for i := range at {
		c.add(i)
	}
	var ops []int32
	judged := func(m *missing) {
		ops = append(ops, m.put.op)
		if m.drain != nil {
			ops = append(ops, m.drain.op)
		}
	}
	judged(m)
	first := c.first(&m.put)
	for i := len(c.takes) - 1; i >= first; i-- {
		user := &c.acked[c.user[i]]
		first = min(first, c.first(&user.put))
		ops = append(ops, c.takes[i].op)
		judged(user)
	}
	return ops
}
