package register

import (
	"hash/maphash"
	"strconv"
	"strings"
	"sync"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// shards is how many parts the registers are divided among, so that workers
// seldom wait for each other.
const shards = 64

// resolver remembers, for each register of the plan, what was last seen in it
// and which register has taken its place.
type resolver struct {
	// budget is how many unknown outcomes a register may gather.
	budget int
	seed   maphash.Seed
	shards [shards]shard
}

type shard struct {
	sync.Mutex
	registers map[string]*register
}

// register is what is known of a register of the plan.
type register struct {
	// successor is the number of the register in its place now; 0 is itself.
	successor int
	// unknown is how many writes of that one have an unknown outcome.
	unknown int
	// seen is the value last seen in it, or nil if there was none.
	seen any
}

func newResolver(budget int) *resolver {
	r := &resolver{budget: max(1, budget), seed: maphash.MakeSeed()}
	for i := range r.shards {
		r.shards[i].registers = map[string]*register{}
	}
	return r
}

// locked returns a register and the lock that is held on it.
func (r *resolver) locked(name string) (*register, *shard) {
	s := &r.shards[maphash.String(r.seed, name)%shards]
	s.Lock()
	known := s.registers[name]
	if known == nil {
		known = &register{}
		s.registers[name] = known
	}
	return known, s
}

// Resolve names the register that stands in the plan's place now, and fills in
// what a compare-and-set expects. If nothing has been seen there yet, it becomes
// a write: there is no value that it could sensibly expect.
func (r *resolver) Resolve(_ int, op plan.Op) plan.Op {
	if op.Value == exact {
		op.Value = nil
		return op
	}
	known, lock := r.locked(op.Key)
	defer lock.Unlock()
	if known.successor > 0 {
		op.Key += "~" + strconv.Itoa(known.successor)
	}
	if pair, ok := op.Value.([]any); ok && len(pair) == 2 && pair[0] == seen {
		if known.seen == nil {
			op.F, op.Value = "write", pair[1]
		} else {
			op.Value = []any{known.seen, pair[1]}
		}
	}
	return op
}

// Observe learns from an operation, as it was resolved.
func (r *resolver) Observe(_ int, op plan.Op, c harness.Completion) {
	name, number := planned(op.Key)
	known, lock := r.locked(name)
	defer lock.Unlock()
	if known.successor != number {
		return
	}
	if c.Outcome == history.Unknown {
		if op.F != "read" {
			known.unknown++
		}
		if known.unknown >= r.budget {
			*known = register{successor: number + 1}
		}
		return
	}
	if value := shown(op, c); value != nil {
		known.seen = value
	}
}

// shown is the value that an operation shows to be in the register, or nil.
func shown(op plan.Op, c harness.Completion) any {
	switch {
	case op.F == "read" && c.Outcome == history.OK, op.F == "cas" && c.Outcome == history.Fail:
		if value, ok := c.Value.(int64); ok {
			return value
		}
	case op.F == "write" && c.Outcome == history.OK:
		return op.Value
	case op.F == "cas" && c.Outcome == history.OK:
		if pair, ok := op.Value.([]any); ok && len(pair) == 2 {
			return pair[1]
		}
	}
	return nil
}

// planned returns the plan's name for a register and the successor's number.
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
