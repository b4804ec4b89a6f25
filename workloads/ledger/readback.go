package ledger

import (
	"iter"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// readBack reads the books of every tenant from every node: one worker the
// accounts and another the entries. Each reads a second time if any of its
// readings had no answer.
func readBack(scope plan.Scope) iter.Seq[plan.Op] {
	return func(yield func(plan.Op) bool) {
		for i, f := range []string{accounts, entries} {
			if scope.Worker != i%max(1, scope.Config.Workers) {
				continue
			}
			reads := plan.EachWorker(plan.OnEachNode(readOf(f)))
			answered := plan.Condition{F: f, Outcome: history.OK, Count: tenants * len(scope.Config.Nodes)}
			for op := range plan.Phases(reads, plan.Until(answered, reads))(scope.Within(f)) {
				if !yield(op) {
					return
				}
			}
		}
	}
}

// readOf reads one list of each tenant.
func readOf(f string) plan.Generator {
	var ops []plan.Op
	for t := range int64(tenants) {
		ops = append(ops, plan.Op{F: f, Key: tenant(t)})
	}
	return plan.FromSlice(ops)
}
