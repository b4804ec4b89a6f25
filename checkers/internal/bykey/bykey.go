// Package bykey splits the operations of a history by the key that they are
// about.
package bykey

import "github.com/tertium-dev/tertium/harness/history"

// Group has the operations on one key.
type Group struct {
	Key string
	// Ops are positions among all operations, ascending, which is the order of
	// their calls.
	Ops []int32
}

// Of groups those operations that have one of some functions, in the order in
// which their keys are first used.
func Of(ops []history.Operation, functions ...string) []Group {
	wanted := func(f string) bool {
		for _, function := range functions {
			if f == function {
				return true
			}
		}
		return false
	}
	ids := make(map[string]int32)
	of := make([]int32, len(ops))
	var counts []int32
	last, id := "", int32(-1)
	total := 0
	for i := range ops {
		of[i] = -1
		if !wanted(ops[i].F) {
			continue
		}
		if key := ops[i].Key; id < 0 || key != last {
			known := false
			if id, known = ids[key]; !known {
				id = int32(len(counts))
				ids[key] = id
				counts = append(counts, 0)
			}
			last = key
		}
		of[i] = id
		counts[id]++
		total++
	}
	all := make([]int32, total)
	groups := make([]Group, len(counts))
	for g, n := range counts {
		groups[g].Ops, all = all[:0:n], all[n:]
	}
	for i := range ops {
		if of[i] >= 0 {
			g := &groups[of[i]]
			g.Key = ops[i].Key
			g.Ops = append(g.Ops, int32(i))
		}
	}
	return groups
}

// Named reports whether all operations of some groups name their key, or none
// does. If not, whoever named none may have meant any key or all of them.
func Named(groups []Group) bool {
	for i := range groups {
		if groups[i].Key == "" {
			return len(groups) == 1
		}
	}
	return true
}
