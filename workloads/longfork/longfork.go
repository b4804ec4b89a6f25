package longfork

import (
	"cmp"
	"iter"
	"slices"
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

const (
	// readsPerGroup is how often a group is read while it is written, and once more
	// with the next one, for nodes that are behind.
	readsPerGroup = 14
	// uses is how many operations there are for each group.
	uses = GroupSize + readsPerGroup
	// moment is how long it takes until all that are interested have read a group,
	// at the most.
	moment = 20 * time.Millisecond
)

// turns say when each group is in use, one after the other.
type turns struct {
	// period is how long it is from one group to the next.
	period time.Duration
	// main and drain are how many groups are used in these phases.
	main, drain int64
}

func turnsOf(c plan.Config) turns {
	period := max(time.Millisecond, uses*time.Second/time.Duration(max(1, c.Rate)))
	in := func(length time.Duration) int64 { return int64((length + period - 1) / period) }
	return turns{period, in(c.WarmUp + c.Time), in(c.Settle)}
}

func key(group int64, k int) string {
	return "f" + strconv.FormatInt(group, 10) + "." + strconv.Itoa(k)
}

// traffic is writes and reads of one group after the other, from the first on.
// The operations on a group are dealt out to the workers in turn: all writes come
// at its very beginning, and most reads soon after.
func traffic(first func(turns) int64) plan.Generator {
	return func(scope plan.Scope) iter.Seq[plan.Op] {
		return func(yield func(plan.Op) bool) {
			turns, r := turnsOf(scope.Config), scope.Stream()
			first := first(turns)
			workers := int64(max(1, scope.Config.Workers))
			for n := int64(0); ; n++ {
				group := first + n
				var ops []plan.Op
				for i := range int64(uses) {
					if (group*uses+i)%workers != int64(scope.Worker) {
						continue
					}
					op := plan.Op{F: "txn", At: time.Duration(n) * turns.period}
					switch {
					case i < GroupSize:
						op.Value = []any{[]any{"w", key(group, int(i)), int64(1)}}
					case i == uses-1:
						op.Value = readOf(max(0, group-1))
					default:
						op.At += time.Duration(r.Below(1 + r.Below(int64(min(moment, turns.period)))))
						op.Value = readOf(group)
					}
					ops = append(ops, op)
				}
				slices.SortStableFunc(ops, func(a, b plan.Op) int { return cmp.Compare(a.At, b.At) })
				for _, op := range ops {
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
