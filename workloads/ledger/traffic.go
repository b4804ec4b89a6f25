package ledger

import (
	"fmt"
	"iter"

	"github.com/tertium-dev/tertium/harness/plan"
)

// mainTraffic is that of warm-up and faults: every account is funded, then
// payments go on, with twins among them.
func mainTraffic(scope plan.Scope) iter.Seq[plan.Op] {
	// The drain repeats what was sent here, so the random streams must not
	// depend on where among other generators this one stands.
	scope.Path = "ledger"
	pairs, percent := allTwins()
	return plan.Merge(
		plan.Stagger(max(1, scope.Config.Rate*(100-percent)/100), plan.Phases(
			plan.FromSlice(newBank(scope.Config).funding()),
			payments("k"),
		)),
		pairs,
	)(scope)
}

// payments is the traffic of clients who keep what they sent in mind, so as to
// probe what becomes of it when it is sent again. Keys begin with the prefix.
func payments(prefix string) plan.Generator {
	return func(scope plan.Scope) iter.Seq[plan.Op] {
		return func(yield func(plan.Op) bool) {
			c := client{
				bank: newBank(scope.Config), r: scope.Stream(), nodes: scope.Config.Nodes,
				prefix: fmt.Sprintf("%s%d.", prefix, scope.Worker),
			}
			for yield(c.next()) {
			}
		}
	}
}

// drainTraffic sends requests of the main phases again, in random order and to
// random nodes, among new ones.
func drainTraffic(scope plan.Scope) iter.Seq[plan.Op] {
	again := func(scope plan.Scope) iter.Seq[plan.Op] {
		return func(yield func(plan.Op) bool) {
			sent := requestsOf(scope)
			r := scope.Stream()
			for _, i := range r.Shuffled(len(sent)) {
				op := sent[i]
				op.At, op.Node = 0, plan.Pick(r, scope.Config.Nodes)
				if !yield(op) {
					return
				}
			}
		}
	}
	return plan.Stagger(0, plan.Mix(plan.Weigh(60, again), plan.Weigh(40, payments("d"))))(scope)
}

// requestsOf returns the operations under an idempotency key that a worker does
// in the main phases, without those that repeat a key.
func requestsOf(scope plan.Scope) []plan.Op {
	var sent []plan.Op
	known := map[string]bool{}
	limit := scope.Config.WarmUp + scope.Config.Time
	for op := range plan.TimeLimit(limit, mainTraffic)(scope) {
		if op.Idem != "" && !known[op.Idem] {
			known[op.Idem] = true
			sent = append(sent, op)
		}
	}
	return sent
}
