package membership

import (
	"iter"

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

// model is that of the checker.
const model = "set"

// Name is "membership".
func (Workload) Name() string { return "membership" }

// Doc is one line.
func (Workload) Doc() string {
	return "independent sets, into which several workers put elements, take them out and look for them"
}

// Functions are all that the workload's checker judges.
func (Workload) Functions() []string { return []string{"add", "remove", "contains", "read"} }

// Defaults fills what a config leaves open.
func (Workload) Defaults(c *plan.Config) { defaults.Fill(c) }

// Generators returns the operations. Traffic goes on in the drain; at last every
// element is looked for through every node.
func (Workload) Generators(plan.Config) plan.Generators {
	return plan.Generators{Main: keys.Main(traffic), Drain: keys.Drain(traffic), Final: lookAll}
}

// Resolver leaves operations as they are.
func (Workload) Resolver(plan.Config) harness.Resolver { return asplanned.Resolver{} }

// Checkers judge each element by itself.
func (Workload) Checkers(plan.Config) []harness.Checker {
	return []harness.Checker{named.Checker(model)}
}

// Monitors judge the same while the run goes on.
func (Workload) Monitors(plan.Config) []harness.Monitor {
	return []harness.Monitor{named.Monitor(model)}
}

const (
	addWeight, removeWeight, containsWeight = 35, 25, 40
	// elements is how many each set may have.
	elements = 8
)

var keys = rotation.Keys{Prefix: "m", Uses: 200}

// traffic is operations on places.
func traffic(scope plan.Scope) iter.Seq[plan.Op] {
	return plan.Draw(func(r *plan.Stream, _ int64) plan.Op {
		op := plan.Op{Key: rotation.Draw(r, scope.Config), Value: r.Below(elements)}
		op.F = []string{"add", "remove", "contains"}[r.Weighted([]int{addWeight, removeWeight, containsWeight})]
		return op
	})(scope)
}

// lookAll looks for every element through every node.
func lookAll(scope plan.Scope) iter.Seq[plan.Op] {
	var ops []plan.Op
	for _, key := range keys.All(scope.Config) {
		for element := range int64(elements) {
			ops = append(ops, plan.Op{F: "contains", Key: key, Value: element})
		}
	}
	return plan.OnEachNode(plan.FromSlice(ops))(scope)
}
