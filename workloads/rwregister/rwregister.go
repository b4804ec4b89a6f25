package rwregister

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

// Name is "rw-register".
func (Workload) Name() string { return "rw-register" }

// Doc is one line.
func (Workload) Doc() string {
	return "transactions that read registers and write what they have read, a few of them hot; option consistency-model"
}

// Functions are all that the workload does.
func (Workload) Functions() []string { return []string{"txn"} }

// Defaults fills what a config leaves open.
func (Workload) Defaults(c *plan.Config) { defaults.Fill(c) }

// Validate returns an error if there is no consistency model of the name that is
// asked for.
func (Workload) Validate(c plan.Config) error {
	return transactions.Validate(transactional.RWRegister, c)
}

// Generators returns the operations. Traffic goes on in the drain; at last every
// key is read through every node.
func (Workload) Generators(plan.Config) plan.Generators {
	return transactions.Traffic{Prefix: "x", Write: "w", Uses: usesPerKey, ReadFirst: true}.Generators()
}

// Resolver leaves operations as they are.
func (Workload) Resolver(plan.Config) harness.Resolver { return asplanned.Resolver{} }

// Checkers judge all transactions together.
func (Workload) Checkers(c plan.Config) []harness.Checker {
	return transactions.Checkers(transactional.RWRegister, c)
}

// usesPerKey is less than it is for lists: a list shows where the write of a
// transaction with an unknown outcome belongs, and a register does not. With
// many of these on one key, checks do not come to an end.
const usesPerKey = 4
