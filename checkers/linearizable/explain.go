package linearizable

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Anomaly is the name of what this checker finds.
const Anomaly = "nonlinearizable"

// confirmSteps is how many steps porcupine may take to confirm a counterexample.
// Its time grows exponentially, and a bound on steps, unlike one on time, gives
// the same report every time.
const confirmSteps = 200_000

// told is how many steps of a counterexample are spelled out.
const told = 40

// explain makes an invalid decision understandable.
func (c *Checker) explain(ctx context.Context, s suspect, memory int64) verdict.Finding {
	// The budget may be used up. A counterexample that could be smaller is one
	// all the same, so little time is enough.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), explainTime(ctx))
	defer cancel()
	o := s.object
	m, first := c.minimizer(ctx, s, memory)
	kept := m.run(ctx, first)
	ops := m.essential(kept)
	culprit := 0
	for i, op := range ops {
		if op.Return != Never && (ops[culprit].Return == Never || op.Return > ops[culprit].Return) {
			culprit = i
		}
	}
	finding := verdict.Finding{
		Anomaly: Anomaly,
		Key:     o.key,
		Summary: c.model.summary(o, ops, culprit),
		Steps:   c.model.steps(o, ops),
		Culprit: ops[culprit].Call,
	}
	for _, op := range ops {
		finding.Operations = append(finding.Operations, op.Call)
	}
	slices.Sort(finding.Operations)
	if note := c.confirm(ctx, ops); note != "" {
		finding.Steps = append(finding.Steps, note)
	}
	return finding
}

// minimizer starts from the core of a contradiction if that is known, and from
// all operations otherwise.
func (c *Checker) minimizer(ctx context.Context, s suspect, memory int64) (*minimizer, decision) {
	d := c.decider(memory)
	if s.core != nil {
		core := s.operations(s.core())
		if first := d.decide(ctx, core); first.verdict == verdict.Invalid {
			return newMinimizer(d, core), first
		}
	}
	return newMinimizer(d, s.operations(nil)), s.decision
}

// explainTime is a quarter of the time that is left, within bounds.
func explainTime(ctx context.Context) time.Duration {
	left, err := remaining(ctx)
	if err != nil {
		left = 0
	}
	return min(max(left/4, time.Second), 15*time.Second)
}

// remaining is the time that a context leaves.
func remaining(ctx context.Context) (time.Duration, error) {
	if err := ctx.Err(); err != nil {
		return 0, errors.New("the time budget was used up")
	}
	deadline, bounded := ctx.Deadline()
	if !bounded {
		return DefaultTime, nil
	}
	return max(time.Until(deadline), time.Millisecond), nil
}

// confirm asks porcupine about a counterexample that another engine found.
func (c *Checker) confirm(ctx context.Context, ops []Op) string {
	if c.engine == Porcupine {
		return ""
	}
	switch c.decider(0).porcupine(ctx, ops, confirmSteps).verdict {
	case verdict.Invalid:
		return "Porcupine, asked about these operations alone, finds no order either."
	case verdict.Valid:
		return "Porcupine, asked about these operations alone, finds an order: this is a mistake in one of the two checkers. Please report it."
	}
	return ""
}

// summary is one sentence on a counterexample.
func (m *Model) summary(o object, ops []Op, culprit int) string {
	if m.accuse != nil {
		if sentence := m.accuse(ops, culprit); sentence != "" {
			return sentence
		}
	}
	op := ops[culprit]
	return fmt.Sprintf("process %d %s%s (event %d), and no order of it and %s explains that",
		op.Process, m.tell(op.Operation), onKey(o.key), op.Return, count(len(ops)-1, "other operation"))
}

func onKey(key string) string {
	if key == "" {
		return ""
	}
	return " on " + key
}

// steps tells a counterexample operation by operation, in the order of calls.
func (m *Model) steps(o object, ops []Op) []string {
	var steps []string
	for i, op := range ops {
		if i == told {
			steps = append(steps, fmt.Sprintf("… and %s more", count(len(ops)-told, "operation")))
			break
		}
		steps = append(steps, m.step(op))
	}
	return steps
}

func (m *Model) step(op Op) string {
	when := fmt.Sprintf("events %d to %d", op.Call, op.Return)
	switch {
	case op.Return == Never && op.Outcome == history.Unknown:
		when = fmt.Sprintf("event %d, outcome unknown", op.Call)
	case op.Return == Never:
		when = fmt.Sprintf("event %d, whenever it took effect", op.Call)
	}
	return fmt.Sprintf("process %d %s (%s)", op.Process, m.tell(op.Operation), when)
}
