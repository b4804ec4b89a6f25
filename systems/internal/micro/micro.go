// Package micro reads and answers operations that are transactions: lists of
// micro-operations [function, key, value].
package micro

import "fmt"

// Op is one read or write of a transaction.
type Op struct {
	// F is "r" for a read; what writes are called is the workload's.
	F, Key string
	// Value is what a write writes, and nil for a read.
	Value any
}

// Read reports whether it changes nothing.
func (o Op) Read() bool { return o.F == "r" }

// Parse returns the micro-operations of the value of an invocation.
func Parse(value any) ([]Op, error) {
	items, ok := value.([]any)
	if !ok || len(items) == 0 {
		return nil, fmt.Errorf("a transaction of %v: want [function, key, value] of each read and write", value)
	}
	ops := make([]Op, len(items))
	for i, item := range items {
		parts, _ := item.([]any)
		if len(parts) != 3 {
			return nil, fmt.Errorf("a transaction with %v: want [function, key, value]", item)
		}
		f, isText := parts[0].(string)
		key, named := parts[1].(string)
		if !isText || !named {
			return nil, fmt.Errorf("a transaction with %v: its function and its key must be text", item)
		}
		ops[i] = Op{f, key, parts[2]}
	}
	return ops, nil
}

// Answer is the value of a completion: the micro-operations, reads with what they
// saw, which seen returns by the index of the read.
func Answer(ops []Op, seen func(i int) any) []any {
	answer := make([]any, len(ops))
	for i, op := range ops {
		value := op.Value
		if op.Read() {
			value = seen(i)
		}
		answer[i] = []any{op.F, op.Key, value}
	}
	return answer
}
