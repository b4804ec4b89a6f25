package totalqueue

import (
	"context"
	"fmt"

	"github.com/tertium-dev/tertium/checkers/internal/bykey"
	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/intern"
	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
)

const (
	lost       = "lost-element"
	duplicated = "duplicated-element"
	unexpected = "unexpected-element"
	failed     = "failed-element"
	early      = "early-element"
)

// judge judges the queues of a history, one at a time.
type judge struct {
	*Checker
	*reader
	found  *findings.Set
	counts counts
	// unsettled are acknowledged elements that no drain judges.
	unsettled int
}

type counts struct {
	attempts, acked, taken, recovered, excused, duplicates, losses int
}

func (c *Checker) judge(ctx context.Context, ops []history.Operation) (judgement.Judgement, error) {
	j := &judge{
		Checker: c,
		reader:  &reader{ops: ops, table: intern.New(len(ops))},
		found:   findings.New(lost, duplicated, unexpected, failed, early),
	}
	groups := bykey.Of(ops, "enqueue", "dequeue", "drain")
	if !bykey.Named(groups) {
		return judgement.Judgement{Doubts: []string{
			"some operations name a queue and some do not, so it cannot be told which are about the same; name it in all or in none",
		}}, nil
	}
	var doubts []string
	for number := range groups {
		if ctx.Err() != nil {
			break
		}
		q := j.read(int32(number), groups[number].Key, groups[number].Ops)
		doubts = append(doubts, q.doubts...)
		j.judgeQueue(ctx, q)
	}
	if j.unsettled > 0 {
		doubts = append(doubts, fmt.Sprintf(
			"acknowledged elements did not come out, and no drain that was called later is ok: %d; drain the queues at the end", j.unsettled))
	}
	return j.judgement(doubts), ctx.Err()
}

func (j *judge) judgement(doubts []string) judgement.Judgement {
	n := &j.counts
	figures := []struct {
		name string
		n    int
	}{
		{"attempts", n.attempts}, {"acknowledged", n.acked}, {"dequeued", n.taken}, {"recovered", n.recovered},
		{"perhaps taken by unknown dequeues", n.excused}, {"not settled", j.unsettled},
	}
	result := judgement.Judgement{Judged: n.acked + n.taken, Found: j.found, Doubts: doubts}
	for _, f := range figures {
		result.Figures = append(result.Figures, judgement.Operations(f.name, f.n))
	}
	covered := "%d elements were acknowledged and %d came out: none was lost, none came out twice or from nowhere"
	switch j.delivery {
	case AtLeastOnce:
		covered = "%d elements were acknowledged and %d came out: none was lost, none came from nowhere"
		result.Figures = append(result.Figures, judgement.Count("duplicates, which are allowed", n.duplicates))
	case AtMostOnce:
		covered = "%d elements were acknowledged and %d came out: none came out twice or from nowhere"
		result.Figures = append(result.Figures, judgement.Count("losses, which are allowed", n.losses))
	}
	result.Covered = fmt.Sprintf(covered, n.acked, n.taken)
	return result
}

func (j *judge) judgeQueue(ctx context.Context, q *queue) {
	var left []missing
	for i := range q.elements {
		if i%judgement.Poll == 0 && ctx.Err() != nil {
			return
		}
		e := &q.elements[len(q.elements)-1-i] // they were read backwards
		j.count(e)
		j.judgeTakes(q, e)
		left = append(left, j.leftOver(q, e)...)
	}
	j.judgeLeft(q, left)
}

func (j *judge) count(e *element) {
	j.counts.attempts += int(e.put)
	if e.failed != none {
		j.counts.attempts++
	}
	j.counts.acked += int(e.acked)
	j.counts.taken += int(e.taken)
	j.counts.recovered += int(max(0, min(e.taken, e.put)-e.acked))
}

// judgeTakes says whether what came out of an element had gone in.
func (j *judge) judgeTakes(q *queue, e *element) {
	switch {
	case e.taken == 0:
		return
	case e.put == 0 && e.failed != none:
		if j.rules&ruleFailed != 0 {
			j.blameFailed(q, e)
		}
		return
	case e.put == 0:
		if j.rules&ruleUnexpected != 0 {
			j.blameUnexpected(q, e)
		}
		return
	case e.put == 1 && e.taken == 1 && q.puts[e.puts].call < q.takes[e.takes].ret:
		return
	}
	puts, takes := q.putsOf(e), q.takesOf(e)
	premature := 0
	for premature < len(takes) && takes[premature].ret < puts[0].call {
		premature++
	}
	if premature > 0 && j.rules&ruleEarly != 0 {
		j.blameEarly(q, e, puts[0], takes[0])
	}
	takes = takes[premature:]
	blamed := false
	for k, t := range takes {
		if k < len(puts) && puts[k].call < t.ret {
			continue
		}
		j.counts.duplicates++
		rule := ruleOnceByThen
		if k >= len(puts) {
			rule = ruleOnce
		}
		if j.delivery != AtLeastOnce && j.rules&rule != 0 && !blamed {
			until := k + 1 // all of a drain's takes are at once
			for until < len(takes) && takes[until].op == t.op {
				until++
			}
			j.blameDuplicate(q, e, puts, takes[:until])
			blamed = true
		}
	}
}
