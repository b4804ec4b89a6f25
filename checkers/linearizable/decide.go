package linearizable

import (
	"context"
	"fmt"
	"strings"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/search"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// Engine is a way to decide.
type Engine int

const (
	// Automatic takes the near-linear algorithm of the model if its conditions
	// hold, and the search otherwise.
	Automatic Engine = iota
	// Search is the general search over all orders.
	Search
	// Porcupine is the library of that name.
	Porcupine
)

// fastChecker is an exact algorithm for the histories of some models.
type fastChecker struct {
	name string
	// decide returns an error if the history does not meet its conditions. The
	// operations are of one object, in the order of their calls.
	decide func(ops []Op) (answer, error)
}

// answer is what an exact algorithm finds out. Operations are positions.
type answer struct {
	valid bool
	// witness are operations among which the contradiction is, if known.
	witness []int
	// core, if not nil, returns operations that are invalid by themselves, and
	// that any legal order of the history can be reduced to, ascending.
	core func() []int
}

var legal = answer{valid: true}

// decision is the answer about one object.
type decision struct {
	verdict verdict.Verdict
	// method is the algorithm that was used, and why.
	method string
	// reason says why the verdict is Unknown.
	reason string
	// failed is the return by which the history is invalid, if known, or -1.
	failed int
	// witness and core are those of the answer.
	witness []int
	core    func() []int
}

// decider decides on histories of one object.
type decider struct {
	model  *Model
	engine Engine
	memory int64
	// narrow is how many configurations the search keeps at first, if not 0.
	narrow int
}

func (c *Checker) decider(memory int64) decider {
	return decider{model: &c.model, engine: c.engine, memory: memory}
}

// decide decides. A model that panics, as one of a user may, is one with which
// nothing can be decided.
func (d decider) decide(ctx context.Context, ops []Op) (result decision) {
	method := "search"
	defer func() {
		if p := recover(); p != nil {
			result = decision{method: method, reason: d.model.panicked(p), failed: -1}
		}
	}()
	switch d.engine {
	case Porcupine:
		method = "porcupine (asked for)"
		return d.porcupine(ctx, ops, 0)
	case Search:
		return d.search(ctx, ops, "search (asked for)")
	}
	var why []string
	for _, fast := range d.model.fast {
		method = fast.name
		got, err := fast.decide(ops)
		if err == nil {
			return got.by(fast.name)
		}
		why = append(why, "not "+fast.name+": "+err.Error())
	}
	if len(why) == 0 {
		why = append(why, "no faster algorithm is known for a "+d.model.Name)
	}
	return d.search(ctx, ops, "search ("+strings.Join(why, "; ")+")")
}

// by is the decision of an algorithm that gave this answer.
func (a answer) by(method string) decision {
	d := decision{verdict: verdict.Invalid, method: method, failed: -1, witness: a.witness, core: a.core}
	if a.valid {
		d.verdict = verdict.Valid
	}
	return d
}

// search decides by the general search.
func (d decider) search(ctx context.Context, ops []Op, method string) decision {
	if d.model.prune != nil {
		ops = d.model.prune(ops)
	}
	p := d.problem(ops)
	if err := search.Check(p); err != nil {
		return decision{reason: err.Error(), method: method, failed: -1}
	}
	r := search.Run(ctx, p, search.Budget{Memory: d.memory, Narrow: d.narrow})
	result := decision{verdict: r.Verdict, method: method, failed: -1}
	if r.Verdict == verdict.Invalid {
		result.failed = ops[r.Failed].Return
	}
	if r.Verdict == verdict.Unknown {
		result.reason = fmt.Sprintf("%s (%s, at most %d configurations at once)", r.Reason, count(len(ops), "operation"), r.Widest)
		if d.model.advice != "" {
			result.reason += "; " + d.model.advice
		}
	}
	return result
}

// problem puts operations into the form of the search.
func (d decider) problem(ops []Op) *search.Problem {
	m := d.model
	p := &search.Problem{
		Init: m.Init, Apply: m.Apply, Alike: m.alike,
		ReadOnly: m.readOnly, Total: m.Total, Overwrites: m.Overwrites,
	}
	numbers := map[any]int32{}
	for _, op := range ops {
		n, known := numbers[op.Step]
		if !known {
			n = int32(len(p.Steps))
			numbers[op.Step] = n
			p.Steps = append(p.Steps, op.Step)
		}
		p.Ops = append(p.Ops, search.Op{Call: op.Call, Return: op.Return, Step: n})
	}
	if m.future != nil {
		p.Future = m.future(ops)
	}
	return p
}
