// Package transactions has the traffic of workloads whose operations are
// transactions: lists of micro-operations [function, key, value].
package transactions

import (
	"iter"

	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/internal/rotation"
)

const (
	// longest is how many reads and writes of its own a transaction has at most.
	longest = 4
	// readAtOnce is how many keys a transaction reads in the end.
	readAtOnce = 4
)

// Traffic is transactions on keys, of which a few are hot.
type Traffic struct {
	// Prefix begins the names of keys.
	Prefix string
	// Write is the function of a micro-operation that writes.
	Write string
	// Uses is how many transactions there are, on average, for each key before a
	// fresh one takes its place. Each has two or three reads and writes, and one
	// key in eight gets half of them, so that a hot key has about ten times as
	// many.
	Uses int
	// ReadFirst says that a key is read by the transaction that writes it,
	// before the write.
	ReadFirst bool
}

// Generators returns the operations. Traffic goes on in the drain; at last every
// key is read through every node.
func (t Traffic) Generators() plan.Generators {
	keys := rotation.Keys{Prefix: t.Prefix, Uses: t.Uses, Rename: rename}
	return plan.Generators{
		Main:  keys.Main(t.part(0)),
		Drain: keys.Drain(t.part(1)),
		Final: func(scope plan.Scope) iter.Seq[plan.Op] {
			return plan.OnEachNode(plan.FromSlice(readBack(keys.All(scope.Config))))(scope)
		},
	}
}

// part is transactions on places. The part of the run, 0 or 1, keeps the values
// of both parts apart.
func (t Traffic) part(part int64) plan.Generator {
	return func(scope plan.Scope) iter.Seq[plan.Op] {
		workers := int64(max(1, scope.Config.Workers))
		return plan.Draw(func(r *plan.Stream, n int64) plan.Op {
			var list []any
			known := map[string]bool{}
			for i := range 1 + r.Below(longest) {
				key := rotation.Draw(r, scope.Config)
				if r.Below(2) == 0 {
					list = append(list, read(key))
					known[key] = true
					continue
				}
				if t.ReadFirst && !known[key] {
					list = append(list, read(key))
					known[key] = true
				}
				fresh := longest*(int64(scope.Worker)+workers*(2*n+part)) + i + 1
				list = append(list, []any{t.Write, key, fresh})
			}
			return plan.Op{F: "txn", Value: list}
		})(scope)
	}
}

func read(key string) []any { return []any{"r", key, nil} }

// rename puts the names of keys in for places.
func rename(op plan.Op, name func(place string) string) plan.Op {
	list, _ := op.Value.([]any)
	renamed := make([]any, len(list))
	for i, item := range list {
		micro := item.([]any)
		renamed[i] = []any{micro[0], name(micro[1].(string)), micro[2]}
	}
	op.Value = renamed
	return op
}

// readBack reads every key once.
func readBack(keys []string) []plan.Op {
	var ops []plan.Op
	for start := 0; start < len(keys); start += readAtOnce {
		var list []any
		for _, key := range keys[start:min(start+readAtOnce, len(keys))] {
			list = append(list, read(key))
		}
		ops = append(ops, plan.Op{F: "txn", Value: list})
	}
	return ops
}
