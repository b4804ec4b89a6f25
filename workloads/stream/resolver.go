package stream

import (
	"sync"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// next stands for the offset behind the last message that the worker was given
// of a partition.
const next plan.Symbol = "next"

// resolver remembers where each worker is in each partition.
type resolver struct {
	mutex sync.Mutex
	at    map[reader]int64
}

type reader struct {
	worker    int
	partition string
}

func newResolver() *resolver { return &resolver{at: map[reader]int64{}} }

// Resolve says where a poll begins.
func (r *resolver) Resolve(worker int, op plan.Op) plan.Op {
	if op.Value != next {
		return op
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	op.Value = r.at[reader{worker, op.Key}]
	return op
}

// Observe follows what the worker was given.
func (r *resolver) Observe(worker int, op plan.Op, c harness.Completion) {
	if c.Outcome != history.OK {
		return
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	who := reader{worker, op.Key}
	switch op.F {
	case "assign":
		r.at[who], _ = op.Value.(int64)
	case "poll":
		given, _ := c.Value.([]any)
		if len(given) == 0 {
			return
		}
		last, _ := given[len(given)-1].([]any)
		if len(last) != 2 {
			return
		}
		if offset, whole := last[0].(int64); whole {
			r.at[who] = offset + 1
		}
	}
}
