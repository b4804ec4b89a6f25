package longfork

import (
	"iter"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/checkers/longfork"
	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/asplanned"
	"github.com/tertium-dev/tertium/workloads/internal/defaults"
)

// GroupSize is how many keys a group has. Where half of the nodes refuse writes,
// half of the keys stay unwritten, and the rest are enough.
const GroupSize = 6

// Workload is the workload.
type Workload struct{}

var _ harness.Workload = Workload{}

// Name is "long-fork".
func (Workload) Name() string { return "long-fork" }

// Doc is one line.
func (Workload) Doc() string {
	return "groups of keys, each key written once, read as a whole while they are written"
}

// Functions are all that the workload's checker judges.
func (Workload) Functions() []string { return []string{"txn", "read", "write"} }

// Defaults fills what a config leaves open.
func (Workload) Defaults(c *plan.Config) { defaults.Fill(c) }

// Generators returns the operations. Traffic goes on in the drain; at last every
// group is read through every node.
func (Workload) Generators(plan.Config) plan.Generators {
	return plan.Generators{
		Main:  traffic(func(turns) int64 { return 0 }),
		Drain: traffic(func(t turns) int64 { return t.main }),
		Final: readBack,
	}
}

// Resolver leaves operations as they are.
func (Workload) Resolver(plan.Config) harness.Resolver { return asplanned.Resolver{} }

// Checkers compare the reads of each group.
func (Workload) Checkers(plan.Config) []harness.Checker {
	return []harness.Checker{longfork.Checker{GroupSize: GroupSize}}
}

// writePercent of all operations write.
const writePercent = 30

// turns say when each group is in use, one after the other.
type turns struct {
	// period is how long a group is in use.
	period time.Duration
	// main and drain are how many groups are used in these phases.
	main, drain int64
}

func turnsOf(c plan.Config) turns {
	writes := int64(max(1, c.Rate*writePercent/100))
	period := max(time.Millisecond, GroupSize*time.Second/time.Duration(writes))
	in := func(length time.Duration) int64 { return int64((length + period - 1) / period) }
	return turns{period, in(c.WarmUp + c.Time), in(c.Settle)}
}

func key(group int64, k int) string {
	return "f" + strconv.FormatInt(group, 10) + "." + strconv.Itoa(k)
}

// traffic is writes and reads of one group after the other, from the first on.
func traffic(first func(turns) int64) plan.Generator {
	return func(scope plan.Scope) iter.Seq[plan.Op] {
		turns := turnsOf(scope.Config)
		first := first(turns)
		reads := plan.Map(func(_ plan.Scope, op plan.Op) plan.Op {
			group := first + int64(op.At/turns.period)
			if op.Key != "" { // of the group before
				op.Key, group = "", max(0, group-1)
			}
			op.Value = readOf(group)
			return op
		}, plan.Stagger(max(1, scope.Config.Rate*(100-writePercent)/100), drawRead))
		return plan.Merge(writes(turns, first), reads)(scope)
	}
}

// before marks a read that comes late to its group.
const before = "before"

// lateShare: one in so many reads is of the group before, for nodes that are
// behind.
const lateShare = 4

func drawRead(scope plan.Scope) iter.Seq[plan.Op] {
	return plan.Draw(func(r *plan.Stream, _ int64) plan.Op {
		op := plan.Op{F: "txn"}
		if r.Below(lateShare) == 0 {
			op.Key = before
		}
		return op
	})(scope)
}

// writes are those of one worker: the keys of a group go to different workers,
// all to be written when a quarter of its time has gone by.
func writes(turns turns, first int64) plan.Generator {
	return func(scope plan.Scope) iter.Seq[plan.Op] {
		return func(yield func(plan.Op) bool) {
			workers := int64(max(1, scope.Config.Workers))
			for group := int64(0); ; group++ {
				for k := range GroupSize {
					if ((first+group)*GroupSize+int64(k))%workers != int64(scope.Worker) {
						continue
					}
					at := time.Duration(group)*turns.period + turns.period/4
					op := plan.Op{F: "txn", At: at, Value: []any{[]any{"w", key(first+group, k), int64(1)}}}
					if !yield(op) {
						return
					}
				}
			}
		}
	}
}

func readOf(group int64) []any {
	var list []any
	for k := range GroupSize {
		list = append(list, []any{"r", key(group, k), nil})
	}
	return list
}

// readBack reads every group through every node.
func readBack(scope plan.Scope) iter.Seq[plan.Op] {
	turns := turnsOf(scope.Config)
	var ops []plan.Op
	for group := range turns.main + turns.drain {
		ops = append(ops, plan.Op{F: "txn", Value: readOf(group)})
	}
	return plan.OnEachNode(plan.FromSlice(ops))(scope)
}
