package queue

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/checkers/totalqueue"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/asplanned"
	"github.com/tertium-dev/tertium/workloads/internal/defaults"
)

// Workload is the workload.
type Workload struct{}

var (
	_ harness.Workload     = Workload{}
	_ harness.Configurable = Workload{}
)

// Name is "queue".
func (Workload) Name() string { return "queue" }

// Doc is one line.
func (Workload) Doc() string {
	return "a few queues, into which several workers put unique elements and from which they take them; option delivery"
}

// Functions are all that the workload's checker judges.
func (Workload) Functions() []string { return []string{"enqueue", "dequeue", "drain"} }

// DeliveryOption names the option that says how often an element may come out.
const DeliveryOption = "delivery"

// The deliveries, as the option has them.
const (
	AtLeastOnce = "at-least-once"
	ExactlyOnce = "exactly-once"
	AtMostOnce  = "at-most-once"
)

var deliveries = map[string]totalqueue.Delivery{
	AtLeastOnce: totalqueue.AtLeastOnce,
	ExactlyOnce: totalqueue.ExactlyOnce,
	AtMostOnce:  totalqueue.AtMostOnce,
}

// Delivery returns what a config says of it: [AtLeastOnce] if nothing.
func Delivery(c plan.Config) string { return cmp.Or(c.Options[DeliveryOption], AtLeastOnce) }

// Defaults fills what a config leaves open. Elements that a consumer did not
// acknowledge take a while to come back, so a drain is given more time than
// other operations need.
func (Workload) Defaults(c *plan.Config) {
	if c.Keys == 0 {
		c.Keys = 4
	}
	if c.Settle == 0 {
		c.Settle = 4 * time.Second
	}
	if c.Timeout == 0 {
		c.Timeout = 3 * time.Second
	}
	defaults.Fill(c)
}

// Validate returns an error if there is no such delivery.
func (Workload) Validate(c plan.Config) error {
	if _, known := deliveries[Delivery(c)]; known {
		return nil
	}
	return fmt.Errorf("option %s is %q: it may be one of %s",
		DeliveryOption, Delivery(c), strings.Join(slices.Sorted(maps.Keys(deliveries)), ", "))
}

// Generators returns the operations. In the drain elements are only dequeued; at
// last every queue is drained through every node.
func (Workload) Generators(plan.Config) plan.Generators {
	return plan.Generators{Main: plan.Stagger(0, traffic), Drain: plan.Stagger(0, dequeues), Final: drains}
}

// Resolver leaves operations as they are.
func (Workload) Resolver(plan.Config) harness.Resolver { return asplanned.Resolver{} }

// Checkers judge what went in and came out of each queue. If the config is not
// valid the verdict is unknown, for that reason.
func (w Workload) Checkers(c plan.Config) []harness.Checker {
	if err := w.Validate(c); err != nil {
		return []harness.Checker{undecided{err}}
	}
	return []harness.Checker{totalqueue.New(totalqueue.Promise(deliveries[Delivery(c)]))}
}

// undecided is a checker that cannot be made.
type undecided struct{ why error }

func (undecided) Name() string { return "total-queue" }

func (u undecided) Check(context.Context, *history.History, harness.Budget) harness.Report {
	return harness.Report{Checker: u.Name(), Property: "what goes in comes out", Cause: "not judged: " + u.why.Error()}
}

// Weights of the traffic: of a hundred elements that are enqueued, about eleven
// are still inside when the faults end.
const enqueueWeight, dequeueWeight = 53, 47

func traffic(scope plan.Scope) iter.Seq[plan.Op] {
	workers := int64(max(1, scope.Config.Workers))
	return plan.Draw(func(r *plan.Stream, n int64) plan.Op {
		op := plan.Op{F: "dequeue", Key: draw(r, scope.Config)}
		if r.Weighted([]int{enqueueWeight, dequeueWeight}) == 0 {
			op.F, op.Value = "enqueue", 1+int64(scope.Worker)+workers*n
		}
		return op
	})(scope)
}

func dequeues(scope plan.Scope) iter.Seq[plan.Op] {
	return plan.Draw(func(r *plan.Stream, _ int64) plan.Op {
		return plan.Op{F: "dequeue", Key: draw(r, scope.Config)}
	})(scope)
}

// drains are dealt out by queue, so that no two workers drain the same one.
func drains(scope plan.Scope) iter.Seq[plan.Op] {
	var ops []plan.Op
	for i := range int64(max(1, scope.Config.Keys)) {
		ops = append(ops, plan.Op{F: "drain", Key: name(i)})
	}
	return plan.OnEachNode(plan.FromSlice(ops))(scope)
}

func draw(r *plan.Stream, c plan.Config) string { return name(r.Below(int64(max(1, c.Keys)))) }

func name(i int64) string { return "q" + strconv.FormatInt(i, 10) }
