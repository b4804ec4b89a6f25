package counter

import (
	"iter"

	"github.com/tertium-dev/tertium/checkers/counterbounds"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/defaults"
	"github.com/tertium-dev/tertium/workloads/internal/named"
	"github.com/tertium-dev/tertium/workloads/internal/rotation"
)

// Workload is the workload.
type Workload struct{}

var (
	_ harness.Workload  = Workload{}
	_ harness.Monitored = Workload{}
)

// model is that of the checker of linearizability.
const model = "counter"

// Name is "counter".
func (Workload) Name() string { return "counter" }

// Doc is one line.
func (Workload) Doc() string {
	return "independent counters, each counted up by one and read by several workers"
}

// Functions are all that the workload's checkers judge.
func (Workload) Functions() []string {
	return []string{"increment", "read", "add", "decrement", "add-and-get"}
}

// Defaults fills what a config leaves open.
func (Workload) Defaults(c *plan.Config) { defaults.Fill(c) }

// Generators returns the operations. Traffic goes on in the drain; at last every
// counter is read through every node.
func (Workload) Generators(plan.Config) plan.Generators {
	return plan.Generators{Main: keys.Main(traffic), Drain: keys.Drain(traffic), Final: readBack}
}

// Resolver leads workers away from counters with too many unknown outcomes.
func (Workload) Resolver(c plan.Config) harness.Resolver { return newResolver(c.AmbiguityBudget) }

// Checkers judge each counter by itself: whether its reads have an order, and
// whether each is within its bounds.
func (Workload) Checkers(plan.Config) []harness.Checker {
	return []harness.Checker{named.Checker(model), counterbounds.New()}
}

// Monitors judge linearizability while the run goes on.
func (Workload) Monitors(plan.Config) []harness.Monitor {
	return []harness.Monitor{named.Monitor(model)}
}

const incrementWeight, readWeight = 60, 40

// exact marks a read of the very counter that the plan names, even if workers
// have moved on to its successor.
const exact plan.Symbol = "exact"

var keys = rotation.Keys{Prefix: "c", Uses: 200}

// traffic is operations on places.
func traffic(scope plan.Scope) iter.Seq[plan.Op] {
	return plan.Draw(func(r *plan.Stream, _ int64) plan.Op {
		op := plan.Op{F: "increment", Key: rotation.Draw(r, scope.Config)}
		if r.Weighted([]int{incrementWeight, readWeight}) == 1 {
			op.F = "read"
		}
		return op
	})(scope)
}

// readBack reads every counter of the plan, and what took its place, through
// every node.
func readBack(scope plan.Scope) iter.Seq[plan.Op] {
	var ops []plan.Op
	for _, key := range keys.All(scope.Config) {
		ops = append(ops, plan.Op{F: "read", Key: key, Value: exact}, plan.Op{F: "read", Key: key})
	}
	return plan.OnEachNode(plan.FromSlice(ops))(scope)
}
