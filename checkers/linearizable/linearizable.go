package linearizable

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// What a check may use if its budget does not say.
const (
	DefaultTime   = time.Minute
	DefaultMemory = 1 << 30
)

// Checker judges histories by a model.
type Checker struct {
	model   Model
	workers int
	engine  Engine
}

// Option changes a checker.
type Option func(*Checker)

// Workers bounds how many objects are judged at once. The default is one per
// processor.
func Workers(n int) Option { return func(c *Checker) { c.workers = max(1, n) } }

// With names the engine that decides. The default is [Automatic].
func With(e Engine) Option { return func(c *Checker) { c.engine = e } }

// New returns a checker for a model.
func New(model Model, options ...Option) *Checker {
	c := &Checker{model: model, workers: runtime.GOMAXPROCS(0)}
	for _, option := range options {
		option(c)
	}
	return c
}

// Name returns "linearizable".
func (c *Checker) Name() string { return "linearizable" }

// Check judges a history, object by object. Its verdict is Unknown, with the
// reason in Cause, if there was nothing to judge, if the history or a value in
// it makes no sense, or if the budget was used up.
func (c *Checker) Check(ctx context.Context, h *history.History, budget verdict.Budget) verdict.Report {
	return c.check(ctx, budget, h.Validate, func(ctx context.Context, memory int64, t *tally) {
		c.judge(ctx, h.Operations(), memory, t)
	})
}

// CheckColumns is [Checker.Check] for the columnar view of a history, and gives
// the same report. The models register, cas-register, queue, stack, counter,
// mutex, set and log are judged from the columns themselves, which is several
// times faster; others, and objects with values that come again, get their
// operations in full.
func (c *Checker) CheckColumns(ctx context.Context, view *columns.Columns, budget verdict.Budget) verdict.Report {
	valid := func() error { return nil } // a view has been validated
	return c.check(ctx, budget, valid, func(ctx context.Context, memory int64, t *tally) {
		c.judgeColumns(ctx, view, memory, t)
	})
}

func (c *Checker) check(ctx context.Context, budget verdict.Budget, validate func() error, judge func(context.Context, int64, *tally)) verdict.Report {
	report := verdict.Report{
		Checker:  c.Name(),
		Property: "every object is linearizable as " + c.model.Property,
	}
	if err := errors.Join(c.model.validate(), validate()); err != nil {
		report.Cause = "not judged: " + err.Error()
		return report
	}
	if budget.Time <= 0 {
		budget.Time = DefaultTime
	}
	if budget.Memory <= 0 {
		budget.Memory = DefaultMemory
	}
	ctx, cancel := context.WithTimeout(ctx, budget.Time)
	defer cancel()
	t := newTally()
	judge(ctx, budget.Memory, t)
	c.conclude(ctx, &report, t, budget.Memory)
	return report
}

// judge adds what it finds out about the objects of operations.
func (c *Checker) judge(ctx context.Context, operations []history.Operation, memory int64, t *tally) {
	objects := c.model.objects(operations)
	t.add(objects, c.decideAll(ctx, objects, memory))
}

// decideAll judges all objects, small ones first, so that one that is too large
// takes no time from the others.
func (c *Checker) decideAll(ctx context.Context, objects []object, memory int64) []decision {
	results := make([]decision, len(objects))
	order := make([]int, len(objects))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(objects[a].ops) - len(objects[b].ops) })
	var group errgroup.Group
	group.SetLimit(c.workers)
	d := c.decider(memory / int64(c.workers))
	for _, i := range order {
		group.Go(func() error {
			if objects[i].malformed != nil {
				results[i] = decision{reason: objects[i].malformed.Error()}
			} else {
				results[i] = d.decide(ctx, objects[i].ops)
			}
			return nil
		})
	}
	_ = group.Wait() // no judge returns an error
	return results
}
