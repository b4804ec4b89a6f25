package plan

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrHolds says that a plan that was to be shrunk did not fail to begin with.
var ErrHolds = errors.New("the plan does not fail")

// Failing runs a plan and reports whether it fails in the way that is looked
// for. An error ends the shrinking; a run that could not be judged is none and
// is simply not failing.
type Failing func(context.Context, Plan) (bool, error)

// Effort bounds the shrinking.
type Effort struct {
	// Repeats is how often a plan is run before it counts as one that does not
	// fail; 0 means once. Runs of real systems fail only sometimes: one that
	// fails every other time needs 5 repeats to be missed once in 32 times.
	Repeats int
	// Runs is the number of runs after which the smallest plan so far will do;
	// 0 means no bound.
	Runs int
}

// Shrunk is the smallest plan that was found to fail.
type Shrunk struct {
	Plan Plan
	// Runs is how many runs it took.
	Runs int
	// Complete is true if the shrinking came to its end within its effort. If
	// the failure does not depend on luck, every single fault and operation
	// that is left is then needed.
	Complete bool
}

// Shrink takes faults, time and operations out of a plan as long as it goes on
// failing, by delta debugging (Zeller and Hildebrandt, 2002). With an error
// comes the smallest plan that had been found by then.
func Shrink(ctx context.Context, p Plan, fails Failing, effort Effort) (Shrunk, error) {
	s := &shrinking{ctx: ctx, best: p, fails: fails, effort: effort}
	if !s.try(p) {
		if s.err == nil {
			s.err = ErrHolds
		}
		return Shrunk{Plan: p, Runs: s.runs}, fmt.Errorf("shrink plan, run %d: %w", s.runs, s.err)
	}
	s.faults()
	s.end()
	s.operations()
	s.trim()
	shrunk := Shrunk{Plan: s.best, Runs: s.runs, Complete: !s.over()}
	if s.err != nil {
		return shrunk, fmt.Errorf("shrink plan, run %d: %w", s.runs, s.err)
	}
	return shrunk, nil
}

type shrinking struct {
	ctx    context.Context
	best   Plan
	fails  Failing
	effort Effort
	runs   int
	spent  bool
	err    error
}

// over reports whether the shrinking has to end.
func (s *shrinking) over() bool { return s.err != nil || s.spent }

// try runs a candidate and takes it for the best plan if it fails.
func (s *shrinking) try(candidate Plan) bool {
	for range max(1, s.effort.Repeats) {
		if s.err == nil {
			s.err = s.ctx.Err()
		}
		if s.effort.Runs > 0 && s.runs >= s.effort.Runs {
			s.spent = true
		}
		if s.over() {
			return false
		}
		s.runs++
		failed, err := s.fails(s.ctx, candidate)
		if err != nil {
			s.err = err
			return false
		}
		if failed {
			s.best = candidate
			return true
		}
	}
	return false
}

// faults takes out every fault that is not needed.
func (s *shrinking) faults() {
	var refs []string
	for _, f := range s.best.Faults {
		refs = append(refs, f.Ref)
	}
	s.reduce(refs)
}

// operations takes out every operation that is not needed. Whole phases and
// workers go first, as a few runs are enough for that.
func (s *shrinking) operations() {
	var all []string
	for _, phase := range s.best.phases() {
		for _, lane := range *phase.lanes {
			var refs []string
			for _, op := range lane {
				refs = append(refs, op.Ref)
			}
			if len(refs) > 0 && !s.over() && s.try(Without(s.best, refs...)) {
				continue
			}
			all = append(all, refs...)
		}
	}
	s.reduce(all)
}

// reduce takes out as many of the named things as it can: ever smaller parts of
// them, down to single ones.
func (s *shrinking) reduce(refs []string) {
	for parts := 1; len(refs) > 0 && !s.over(); {
		size := (len(refs) + parts - 1) / parts
		removed := false
		for from := 0; from < len(refs) && !s.over(); {
			to := min(from+size, len(refs))
			if s.try(Without(s.best, refs[from:to]...)) {
				refs = append(refs[:from:from], refs[to:]...)
				removed = true
				continue
			}
			from = to
		}
		switch {
		case size > 1:
			parts = min(2*parts, len(refs))
		case !removed:
			return
		}
	}
}

// precision is how exactly the end of a plan is found.
const precision = 100 * time.Millisecond

// end looks for the earliest end of the faults at which the plan still fails.
func (s *shrinking) end() {
	holds := time.Duration(0)
	for s.best.Config.Time-holds > precision && !s.over() {
		middle := holds + (s.best.Config.Time-holds)/2
		if !s.try(s.best.cut(middle)) {
			holds = middle
		}
	}
}

// trim ends the plan right after what is left of it.
func (s *shrinking) trim() {
	var last time.Duration
	for _, f := range s.best.Faults {
		last = max(last, f.At+f.For)
	}
	for _, lane := range s.best.Lanes {
		for _, op := range lane {
			last = max(last, op.At)
		}
	}
	length := max(last+time.Millisecond-s.best.Config.WarmUp, time.Millisecond)
	if length < s.best.Config.Time && !s.over() {
		s.try(s.best.cut(length))
	}
}

// cut returns the plan with so much time for faults, without what begins later.
func (p Plan) cut(length time.Duration) Plan {
	p.Config.Time = length
	end := p.Config.WarmUp + length
	p.Faults = only(p.Faults, func(f Fault) bool { return f.At < end })
	lanes := make([][]Op, len(p.Lanes))
	for i, lane := range p.Lanes {
		lanes[i] = only(lane, func(op Op) bool { return op.At < end })
	}
	p.Lanes = lanes
	return p
}
