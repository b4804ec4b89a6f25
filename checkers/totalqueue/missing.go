package totalqueue

import (
	"cmp"
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
)

// missing is an acknowledged put that no ok take accounts for.
type missing struct {
	element *element
	put     put
	// drain judges it; nil if the queue was drained by other means.
	drain *drain
	// deadline is when it must have gone.
	deadline int
}

// leftOver returns those puts of an element that must have been taken by an
// unknown dequeue, the least urgent that can be. Puts that no drain judges are
// not among them.
func (j *judge) leftOver(q *queue, e *element) []missing {
	if e.acked == 0 {
		return nil
	}
	if e.put == 1 && e.taken > 0 && q.puts[e.puts].call < q.takes[q.lastTake(e)].ret {
		return nil
	}
	c := j.newCover(q, e)
	var left []missing
	for i := range c.acked {
		m := &c.acked[i]
		switch {
		case c.add(i):
		case j.delivery == AtMostOnce:
			j.counts.losses++
		case m.deadline == unjudged:
			j.unsettled++
		default:
			left = append(left, *m)
		}
	}
	return left
}

// unjudged is later than any deadline.
const unjudged = history.Never

func (j *judge) judged(q *queue, e *element, p put) missing {
	m := missing{element: e, put: p, deadline: unjudged}
	if j.drained {
		m.deadline = history.Never - 1
	} else if m.drain = q.judgedBy(p.ret); m.drain != nil {
		m.deadline = m.drain.ret
	}
	return m
}

// lastTake returns the take of an element that returned last.
func (q *queue) lastTake(e *element) int32 {
	last := e.takes
	for at := e.takes; at != none; at = q.takes[at].next {
		if q.takes[at].ret > q.takes[last].ret {
			last = at
		}
	}
	return last
}

// judgeLeft shares the unknown dequeues among what is left over, by deadline.
func (j *judge) judgeLeft(q *queue, left []missing) {
	slices.SortStableFunc(left, func(a, b missing) int {
		return cmp.Or(cmp.Compare(a.deadline, b.deadline), cmp.Compare(a.put.call, b.put.call))
	})
	var excused []missing // one for each unknown dequeue that is spoken for
	for _, m := range left {
		deadline := m.deadline
		if j.rules&ruleUrgent == 0 {
			deadline = history.Never
		}
		switch {
		case q.flood.call < deadline:
			j.counts.excused++
		case len(excused) < len(q.open) && q.open[len(excused)].call < deadline:
			j.counts.excused++
			excused = append(excused, m)
		default:
			if j.rules&ruleLost != 0 {
				j.blameLost(q, m, excused)
			}
		}
	}
}
