package longfork

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

const longFork = "long-fork"

// judge judges the groups of a history, one at a time.
type judge struct {
	*book
	found                        *findings.Set
	reads, early, late, compared int
}

func (c Checker) judge(ctx context.Context, ops []history.Operation) (judgement.Judgement, error) {
	j := &judge{book: newBook(ops, c.GroupSize), found: findings.New(longFork)}
	for i := range ops {
		if i%judgement.Poll == 0 && ctx.Err() != nil {
			return j.judgement(), ctx.Err()
		}
		j.read(int32(i))
	}
	for n, g := range j.groups {
		if n%judgement.Poll == 0 && ctx.Err() != nil {
			return j.judgement(), ctx.Err()
		}
		if !slices.ContainsFunc(g.keys, func(k int32) bool { return j.keys[k].spoiled }) {
			j.judgeGroup(g)
		}
	}
	if j.reads == 0 && len(j.doubts) == 0 {
		j.doubts = append(j.doubts, "no transaction that only reads was answered")
	}
	return j.judgement(), ctx.Err()
}

func (j *judge) judgement() judgement.Judgement {
	return judgement.Judgement{
		Judged:  j.reads,
		Found:   j.found,
		Doubts:  j.doubts,
		Covered: fmt.Sprintf("%d reads of %d groups of keys saw writes in one order each", j.reads, j.compared),
		Figures: []verdict.Figure{
			judgement.Operations("reads", j.reads), judgement.Count("groups of keys", j.compared),
			judgement.Operations("reads that saw nothing", j.early), judgement.Operations("reads that saw everything", j.late),
		},
	}
}

// judgeGroup looks for two reads of which neither saw all that the other did.
func (j *judge) judgeGroup(g *group) {
	j.compared++
	j.reads += len(g.reads)
	for i := range g.reads {
		switch g.reads[i].count {
		case 0:
			j.early++
		case len(g.keys):
			j.late++
		}
	}
	slices.SortStableFunc(g.reads, func(a, b read) int { return cmp.Compare(a.count, b.count) })
	for i := range g.reads[1:] {
		first, second := &g.reads[i], &g.reads[i+1]
		missed, more := -1, -1
		for k := range g.keys {
			switch {
			case first.values[k] != none && second.values[k] == none:
				missed = k
			case first.values[k] == none && second.values[k] != none:
				more = k
			}
		}
		if missed >= 0 {
			j.blame(g, first, second, missed, more)
		}
	}
}

// blame explains a fork: the first read saw only the key missed of the two, and
// the second only more, of which there is one as it saw no less.
func (j *judge) blame(g *group, first, second *read, missed, more int) {
	j.found.Add(longFork, func() verdict.Finding {
		x, y := j.name(g.keys[missed]), j.name(g.keys[more])
		f := judgement.Witness(x, j.ops, []int32{first.op, second.op},
			fmt.Sprintf("the read called at event %d saw the write of %s and not that of %s; the read called at event %d saw that of %[3]s and not that of %[2]s",
				j.ops[first.op].Call, x, y, j.ops[second.op].Call))
		f.Culprit = -1 // either may be right
		return f
	})
}
