package workloads

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
)

// composable is a workload that says which functions are its own, so that its
// operations can be told from those of others.
type composable interface {
	harness.Workload
	Functions() []string
}

// composed is several workloads side by side.
type composed struct {
	parts []composable
}

// compose puts workloads side by side. They must not share a function: their
// checkers would judge each other's operations.
func compose(workloads []harness.Workload) (harness.Workload, error) {
	var all composed
	owner := map[string]string{}
	for _, w := range workloads {
		part, ok := w.(composable)
		if !ok {
			return nil, fmt.Errorf("workload %s can only be run by itself: name no other", w.Name())
		}
		for _, f := range part.Functions() {
			if other := owner[f]; other != "" {
				return nil, fmt.Errorf("workloads %s and %s both have the function %s: run one after the other", other, w.Name(), f)
			}
			owner[f] = w.Name()
		}
		all.parts = append(all.parts, part)
	}
	return all, nil
}

// Name is the names of the parts, joined by "+".
func (c composed) Name() string {
	var names []string
	for _, part := range c.parts {
		names = append(names, part.Name())
	}
	return strings.Join(names, "+")
}

func (c composed) Doc() string {
	var docs []string
	for _, part := range c.parts {
		docs = append(docs, part.Doc())
	}
	return strings.Join(docs, "; ")
}

func (c composed) Functions() []string {
	var all []string
	for _, part := range c.parts {
		all = append(all, part.Functions()...)
	}
	return all
}

// Defaults are those of the first part that has any for a setting.
func (c composed) Defaults(config *plan.Config) {
	for _, part := range c.parts {
		part.Defaults(config)
	}
}

// Validate returns the errors of all parts.
func (c composed) Validate(config plan.Config) error {
	var errs []error
	for _, part := range c.parts {
		if part, ok := part.(harness.Configurable); ok {
			errs = append(errs, part.Validate(config))
		}
	}
	return errors.Join(errs...)
}

// Generators reserves each part an equal share of the workers.
func (c composed) Generators(config plan.Config) plan.Generators {
	var main, drain, final []plan.Group
	for i, part := range c.parts {
		workers := config.Workers*(i+1)/len(c.parts) - config.Workers*i/len(c.parts)
		g := part.Generators(config.Share(workers))
		main = append(main, plan.Workers(workers, orNothing(g.Main)))
		drain = append(drain, plan.Workers(workers, orNothing(g.Drain)))
		final = append(final, plan.Workers(workers, orNothing(g.Final)))
	}
	return plan.Generators{
		Main:  plan.Reserve(nil, main...),
		Drain: plan.Reserve(nil, drain...),
		Final: plan.Reserve(nil, final...),
	}
}

func orNothing(g plan.Generator) plan.Generator {
	if g == nil {
		return plan.FromSlice(nil)
	}
	return g
}

// Resolver asks the part that has the operation's function.
func (c composed) Resolver(config plan.Config) harness.Resolver {
	d := dispatch{}
	for _, part := range c.parts {
		r := part.Resolver(config)
		for _, f := range part.Functions() {
			d[f] = r
		}
	}
	return d
}

// Checkers are those of all parts.
func (c composed) Checkers(config plan.Config) []harness.Checker {
	var all []harness.Checker
	for _, part := range c.parts {
		all = append(all, part.Checkers(config)...)
	}
	return all
}

// Monitors are those of the parts that have any.
func (c composed) Monitors(config plan.Config) []harness.Monitor {
	var all []harness.Monitor
	for _, part := range c.parts {
		all = append(all, harness.MonitorsOf(part, config)...)
	}
	return all
}

// dispatch has the resolver of each function.
type dispatch map[string]harness.Resolver

func (d dispatch) Resolve(worker int, op plan.Op) plan.Op {
	if r := d[op.F]; r != nil {
		return r.Resolve(worker, op)
	}
	return op
}

func (d dispatch) Observe(worker int, op plan.Op, c harness.Completion) {
	if r := d[op.F]; r != nil {
		r.Observe(worker, op, c)
	}
}
