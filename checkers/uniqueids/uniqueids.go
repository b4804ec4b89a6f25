// Package uniqueids judges generators of unique ids: no two calls of generate
// may be answered with the same id.
//
//	f         value of invocation  value of an ok completion
//	generate  anything             the id, whatever it is
//
// Ids are compared within a Key. An id whose call failed, or whose answer never
// came, was told to nobody, so that nobody can be told it again. That is all
// there is to know: any history in which the ids told are different is one of a
// generator that counts. Time is linear.
package uniqueids

import (
	"context"
	"fmt"

	"github.com/tertium-dev/tertium/checkers/internal/bykey"
	"github.com/tertium-dev/tertium/checkers/internal/findings"
	"github.com/tertium-dev/tertium/checkers/internal/intern"
	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

const duplicated = "duplicated-id"

// Checker judges ids. Make one with [New].
type Checker struct {
	function string
	rules    rules
}

// Option changes what [New] returns.
type Option func(*Checker)

// Function names the operation that generates an id. The default is "generate".
func Function(f string) Option { return func(c *Checker) { c.function = f } }

// New returns a checker.
func New(options ...Option) *Checker {
	c := &Checker{function: "generate", rules: allRules}
	for _, option := range options {
		option(c)
	}
	return c
}

// rules are the parts of the property; tests take them out.
type rules uint32

const (
	// ruleUnique: no id is told twice.
	ruleUnique rules = 1 << iota

	allRules = 1<<iota - 1
)

// Name is "unique-ids".
func (*Checker) Name() string { return "unique-ids" }

// bytesPerOperation is what the judging holds on to.
const bytesPerOperation = 160

// Check judges the history. It is unknown if no key has two ids.
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	report := verdict.Report{Checker: c.Name(), Property: "no two ids are equal", Method: "one table of all ids"}
	return judgement.Report(ctx, h, budget, report, bytesPerOperation, c.judge)
}

func (c *Checker) judge(ctx context.Context, ops []history.Operation) (judgement.Judgement, error) {
	j := judgement.Judgement{Found: findings.New(duplicated)}
	table := intern.New(len(ops))
	attempts, acked, compared := 0, 0, 0
	ids := &extent{}
	var first []sighting
	for number, group := range bykey.Of(ops, c.function) {
		before := acked
		for _, at := range group.Ops {
			if attempts%judgement.Poll == 0 && ctx.Err() != nil {
				return c.done(j, attempts, acked, compared, ids), ctx.Err()
			}
			attempts++
			op := &ops[at]
			switch {
			case op.Outcome != history.OK:
				continue
			case op.Output == nil:
				j.Doubts = append(j.Doubts, fmt.Sprintf("the %s at event %d was answered without an id", op.F, op.Call))
				continue
			}
			acked++
			ids.add(op.Output)
			id := table.ID(op.Output)
			for int(id) >= len(first) {
				first = append(first, sighting{group: -1})
			}
			if seen := &first[id]; seen.group != int32(number) {
				*seen = sighting{int32(number), at}
			} else if c.rules&ruleUnique != 0 {
				j.Found.Add(duplicated, func() verdict.Finding {
					return judgement.Witness(group.Key, ops, []int32{at, seen.op},
						fmt.Sprintf("%s was told twice", words.Value(op.Output)))
				})
			}
		}
		if acked-before > 1 {
			compared += acked - before
		}
	}
	return c.done(j, attempts, acked, compared, ids), nil
}

// sighting is the first operation of a key that was told an id.
type sighting struct{ group, op int32 }

func (c *Checker) done(j judgement.Judgement, attempts, acked, compared int, ids *extent) judgement.Judgement {
	j.Judged = acked
	if compared == 0 {
		j.Doubts = append(j.Doubts, "no two ids were told, so there was nothing to compare")
	}
	j.Covered = fmt.Sprintf("%d ids are all different", compared)
	j.Figures = append(j.Figures, judgement.Operations("attempts", attempts), judgement.Operations("acknowledged", acked))
	if ids.any {
		j.Figures = append(j.Figures,
			verdict.Figure{Name: "lowest id", Value: float64(ids.low)}, verdict.Figure{Name: "highest id", Value: float64(ids.high)})
	}
	return j
}

// extent is the range of those ids that are integers.
type extent struct {
	any       bool
	low, high int64
}

func (e *extent) add(id any) {
	n, ok := id.(int64)
	if !ok {
		return
	}
	if !e.any {
		*e = extent{true, n, n}
	}
	e.low, e.high = min(e.low, n), max(e.high, n)
}
