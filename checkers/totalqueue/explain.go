package totalqueue

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func (j *judge) name(e *element) string { return words.Value(j.table.Value(e.value)) }

func (j *judge) blameUnexpected(q *queue, e *element) {
	j.found.Add(unexpected, func() verdict.Finding {
		at := q.takes[e.takes].op
		return judgement.Witness(q.key, j.ops, []int32{at},
			fmt.Sprintf("%s came out and was never enqueued", j.name(e)))
	})
}

func (j *judge) blameFailed(q *queue, e *element) {
	j.found.Add(failed, func() verdict.Finding {
		at := q.takes[e.takes].op
		return judgement.Witness(q.key, j.ops, []int32{at, e.failed},
			fmt.Sprintf("%s came out though its enqueue had failed for certain", j.name(e)))
	})
}

func (j *judge) blameEarly(q *queue, e *element, p put, t take) {
	j.found.Add(early, func() verdict.Finding {
		return judgement.Witness(q.key, j.ops, []int32{t.op, p.op},
			fmt.Sprintf("%s came out before it was enqueued", j.name(e)))
	})
}

// blameDuplicate blames the last of some takes. Only puts called before it
// returned can be its cause.
func (j *judge) blameDuplicate(q *queue, e *element, puts []put, takes []take) {
	j.found.Add(duplicated, func() verdict.Finding {
		last := takes[len(takes)-1]
		ops := []int32{last.op}
		for _, p := range puts {
			if p.call < last.ret {
				ops = append(ops, p.op)
			}
		}
		n := len(ops) - 1
		ops = append(ops, mostly(takes, n+1)...)
		times := fmt.Sprintf("%d times", n)
		if n == 1 {
			times = "once"
		}
		return judgement.Witness(q.key, j.ops, ops,
			fmt.Sprintf("%s came out %d times and had been enqueued only %s", j.name(e), n+1, times))
	})
}

// blameLost blames what is missing while all unknown dequeues that are early
// enough were needed for what is excused.
func (j *judge) blameLost(q *queue, m missing, excused []missing) {
	j.found.Add(lost, func() verdict.Finding {
		open := q.open[:len(excused)]
		group := append(slices.Clone(excused), m)
		ops := []int32{m.put.op}
		for _, other := range group {
			ops = append(ops, j.conflict(q, &other)...)
		}
		for _, o := range open {
			ops = append(ops, o.op)
		}
		summary := fmt.Sprintf("%s was acknowledged and never came out", j.name(m.element))
		if m.element.taken > 0 {
			summary = fmt.Sprintf("%s was acknowledged more often than it came out", j.name(m.element))
		}
		if len(open) > 0 {
			summary = fmt.Sprintf("acknowledged elements never came out, %s among them: %d, and %d unknown dequeues can have taken only as many",
				j.name(m.element), len(group), len(open))
		}
		remark := "the queues were empty at the end"
		if m.drain != nil {
			remark = "the drain emptied the queue after that"
		}
		return judgement.Witness(q.key, j.ops, ops, summary, remark)
	})
}

// mostly returns the operations of n of some takes, as few as there can be.
func mostly(takes []take, n int) []int32 {
	counts := make(map[int32]int)
	for _, t := range takes {
		counts[t.op]++
	}
	ops := slices.SortedFunc(maps.Keys(counts), func(a, b int32) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	for i, op := range ops {
		if n -= counts[op]; n <= 0 {
			return ops[:i+1]
		}
	}
	return ops
}
