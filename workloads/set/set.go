package set

import (
	"iter"

	"github.com/tertium-dev/tertium/checkers/setfull"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/asplanned"
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
const model = "set"

// Name is "set".
func (Workload) Name() string { return "set" }

// Doc is one line.
func (Workload) Doc() string {
	return "independent sets, to which several workers add unique elements and which they read whole"
}

// Functions are all that the workload's checkers judge.
func (Workload) Functions() []string { return []string{"add", "read", "remove", "contains"} }

// Defaults fills what a config leaves open.
func (Workload) Defaults(c *plan.Config) { defaults.Fill(c) }

// Generators returns the operations. Traffic goes on in the drain; at last every
// set is read through every node.
func (Workload) Generators(plan.Config) plan.Generators {
	return plan.Generators{Main: keys.Main(traffic(0)), Drain: keys.Drain(traffic(1)), Final: readBack}
}

// Resolver leaves operations as they are.
func (Workload) Resolver(plan.Config) harness.Resolver { return asplanned.Resolver{} }

// Checkers judge each set by itself: whether its reads have an order, and what
// became of each element.
func (Workload) Checkers(plan.Config) []harness.Checker {
	return []harness.Checker{named.Checker(model), setfull.New()}
}

// Monitors judge linearizability while the run goes on.
func (Workload) Monitors(plan.Config) []harness.Monitor {
	return []harness.Monitor{named.Monitor(model)}
}

const addWeight, readWeight = 70, 30

var keys = rotation.Keys{Prefix: "s", Uses: 100}

// traffic is operations on places. The part of the run, 0 or 1, keeps the
// elements of both parts apart.
func traffic(part int64) plan.Generator {
	return func(scope plan.Scope) iter.Seq[plan.Op] {
		workers := int64(max(1, scope.Config.Workers))
		return plan.Draw(func(r *plan.Stream, n int64) plan.Op {
			op := plan.Op{F: "read", Key: rotation.Draw(r, scope.Config)}
			if r.Weighted([]int{addWeight, readWeight}) == 0 {
				op.F, op.Value = "add", 1+int64(scope.Worker)+workers*(2*n+part)
			}
			return op
		})(scope)
	}
}

// readBack reads every set through every node.
func readBack(scope plan.Scope) iter.Seq[plan.Op] {
	var ops []plan.Op
	for _, key := range keys.All(scope.Config) {
		ops = append(ops, plan.Op{F: "read", Key: key})
	}
	return plan.OnEachNode(plan.FromSlice(ops))(scope)
}
