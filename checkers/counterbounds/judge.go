package counterbounds

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/bykey"
	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

const (
	missed  = "missed-additions"
	surplus = "surplus"
)

// counter has the running sums of one counter.
type counter struct {
	group *bykey.Group
	// certain are of what was acknowledged so far, and called of what was called.
	certainUp, certainDown, calledUp, calledDown sum
	// broken is true once something was added that is no number.
	broken bool
}

// judge judges all counters of a history at once.
type judge struct {
	*Checker
	ops         []history.Operation
	counters    []counter
	found       *findings.Set
	adds, reads int
	doubts      []string
	// open has the certain sums at the calls of the reads that are open.
	open map[int32][2]sum
}

func (c *Checker) judge(ctx context.Context, ops []history.Operation) (judgement.Judgement, error) {
	j := &judge{Checker: c, ops: ops, found: findings.New(missed, surplus), open: make(map[int32][2]sum)}
	groups := bykey.Of(ops, "add", "increment", "decrement", "read")
	if !bykey.Named(groups) {
		return judgement.Judgement{Doubts: []string{
			"some operations name a counter and some do not, so it cannot be told which are about the same; name it in all or in none",
		}}, nil
	}
	err := j.sweep(ctx, groups)
	if j.reads == 0 && !j.unread {
		j.doubts = append(j.doubts, "no counter was read")
	}
	return judgement.Judgement{
		Judged:  j.adds + j.reads,
		Found:   j.found,
		Doubts:  j.doubts,
		Covered: fmt.Sprintf("%d reads are within the bounds of %d additions", j.reads, j.adds),
		Figures: []verdict.Figure{judgement.Operations("additions", j.adds), judgement.Operations("reads", j.reads)},
	}, err
}

// sweep goes through the calls and returns of all counters in the order of time.
func (j *judge) sweep(ctx context.Context, groups []bykey.Group) error {
	last := -1
	for i := range j.ops {
		last = max(last, j.ops[i].Call)
		if ret := j.ops[i].Return; ret != history.Never {
			last = max(last, ret)
		}
	}
	// at has for each event the operation that it calls, or ^operation if it ends
	// it; counterOf tells which are about counters.
	at := make([]int32, last+1)
	counterOf := make([]int32, last+1)
	for number := range groups {
		j.counters = append(j.counters, counter{group: &groups[number]})
		for _, i := range groups[number].Ops {
			op := &j.ops[i]
			at[op.Call], counterOf[op.Call] = i, int32(number+1)
			if op.Return != history.Never {
				at[op.Return], counterOf[op.Return] = ^i, int32(number+1)
			}
		}
	}
	if j.rules&ruleCalled == 0 {
		for i := range j.counters {
			j.callAll(&j.counters[i])
		}
	}
	for event, number := range counterOf {
		if event%judgement.Poll == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		switch {
		case number == 0:
		case at[event] >= 0:
			j.call(&j.counters[number-1], at[event])
		default:
			j.ret(&j.counters[number-1], ^at[event])
		}
	}
	return nil
}

// callAll counts everything as called at once.
func (j *judge) callAll(c *counter) {
	for _, i := range c.group.Ops {
		if j.ops[i].F != "read" && j.ops[i].Outcome != history.Fail {
			j.call(c, i)
		}
	}
}

// call takes in the call of an operation.
func (j *judge) call(c *counter, at int32) {
	op := &j.ops[at]
	switch {
	case op.Outcome == history.Fail && (j.rules&ruleFailed != 0 || op.F == "read"):
	case op.F != "read":
		n, err := amount(op)
		if err != nil {
			// Whatever it added is missing in the bounds of this counter.
			j.doubts = append(j.doubts, fmt.Sprintf("the %s at event %d cannot be judged, nor its counter: %v", op.F, op.Call, err))
			c.broken = true
			return
		}
		j.adds++
		c.calledUp, c.calledDown = c.calledUp.plus(sumOf(max(0, n))), c.calledDown.plus(sumOf(min(0, n)))
	case op.Outcome == history.OK:
		j.open[at] = [2]sum{c.certainUp, c.certainDown}
	}
}

// ret takes in the return of an operation.
func (j *judge) ret(c *counter, at int32) {
	op := &j.ops[at]
	switch {
	case op.Outcome != history.OK:
	case op.F != "read":
		if n, err := amount(op); err == nil {
			c.certainUp, c.certainDown = c.certainUp.plus(sumOf(max(0, n))), c.certainDown.plus(sumOf(min(0, n)))
		}
	default:
		certain := j.open[at]
		delete(j.open, at)
		if c.broken {
			return
		}
		start := sumOf(j.initial)
		j.judgeRead(c.group, at, start.plus(certain[0]).plus(c.calledDown), start.plus(certain[1]).plus(c.calledUp))
	}
}

func (j *judge) judgeRead(group *bykey.Group, at int32, lower, upper sum) {
	op := &j.ops[at]
	n, ok := op.Output.(int64)
	if !ok {
		j.doubts = append(j.doubts, fmt.Sprintf("the read at event %d says %v, not an integer", op.Call, op.Output))
		return
	}
	j.reads++
	read := sumOf(n)
	if read.compare(lower) < 0 && j.rules&ruleLower != 0 {
		j.blame(missed, group, at, fmt.Sprintf("a read says %v, and what had been acknowledged before it makes at least %v", read, lower))
	}
	if read.compare(upper) > 0 && j.rules&ruleUpper != 0 {
		j.blame(surplus, group, at, fmt.Sprintf("a read says %v, and all that can have been added before it makes at most %v", read, upper))
	}
}

// listed is how many operations beside the read a counterexample may have. If it
// takes more of them they are all alike, and the bound tells more.
const listed = 64

// blame adds a read that is out of a bound, with the operations that this takes:
// those certain that push the sum beyond the read, the largest first until it is
// beyond, and all uncertain ones that may pull it back.
func (j *judge) blame(anomaly string, group *bykey.Group, at int32, summary string) {
	j.found.Add(anomaly, func() verdict.Finding {
		read := &j.ops[at]
		sign := int64(1)
		if anomaly == surplus {
			sign = -1
		}
		total := sumOf(j.initial)
		var push, pull []int32
		for _, i := range group.Ops {
			op := &j.ops[i]
			if op.F == "read" || op.Outcome == history.Fail {
				continue
			}
			n, _ := amount(op)
			switch {
			case n > 0 == (sign > 0) && op.Outcome == history.OK && op.Return < read.Call:
				push = append(push, i)
			case n > 0 != (sign > 0) && n != 0 && op.Call < read.Return:
				pull = append(pull, i)
				total = total.plus(sumOf(n))
			}
		}
		slices.SortStableFunc(push, func(a, b int32) int {
			x, _ := amount(&j.ops[a])
			y, _ := amount(&j.ops[b])
			return cmp.Compare(y, x) * int(sign)
		})
		read64, _ := read.Output.(int64)
		ops := append([]int32{at}, pull...)
		for _, i := range push {
			if total.compare(sumOf(read64))*int(sign) > 0 {
				break
			}
			n, _ := amount(&j.ops[i])
			total = total.plus(sumOf(n))
			ops = append(ops, i)
		}
		remark := fmt.Sprintf("%d of %d operations on the counter are needed to say so", len(ops), len(group.Ops))
		if len(ops) > listed {
			return judgement.Witness(group.Key, j.ops, ops[:1], summary, remark)
		}
		return judgement.Witness(group.Key, j.ops, ops, summary, remark)
	})
}
