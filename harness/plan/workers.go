package plan

import (
	"iter"
	"strconv"
)

// Group is a generator with the number of workers that it is reserved.
type Group struct {
	workers   int
	generator Generator
}

// Workers reserves a generator so many workers.
func Workers(n int, g Generator) Group { return Group{n, g} }

// Reserve divides the workers among generators, in order: the first group has
// the workers from 0 on. Inside its group a generator counts the workers from 0
// and has their part of the rate. Workers that no group claims do rest, which
// may be nil.
func Reserve(rest Generator, groups ...Group) Generator {
	return func(scope Scope) iter.Seq[Op] {
		first := 0
		for i, group := range groups {
			count := min(max(0, group.workers), max(0, scope.Config.Workers-first))
			if scope.Worker < first+count {
				return group.generator(scope.Within("reserve."+strconv.Itoa(i)).narrow(first, count))
			}
			first += count
		}
		if rest == nil {
			return none
		}
		return rest(scope.Within("rest").narrow(first, scope.Config.Workers-first))
	}
}

// EachWorker gives each worker all that the generator makes, as if it were the
// only one.
func EachWorker(g Generator) Generator {
	return func(scope Scope) iter.Seq[Op] {
		return g(scope.Within("each."+strconv.Itoa(scope.Worker)).narrow(scope.Worker, 1))
	}
}

func none(func(Op) bool) {}
