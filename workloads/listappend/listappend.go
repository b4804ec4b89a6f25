package listappend

import (
	"github.com/tertium-dev/tertium/checkers/transactional"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/asplanned"
	"github.com/tertium-dev/tertium/workloads/internal/defaults"
	"github.com/tertium-dev/tertium/workloads/internal/transactions"
)

// Workload is the workload.
type Workload struct{}

var (
	_ harness.Workload     = Workload{}
	_ harness.Configurable = Workload{}
)

// Name is "list-append".
func (Workload) Name() string { return "list-append" }

// Doc is one line.
func (Workload) Doc() string {
	return "transactions that append to lists and read them, a few of them hot; option consistency-model"
}

// Functions are all that the workload does.
func (Workload) Functions() []string { return []string{"txn"} }

// Defaults fills what a config leaves open.
func (Workload) Defaults(c *plan.Config) { defaults.Fill(c) }

// Validate returns an error if there is no consistency model of the name that is
// asked for.
func (Workload) Validate(c plan.Config) error {
	return transactions.Validate(transactional.ListAppend, c)
}

// Generators returns the operations. Traffic goes on in the drain; at last every
// key is read through every node.
func (Workload) Generators(plan.Config) plan.Generators {
	return transactions.Traffic{Prefix: "l", Write: "append", Uses: usesPerKey}.Generators()
}

// Resolver leaves operations as they are.
func (Workload) Resolver(plan.Config) harness.Resolver { return asplanned.Resolver{} }

// Checkers judge all transactions together.
func (Workload) Checkers(c plan.Config) []harness.Checker {
	return transactions.Checkers(transactional.ListAppend, c)
}

// usesPerKey lets a hot list grow to about a hundred values.
const usesPerKey = 24
