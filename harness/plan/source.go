package plan

import (
	"iter"
)

// Draw makes one operation after the other, endlessly. The function is given
// the worker's own stream and the number of the draw, from 0.
func Draw(op func(r *Stream, n int64) Op) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return func(yield func(Op) bool) {
			r := scope.Stream()
			for n := int64(0); yield(op(r, n)); n++ {
			}
		}
	}
}

// FromSlice deals operations out to the workers in turn, each to one of them.
func FromSlice(ops []Op) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return func(yield func(Op) bool) {
			for i := scope.Worker; i < len(ops); i += max(1, scope.Config.Workers) {
				if !yield(ops[i]) {
					return
				}
			}
		}
	}
}

// Once makes one operation in all.
func Once(op Op) Generator { return FromSlice([]Op{op}) }

// Repeat makes the same operation endlessly.
func Repeat(op Op) Generator {
	return Draw(func(*Stream, int64) Op { return op })
}

// Limit ends a generator after n operations of all workers together, dealt out
// evenly. Under [EachWorker] it is n for each.
func Limit(n int, g Generator) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return func(yield func(Op) bool) {
			left := scope.dealt(n)
			if left <= 0 {
				return
			}
			for op := range g(scope.Within("limit")) {
				if left--; !yield(op) || left == 0 {
					return
				}
			}
		}
	}
}

// Map changes each operation of a generator.
func Map(change func(Scope, Op) Op, g Generator) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return func(yield func(Op) bool) {
			for op := range g(scope.Within("map")) {
				if !yield(change(scope, op)) {
					return
				}
			}
		}
	}
}

// Until leaves the operations out, in the run, once the condition holds.
func Until(condition Condition, g Generator) Generator {
	return Map(func(_ Scope, op Op) Op {
		op.Unless = &condition
		return op
	}, g)
}

// OnNode sends every operation to one node.
func OnNode(node string, g Generator) Generator {
	return Map(func(_ Scope, op Op) Op {
		op.Node = node
		return op
	}, g)
}

// OnEachNode makes each operation once for every node, and sends it there.
func OnEachNode(g Generator) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return func(yield func(Op) bool) {
			for op := range g(scope.Within("on-each-node")) {
				for _, node := range scope.Config.Nodes {
					op.Node = node
					if !yield(op) {
						return
					}
				}
			}
		}
	}
}
