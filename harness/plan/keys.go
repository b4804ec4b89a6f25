package plan

import (
	"iter"
	"strconv"
)

// ConcurrentKeys divides the workers into groups of the given size, each at
// work on one key at a time; leftover workers join the last group. A worker
// goes on with its group's next key once it has done its part of what the
// generator makes for a key, so that generator should be finite, as by [Limit].
// Inside it, workers are counted from 0 in their group.
//
// Keys are numbered from 0 and dealt out to the groups in turn: of g groups,
// group j has the keys j, j+g, j+2g and so on, without end.
func ConcurrentKeys(size int, key func(n int) string, operations func(key string) Generator) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return func(yield func(Op) bool) {
			size := max(1, size)
			groups := max(1, scope.Config.Workers/size)
			group := min(scope.Worker/size, groups-1)
			first := group * size
			if group == groups-1 {
				size = max(1, scope.Config.Workers-first)
			}
			scope := scope.narrow(first, size)
			for n, idle := group, 0; idle < maxIdle; n, idle = n+groups, idle+1 {
				name := key(n)
				ops := operations(name)
				for op := range ops(scope.Within("key." + strconv.Itoa(n))) {
					op.Key = name
					if !yield(op) {
						return
					}
					idle = 0
				}
			}
		}
	}
}

// maxIdle is how many keys in a row may have no operation for a worker. It
// keeps a generator that has none at all from running for ever.
const maxIdle = 1000

// SequentialKeys works on one key after the other, each worker at its own pace.
// See [ConcurrentKeys].
func SequentialKeys(key func(n int) string, operations func(key string) Generator) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return ConcurrentKeys(max(1, scope.Config.Workers), key, operations)(scope)
	}
}
