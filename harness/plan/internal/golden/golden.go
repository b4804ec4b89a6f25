// Package golden has plans whose hashes must be the same on every machine.
package golden

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// Case is a plan that goes through as much of the package as one plan can.
type Case struct {
	Name   string
	Seed   uint64
	Config plan.Config
}

// Cases are the plans.
func Cases() []Case {
	small := plan.Config{
		System: "none", Workload: "golden", Nodes: []string{"n1", "n2", "n3"},
		Workers: 5, Rate: 70, WarmUp: time.Second, Time: 24 * time.Second, Settle: 2 * time.Second,
		Timeout: 500 * time.Millisecond, Keys: 7, AmbiguityBudget: 5,
	}
	full := small
	full.Workers, full.Rate = 24, 1500
	for _, spec := range Specs() {
		full.Faults = append(full.Faults, spec.Kind)
	}
	return []Case{
		{"small", 1, small},
		{"full", 1, full},
		{"full, greatest seed", 1<<64 - 1, full},
	}
}

// Expand makes the plan of the case.
func (c Case) Expand() (plan.Plan, error) {
	return plan.Expand(c.Seed, c.Config, Generators(), Specs())
}

// Specs are nine kinds on the wire and nine others.
func Specs() []plan.FaultSpec {
	var specs []plan.FaultSpec
	for i := range 9 {
		specs = append(specs, plan.FaultSpec{
			Kind: "wire-" + strconv.Itoa(i), Family: "wire", Targets: []string{"all", "leader"},
			Args:   map[string][2]int64{"percent": {10, 90}, "delay_ms": {1, int64(10 + i)}},
			Length: time.Duration(i+1) * time.Second, Nodes: 1,
		}, plan.FaultSpec{
			Kind: "node-" + strconv.Itoa(i), Family: []string{"link", "process", "disk"}[i%3],
			Targets: []string{"leader", "follower", "n2"}, Length: 4 * time.Second, Nodes: 3,
		})
	}
	return specs
}

// Generators use every combinator.
func Generators() plan.Generators {
	write := plan.Draw(func(r *plan.Stream, n int64) plan.Op {
		return plan.Op{F: "write", Key: "r" + strconv.FormatInt(r.Below(7), 10), Value: r.Between(-1<<62, 1<<62)}
	})
	cas := plan.Draw(func(r *plan.Stream, n int64) plan.Op {
		return plan.Op{F: "cas", Key: plan.Pick(r, []string{"a", "b", "c"}), Value: []any{plan.Symbol("seen"), n}}
	})
	pay := plan.Map(func(s plan.Scope, op plan.Op) plan.Op {
		op.Idem = fmt.Sprintf("t1/pay/%d.%d", s.Worker, op.Value)
		op.Retries = 3
		op.Value = map[string]any{"to": "æ<&>\u2028", "amount": op.Value, "from": "a1"}
		return op
	}, plan.Draw(func(r *plan.Stream, n int64) plan.Op { return plan.Op{F: "pay", Value: n} }))
	read := plan.Repeat(plan.Op{F: "read", Key: "r0"})
	stop := plan.Condition{F: "pay", Outcome: history.OK, Count: 40}
	return plan.Generators{
		Main: plan.Merge(
			plan.Phases(
				plan.EachWorker(plan.Once(plan.Op{F: "open"})),
				plan.Stagger(0, plan.Mix(
					plan.Weigh(5, write), plan.Weigh(3, cas), plan.Weigh(2, plan.Until(stop, pay)),
					plan.Weigh(1, plan.Limit(9, plan.OnNode("n3", read))),
				)),
			),
			plan.After(time.Second, plan.TimeLimit(3*time.Second, plan.Stagger(20, plan.Reserve(read, plan.Workers(2, write))))),
		),
		Drain: plan.Stagger(50, plan.ConcurrentKeys(2,
			func(n int) string { return "k" + strconv.Itoa(n) },
			func(string) plan.Generator { return plan.Limit(3, write) },
		)),
		Final: plan.Limit(100, plan.OnEachNode(plan.SequentialKeys(
			func(n int) string { return "k" + strconv.Itoa(n%3) },
			func(key string) plan.Generator {
				if key == "k2" {
					return plan.FromSlice(nil)
				}
				return plan.EachWorker(plan.Limit(1, read))
			},
		))),
	}
}

// Print writes the hash of each plan on a line of its own.
func Print(w io.Writer) error {
	for _, c := range Cases() {
		p, err := c.Expand()
		if err != nil {
			return fmt.Errorf("expand %s: %w", c.Name, err)
		}
		if _, err := fmt.Fprintf(w, "%s %s\n", plan.Hash(p), c.Name); err != nil {
			return err
		}
	}
	return nil
}
