package stream

import (
	"iter"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/checkers/kafkalog"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/defaults"
)

// Workload is the workload.
type Workload struct{}

var _ harness.Workload = Workload{}

// Batch is about how many messages a poll is given at most. The plan has enough
// polls at the end to come to the end of every partition if it is not less.
const Batch = 1000

// Name is "stream".
func (Workload) Name() string { return "stream" }

// Doc is one line.
func (Workload) Doc() string {
	return "a few logs with offsets, to which several workers send unique messages and which they poll"
}

// Functions are all that the workload's checker judges.
func (Workload) Functions() []string { return []string{"send", "poll", "assign", "subscribe"} }

// Defaults fills what a config leaves open.
func (Workload) Defaults(c *plan.Config) {
	if c.Keys == 0 {
		c.Keys = 4
	}
	defaults.Fill(c)
}

// Generators returns the operations. Traffic goes on in the drain; at last every
// partition is read through every node.
func (Workload) Generators(plan.Config) plan.Generators {
	return plan.Generators{Main: plan.Stagger(0, traffic(0)), Drain: plan.Stagger(0, traffic(1)), Final: readBack}
}

// Resolver fills in where a poll begins.
func (Workload) Resolver(plan.Config) harness.Resolver { return newResolver() }

// Checkers judge each partition by itself.
func (Workload) Checkers(plan.Config) []harness.Checker { return []harness.Checker{kafkalog.New()} }

const sendWeight, pollWeight = 70, 30

// traffic sends to all partitions and polls one. The part of the run, 0 or 1,
// keeps the messages of both parts apart.
func traffic(part int64) plan.Generator {
	return func(scope plan.Scope) iter.Seq[plan.Op] {
		workers, keys := int64(max(1, scope.Config.Workers)), keysOf(scope.Config)
		return plan.Draw(func(r *plan.Stream, n int64) plan.Op {
			if r.Weighted([]int{sendWeight, pollWeight}) == 0 {
				return plan.Op{F: "send", Key: name(r.Below(keys)), Value: 1 + int64(scope.Worker) + workers*(2*n+part)}
			}
			return plan.Op{F: "poll", Key: name(int64(scope.Worker) % keys), Value: next}
		})(scope)
	}
}

// readBack reads every partition through every node, each by one worker.
func readBack(scope plan.Scope) iter.Seq[plan.Op] {
	return func(yield func(plan.Op) bool) {
		polls, unit := pollsToEnd(scope.Config), 0
		for key := range keysOf(scope.Config) {
			for _, node := range scope.Config.Nodes {
				if unit++; (unit-1)%max(1, scope.Config.Workers) != scope.Worker {
					continue
				}
				op := plan.Op{F: "assign", Key: name(key), Node: node, Value: int64(0)}
				for range 1 + polls {
					if !yield(op) {
						return
					}
					op.F, op.Value = "poll", next
				}
			}
		}
	}
}

// pollsToEnd is how many polls are enough to read any partition. Partitions are
// drawn evenly, so none has twice its share.
func pollsToEnd(c plan.Config) int64 {
	sends := int64(max(1, c.Rate)) * int64((c.WarmUp+c.Time+c.Settle)/time.Second+1)
	return 2*sends/keysOf(c)/Batch + 2
}

func keysOf(c plan.Config) int64 { return int64(max(1, c.Keys)) }

func name(i int64) string { return "p" + strconv.FormatInt(i, 10) }
