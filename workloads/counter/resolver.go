package counter

import (
	"strconv"
	"strings"
	"sync"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// resolver remembers which counter has taken the place of one of the plan.
type resolver struct {
	// budget is how many unknown increments a counter may gather.
	budget int
	mutex  sync.Mutex
	left   map[string]*counter
}

// counter is what is known of a counter of the plan that had unknown outcomes.
type counter struct {
	// successor is the number of the counter in its place now; 0 is itself.
	successor int
	// unknown is how many increments of that one have an unknown outcome.
	unknown int
}

func newResolver(budget int) *resolver {
	return &resolver{budget: max(1, budget), left: map[string]*counter{}}
}

// Resolve names the counter that stands in the plan's place now.
func (r *resolver) Resolve(_ int, op plan.Op) plan.Op {
	if op.Value == exact {
		op.Value = nil
		return op
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if known := r.left[op.Key]; known != nil && known.successor > 0 {
		op.Key += "~" + strconv.Itoa(known.successor)
	}
	return op
}

// Observe counts increments with unknown outcomes.
func (r *resolver) Observe(_ int, op plan.Op, c harness.Completion) {
	if c.Outcome != history.Unknown || op.F == "read" {
		return
	}
	name, number := planned(op.Key)
	r.mutex.Lock()
	defer r.mutex.Unlock()
	known := r.left[name]
	if known == nil {
		known = &counter{}
		r.left[name] = known
	}
	if known.successor != number {
		return
	}
	if known.unknown++; known.unknown >= r.budget {
		*known = counter{successor: number + 1}
	}
}

// planned returns the plan's name for a counter and the successor's number.
func planned(key string) (name string, successor int) {
	name, suffix, found := strings.Cut(key, "~")
	if !found {
		return key, 0
	}
	successor, err := strconv.Atoi(suffix)
	if err != nil {
		return key, 0
	}
	return name, successor
}
