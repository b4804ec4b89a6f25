package causalreverse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/tertium-dev/tertium/checkers/internal/bykey"
	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/intern"
	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

const reversed = "causal-reverse"

// none is no operation.
const none = -1

// write is a value and what is known of it.
type write struct {
	op, value int32
	// by is the operation whose return makes it certain, or none, and at is when
	// that is.
	by int32
	at int
}

// judge judges the groups of a history, one at a time.
type judge struct {
	*Checker
	ops   []history.Operation
	table *intern.Table
	found *findings.Set
	// slots find the write of a value in the group of that number.
	slots  []slot
	doubts []string
	counts counts
}

type slot struct{ group, write int32 }

type counts struct{ writes, reads, bound int }

func (c *Checker) judge(ctx context.Context, ops []history.Operation) (judgement.Judgement, error) {
	j := &judge{Checker: c, ops: ops, table: intern.New(len(ops)), found: findings.New(reversed)}
	groups := bykey.Of(ops, "write", "read")
	if !bykey.Named(groups) {
		return judgement.Judgement{Doubts: []string{
			"some operations name a key and some do not, so it cannot be told which are about the same; name it in all or in none",
		}}, nil
	}
	for number := range groups {
		if ctx.Err() != nil {
			break
		}
		j.judgeGroup(ctx, int32(number), &groups[number])
	}
	n := &j.counts
	if n.bound == 0 {
		j.doubts = append(j.doubts, "no read shows a write that was called after another had certainly happened")
	}
	return judgement.Judgement{
		Judged:  n.writes + n.reads,
		Found:   j.found,
		Doubts:  j.doubts,
		Covered: fmt.Sprintf("%d reads show all that had happened before what they show of %d writes", n.bound, n.writes),
		Figures: []verdict.Figure{
			judgement.Operations("writes", n.writes), judgement.Operations("reads", n.reads), judgement.Operations("reads that were bound", n.bound),
		},
	}, ctx.Err()
}

// read is an ok read, and the writes that it shows.
type read struct {
	op     int32
	writes []int32
}

func (j *judge) judgeGroup(ctx context.Context, number int32, group *bykey.Group) {
	writes := j.writes(number, group)
	reads := j.reads(number, group, writes)
	if len(writes) == 0 || len(reads) == 0 {
		return
	}
	if j.rules&ruleSeen != 0 {
		for _, r := range reads {
			for _, w := range r.writes {
				if ret := j.ops[r.op].Return; ret < writes[w].at {
					writes[w].by, writes[w].at = r.op, ret
				}
			}
		}
	}
	// rank is the place of each write among those in order of certainty.
	order := make([]int32, len(writes))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Or(cmp.Compare(writes[a].at, writes[b].at), cmp.Compare(a, b)) })
	rank := make([]int32, len(writes))
	for i, w := range order {
		rank[w] = int32(i)
	}
	for i, r := range reads {
		if i%judgement.Poll == 0 && ctx.Err() != nil {
			return
		}
		j.judgeRead(group, writes, order, rank, r)
	}
}

// writes are those of a group that did not fail, by call.
func (j *judge) writes(number int32, group *bykey.Group) []write {
	var writes []write
	for _, at := range group.Ops {
		op := &j.ops[at]
		if op.F != "write" || op.Outcome == history.Fail {
			continue
		}
		value := j.table.ID(op.Input)
		for int(value) >= len(j.slots) {
			j.slots = append(j.slots, slot{none, none})
		}
		s := &j.slots[value]
		if s.group == number {
			// Which of them a read shows cannot be told, so none is judged.
			if s.write != none {
				j.doubts = append(j.doubts, fmt.Sprintf("%s is written more than once, again at event %d; write each value once",
					words.Value(op.Input), op.Call))
				writes[s.write].by, writes[s.write].at, writes[s.write].op = none, history.Never, none
				s.write = none
			}
			continue
		}
		*s = slot{number, int32(len(writes))}
		w := write{op: at, value: value, by: none, at: history.Never}
		if op.Outcome == history.OK && j.rules&ruleAcked != 0 {
			w.by, w.at = at, op.Return
		}
		writes = append(writes, w)
		j.counts.writes++
	}
	return writes
}

// reads are the ok reads of a group, with the writes that they show, each once.
// A value that was written only later is another one.
func (j *judge) reads(number int32, group *bykey.Group, writes []write) []read {
	var reads []read
	stamp := make([]int32, len(writes))
	for _, at := range group.Ops {
		op := &j.ops[at]
		if op.F != "read" || op.Outcome != history.OK {
			continue
		}
		list, ok := op.Output.([]any)
		if !ok {
			j.doubts = append(j.doubts, fmt.Sprintf("the read at event %d says no list of values", op.Call))
			continue
		}
		r := read{op: at}
		for _, value := range list {
			id := j.table.ID(value)
			if int(id) >= len(j.slots) || j.slots[id].group != number {
				continue
			}
			if w := j.slots[id].write; w != none && stamp[w] != at+1 && j.ops[writes[w].op].Call < op.Return {
				stamp[w] = at + 1
				r.writes = append(r.writes, w)
			}
		}
		reads = append(reads, r)
	}
	j.counts.reads += len(reads)
	return reads
}

// judgeRead says whether a read shows all that it must.
func (j *judge) judgeRead(group *bykey.Group, writes []write, order, rank []int32, r read) {
	last := int32(none)
	for _, w := range r.writes {
		if last == none || writes[w].op > writes[last].op {
			last = w
		}
	}
	if last == none {
		return
	}
	call := j.ops[writes[last].op].Call
	due := sort.Search(len(order), func(i int) bool { return writes[order[i]].at >= call })
	if due == 0 {
		return
	}
	j.counts.bound++
	shown := 0
	for _, w := range r.writes {
		if int(rank[w]) < due {
			shown++
		}
	}
	if shown < due {
		j.found.Add(reversed, func() verdict.Finding {
			return j.describe(group, writes, order[:due], last, r)
		})
	}
}

// describe tells of the last write that is missing, and of the one shown that
// was called first after it was certain.
func (j *judge) describe(group *bykey.Group, writes []write, due []int32, last int32, r read) verdict.Finding {
	shown := make(map[int32]bool, len(r.writes))
	for _, w := range r.writes {
		shown[w] = true
	}
	missing := &writes[due[slices.IndexFunc(due, func(w int32) bool { return !shown[w] })]]
	first := last
	for _, w := range r.writes {
		call := j.ops[writes[w].op].Call
		if call > missing.at && call < j.ops[writes[first].op].Call {
			first = w
		}
	}
	by := missing.by
	if j.ops[missing.op].Return < j.ops[writes[first].op].Call {
		by = missing.op // acknowledged in time, though it may have been read before
	}
	return judgement.Witness(group.Key, j.ops, []int32{r.op, missing.op, by, writes[first].op},
		fmt.Sprintf("a read shows %s without %s, which had happened before %[1]s was called",
			words.Value(j.table.Value(writes[first].value)), words.Value(j.table.Value(missing.value))))
}
