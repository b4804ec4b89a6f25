package lock

import (
	"strconv"
	"sync"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// resolver remembers which lock has taken the place of one of the plan, and on
// which each worker is.
type resolver struct {
	// budget is how many unknown additions a count may gather.
	budget int
	mutex  sync.Mutex
	left   map[string]*lock
	// section is the lock of a worker's last acquire.
	section map[int]string
}

// lock is what is known of a lock of the plan that had unknown outcomes.
type lock struct {
	// successor is the number of the lock in its place now; 0 is itself.
	successor int
	// unknown is how many additions under that one have an unknown outcome.
	unknown int
}

func newResolver(budget int) *resolver {
	return &resolver{budget: max(1, budget), left: map[string]*lock{}, section: map[int]string{}}
}

// Resolve names the lock that stands in the plan's place now; of a holder, the
// one that it has tried to acquire.
func (r *resolver) Resolve(worker int, op plan.Op) plan.Op {
	if op.Value == exact {
		op.Value = int64(0)
		return op
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if known := r.left[op.Key]; known != nil && known.successor > 0 {
		op.Key += "~" + strconv.Itoa(known.successor)
	}
	switch {
	case op.F == "acquire":
		r.section[worker] = op.Key
	case op.Value != int64(0) && r.section[worker] != "":
		op.Key = r.section[worker]
	}
	return op
}

// Observe counts additions with unknown outcomes.
func (r *resolver) Observe(_ int, op plan.Op, c harness.Completion) {
	if c.Outcome != history.Unknown || op.Value != int64(1) {
		return
	}
	name, number := planned(op.Key)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	known := r.left[name]
	if known == nil {
		known = &lock{}
		r.left[name] = known
	}
	if known.successor != number {
		return
	}
	if known.unknown++; known.unknown >= r.budget {
		*known = lock{successor: number + 1}
	}
}
