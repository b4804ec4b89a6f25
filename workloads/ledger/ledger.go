package ledger

import (
	"time"

	"github.com/tertium-dev/tertium/checkers/conservation"
	"github.com/tertium-dev/tertium/checkers/idempotent"
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

// Name is "ledger".
func (Workload) Name() string { return "ledger" }

// Doc is one line.
func (Workload) Doc() string {
	return "deposits and transfers under idempotency keys, retried as a careful client does, and balances"
}

// Functions are all that the workload does.
func (Workload) Functions() []string {
	return []string{deposit, transfer, balance, accounts, entries}
}

// Defaults fills what a config leaves open. Keys is the number of accounts of
// all tenants together.
func (Workload) Defaults(c *plan.Config) { defaults.Fill(c) }

// Generators returns the operations. The drain sends earlier requests once
// more, among new ones: whoever lost its memory of them in a crash will do them
// again. At last the books of every tenant are read from every node.
func (Workload) Generators(plan.Config) plan.Generators {
	return plan.Generators{Main: mainTraffic, Drain: drainTraffic, Final: readBack}
}

// Resolver has nothing to fill in: this workload plans whole values.
func (Workload) Resolver(plan.Config) harness.Resolver { return asPlanned{} }

// Checkers judge keys and money. If the service is told by the option "key-ttl"
// to forget keys, it may do again what is older than that.
func (Workload) Checkers(c plan.Config) []harness.Checker {
	return []harness.Checker{idempotent.New(keyOptions(c)...), conservation.New()}
}

// Monitors judge the same while the run goes on.
func (Workload) Monitors(c plan.Config) []harness.Monitor {
	keys, err := idempotent.NewMonitor(harness.Budget{}, keyOptions(c)...)
	if err != nil {
		panic("the keys of this workload cannot be monitored: " + err.Error())
	}
	return []harness.Monitor{keys, conservation.NewMonitor(harness.Budget{})}
}

func keyOptions(c plan.Config) []idempotent.Option {
	if ttl, err := time.ParseDuration(c.Options["key-ttl"]); err == nil {
		return []idempotent.Option{idempotent.Expiry(ttl)}
	}
	return nil
}

type asPlanned struct{}

func (asPlanned) Resolve(_ int, op plan.Op) plan.Op        { return op }
func (asPlanned) Observe(int, plan.Op, harness.Completion) {}
