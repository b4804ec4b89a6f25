package lock

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/checkers/lease"
	"github.com/tertium-dev/tertium/checkers/linearizable"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/defaults"
)

// Workload is the workload.
type Workload struct{}

var (
	_ harness.Workload     = Workload{}
	_ harness.Configurable = Workload{}
)

// The options of the config.
const (
	// FencingOption is on, the default, or off.
	FencingOption = "fencing"
	// StalledOption is how many of a hundred holders are stopped.
	StalledOption = "stalled"

	usuallyStalled = 2
)

// Name is "lock".
func (Workload) Name() string { return "lock" }

// Doc is one line.
func (Workload) Doc() string {
	return "locks with leases that guard counts, and holders stopped for longer; options fencing, stalled"
}

// Functions are all that the workload does.
func (Workload) Functions() []string { return []string{"acquire", "add-and-get", "release"} }

// Defaults fills what a config leaves open.
func (Workload) Defaults(c *plan.Config) { defaults.Fill(c) }

// Validate returns an error if an option has a value that it cannot have.
func (Workload) Validate(c plan.Config) error {
	if value := c.Options[FencingOption]; !slices.Contains([]string{"", "on", "off"}, value) {
		return fmt.Errorf("option %s is %q; it may be on or off", FencingOption, value)
	}
	_, err := stalledPercent(c)
	return err
}

func stalledPercent(c plan.Config) (int64, error) {
	text := c.Options[StalledOption]
	if text == "" {
		return usuallyStalled, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > 100 {
		return 0, fmt.Errorf("option %s is %q; it must be a number from 0 to 100", StalledOption, text)
	}
	return n, nil
}

// Generators returns the operations. In the drain nobody is stopped; at last
// every count is read through every node.
func (Workload) Generators(c plan.Config) plan.Generators {
	stalled, err := stalledPercent(c)
	if err != nil {
		stalled = 0 // Validate has said so
	}
	return plan.Generators{Main: sections(stalled, 0), Drain: sections(0, fresh(c)), Final: readBack}
}

// Resolver leads workers away from counts that nobody can tell any more.
func (Workload) Resolver(c plan.Config) harness.Resolver { return newResolver(c.AmbiguityBudget) }

// Checkers judge what each lock guards, and its tokens. Without fencing they
// judge that nobody held it beside another.
func (Workload) Checkers(c plan.Config) []harness.Checker {
	return []harness.Checker{
		guarded{linearizable.New(counts())},
		lease.Checker{Exclusion: c.Options[FencingOption] == "off", Held: byHolder},
	}
}

// counts is the model of what locks guard: counters, of which nothing but
// add-and-get is told.
func counts() linearizable.Model {
	model, err := linearizable.ModelNamed("counter", linearizable.Options{})
	if err != nil {
		panic("the model of this workload is gone: " + err.Error())
	}
	model.Functions = []string{"add-and-get"}
	return model
}

// byHolder says that only a holder does such an operation.
func byHolder(op *history.Operation) bool { return op.F == "add-and-get" && op.Input == any(int64(1)) }

// guarded judges the counts, under a name of its own beside those of others.
type guarded struct{ counter harness.Checker }

func (guarded) Name() string { return "guarded-count" }

func (g guarded) Check(ctx context.Context, h *history.History, budget harness.Budget) harness.Report {
	report := g.counter.Check(ctx, h, budget)
	report.Checker = g.Name()
	report.Property = "what each lock guards counts every section once"
	return report
}

const (
	// ttl is the shortest that etcd, with its usual elections, has a lease for.
	ttl = 2 * time.Second
	// stall is long enough for a lease to run out, for the service to notice, and
	// for others to be given the lock and let go of it.
	stall = 2*ttl + time.Second
	// lifetime is that of a lock: a few stalls.
	lifetime = 4 * stall
)
