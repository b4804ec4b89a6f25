package register

import (
	"github.com/tertium-dev/tertium/checkers/linearizable"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/defaults"
)

// Workload is the workload.
type Workload struct{}

var (
	_ harness.Workload  = Workload{}
	_ harness.Monitored = Workload{}
)

// Name is "register".
func (Workload) Name() string { return "register" }

// Doc is one line.
func (Workload) Doc() string {
	return "independent registers, each read, written and compared-and-set by several workers"
}

// Functions are all that the workload does.
func (Workload) Functions() []string { return []string{"read", "write", "cas"} }

// Defaults fills what a config leaves open.
func (Workload) Defaults(c *plan.Config) { defaults.Fill(c) }

// Generators returns the operations. Traffic goes on in the drain, on the
// registers that were in use at the end; at last every register that was ever
// in use is read through every node.
func (Workload) Generators(plan.Config) plan.Generators {
	return plan.Generators{Main: mainTraffic, Drain: drainTraffic, Final: readBack}
}

// Resolver fills in the expectations of compare-and-sets, and leads workers
// away from registers with too many unknown outcomes.
func (Workload) Resolver(c plan.Config) harness.Resolver { return newResolver(c.AmbiguityBudget) }

// Checkers judge each register by itself.
func (Workload) Checkers(plan.Config) []harness.Checker {
	return []harness.Checker{linearizable.New(model())}
}

// Monitors judge the same while the run goes on.
func (Workload) Monitors(plan.Config) []harness.Monitor {
	monitor, err := linearizable.NewMonitor(model())
	if err != nil {
		panic("the model of this workload cannot be monitored: " + err.Error())
	}
	return []harness.Monitor{monitor}
}

func model() linearizable.Model {
	model, err := linearizable.ModelNamed("cas-register", linearizable.Options{})
	if err != nil {
		panic("the model of this workload is gone: " + err.Error())
	}
	return model
}
