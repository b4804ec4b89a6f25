package plan

import (
	"errors"
	"fmt"
	"time"
)

// Expand makes the plan that a seed and a config stand for. It is pure.
//
// Main operations fill WarmUp and Time, drain operations fill Settle; what a
// generator yields beyond that is cut off, and the final operations are taken
// whole. The n-th operation of worker 3 is called "w3.n", "drain.w3.n" or
// "final.w3.n". Times of drain and final operations are counted from the start
// of their own phase.
//
// Of the specs, those that the config names in Faults and Script are planned; see
// [FaultSpec]. An error means that the config is not usable, that a generator
// never ends, or that the time is too short for all faults.
func Expand(seed uint64, config Config, generators Generators, specs []FaultSpec) (Plan, error) {
	if err := config.Validate(); err != nil {
		return Plan{}, fmt.Errorf("no plan can be made for this config: %w", err)
	}
	if generators.Main == nil {
		return Plan{}, errors.New("the workload has no operations: give its generators a Main")
	}
	faults, err := allFaults(seed, config, specs)
	if err != nil {
		return Plan{}, err
	}
	p := Plan{Seed: seed, Config: config, Faults: faults}
	e := expansion{seed: seed, config: config}
	p.Lanes = e.lanes("main", "", generators.Main, config.WarmUp+config.Time)
	p.Drain = e.lanes("drain", "drain.", generators.Drain, config.Settle)
	p.Final = e.lanes("final", "final.", generators.Final, maxTime)
	if e.err != nil {
		return Plan{}, e.err
	}
	return p, nil
}

// expansion takes the operations out of generators, as long as all goes well.
type expansion struct {
	seed   uint64
	config Config
	ops    int
	err    error
}

func (e *expansion) lanes(phase, prefix string, g Generator, limit time.Duration) [][]Op {
	if g == nil {
		return nil
	}
	lanes := make([][]Op, e.config.Workers)
	for worker := range lanes {
		if e.err != nil {
			return nil
		}
		scope := Scope{Seed: e.seed, Config: e.config, Worker: worker, Path: phase}
		if lanes[worker], e.err = e.lane(scope, prefix, g, limit); e.err != nil {
			e.err = fmt.Errorf("%s operations of worker %d: %w", phase, worker, e.err)
		}
	}
	return lanes
}

func (e *expansion) lane(scope Scope, prefix string, g Generator, limit time.Duration) ([]Op, error) {
	var lane []Op
	var burst int
	var now time.Duration
	for op := range g(scope) {
		if op.At >= limit {
			break
		}
		if burst++; op.At > now {
			now, burst = op.At, 0
		}
		if burst > maxBurst {
			return nil, fmt.Errorf("there are more than %d in a row without any time between them: put plan.Stagger or plan.Limit around the generator", maxBurst)
		}
		if e.ops++; e.ops > maxOps {
			return nil, fmt.Errorf("the plan would have more than %d operations: lower the rate or the time, or put plan.Limit around the generator", maxOps)
		}
		op.Ref = fmt.Sprintf("%sw%d.%d", prefix, scope.Worker, len(lane))
		if err := op.check(); err != nil {
			return nil, fmt.Errorf("operation %s (%s) cannot be planned: %w", op.Ref, op.F, err)
		}
		lane = append(lane, op)
	}
	return lane, nil
}

// check returns an error if the operation could not be written down.
func (op Op) check() error {
	switch {
	case op.F == "":
		return errors.New("it has no function: set F")
	case op.At < 0:
		return fmt.Errorf("its time is %v: set At to zero or more", op.At)
	case op.Retries < 0:
		return fmt.Errorf("its retries are %d: set them to zero or more", op.Retries)
	case op.Retries > 0 && op.Idem == "":
		return errors.New("it is retried without an idempotency key: set Idem, or Retries to 0")
	}
	return errors.Join(
		checkText(op.F), checkText(op.Key), checkText(op.Idem), checkText(op.Node),
		op.Unless.check(), checkValue(op.Value, 0),
	)
}
