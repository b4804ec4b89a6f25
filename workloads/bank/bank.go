package bank

import (
	"iter"
	"strconv"

	"github.com/tertium-dev/tertium/checkers/bank"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/asplanned"
	"github.com/tertium-dev/tertium/workloads/internal/defaults"
)

// Initial is what an account holds that no transfer has touched.
const Initial = 10

// Workload is the workload.
type Workload struct{}

var _ harness.Workload = Workload{}

// Name is "bank".
func (Workload) Name() string { return "bank" }

// Doc is one line.
func (Workload) Doc() string {
	return "transfers between a few accounts, which are read all at once and keep their total"
}

// Functions are all that the workload does.
func (Workload) Functions() []string { return []string{"read", "transfer"} }

// Defaults fills what a config leaves open. Every read takes all accounts, so
// they are few, as in Jepsen.
func (Workload) Defaults(c *plan.Config) {
	if c.Keys == 0 {
		c.Keys = 8
	}
	defaults.Fill(c)
}

// Generators returns the operations. Traffic goes on in the drain; at last the
// accounts are read through every node.
func (Workload) Generators(plan.Config) plan.Generators {
	return plan.Generators{Main: plan.Stagger(0, traffic), Drain: plan.Stagger(0, traffic), Final: readBack}
}

// Resolver leaves operations as they are.
func (Workload) Resolver(plan.Config) harness.Resolver { return asplanned.Resolver{} }

// Checkers judge what reads saw. They know the accounts and the total from the
// config, not from a first read that may be wrong itself.
func (Workload) Checkers(c plan.Config) []harness.Checker {
	names := Accounts(c)
	return []harness.Checker{bank.Checker{Accounts: names, Total: float64(Initial * len(names)), HasTotal: true}}
}

// Accounts are the names of the accounts of a config.
func Accounts(c plan.Config) []string {
	names := make([]string, max(2, c.Keys))
	for i := range names {
		names[i] = account(int64(i))
	}
	return names
}

func account(n int64) string { return "a" + strconv.FormatInt(n, 10) }

const (
	transferWeight, readWeight = 60, 40
	// most is the largest amount of a transfer.
	most = 5
)

// traffic is transfers and reads, endlessly.
func traffic(scope plan.Scope) iter.Seq[plan.Op] {
	accounts := int64(len(Accounts(scope.Config)))
	return plan.Draw(func(r *plan.Stream, _ int64) plan.Op {
		if r.Weighted([]int{transferWeight, readWeight}) == 1 {
			return read(scope.Config)
		}
		from := r.Below(accounts)
		to := (from + 1 + r.Below(accounts-1)) % accounts
		return plan.Op{F: "transfer", Value: map[string]any{
			"from": account(from), "to": account(to), "amount": r.Between(1, most),
		}}
	})(scope)
}

// read reads all accounts.
func read(c plan.Config) plan.Op {
	var names []any
	for _, name := range Accounts(c) {
		names = append(names, name)
	}
	return plan.Op{F: "read", Value: names}
}

// readBack reads the accounts through every node.
func readBack(scope plan.Scope) iter.Seq[plan.Op] {
	return plan.OnEachNode(plan.Once(read(scope.Config)))(scope)
}
