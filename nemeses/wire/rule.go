package wire

import (
	"strconv"
	"sync"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/params"
)

var _ cluster.Rule = (*rule)(nil)

// rule treats the messages of one link.
type rule struct {
	fault  *fault
	to     string
	others []string
	remove func() // takes it off the link

	mu     sync.Mutex
	healed bool
	holes  map[hole]bool
}

// hole is a direction of a connection in which a message is missing.
type hole struct {
	conn  uint64
	reply bool
}

// Dial lets every connection be opened.
func (r *rule) Dial() cluster.Action { return cluster.Action{} }

// Judge treats the message if the draw says so.
func (r *rule) Judge(m cluster.Message) cluster.Action {
	r.mu.Lock()
	defer r.mu.Unlock()
	here := hole{m.Conn, m.Reply}
	if r.holes[here] {
		return cluster.Action{Reset: true}
	}
	if r.healed || !r.fault.concerns(r.fault.protocol, m) {
		return cluster.Action{}
	}
	action, treated := r.fault.treatNext(m, r.others)
	if !treated {
		return cluster.Action{}
	}
	if action.Drop {
		r.holes[here] = true
	}
	return action
}

// heal ends the treatment, and takes the rule off if it left no holes.
func (r *rule) heal() {
	r.mu.Lock()
	r.healed = true
	whole := len(r.holes) == 0
	r.mu.Unlock()
	if whole {
		r.remove()
	}
}

// treatNext draws for the next message, and counts what comes of it.
func (f *fault) treatNext(m cluster.Message, others []string) (cluster.Action, bool) {
	n := f.seen.Add(1) - 1
	draws := plan.NewStream(f.plan.Salt, "message", strconv.FormatInt(n, 10))
	if percent, drawn := f.args[params.Percent]; drawn && draws.Below(100) >= percent {
		return cluster.Action{}, false
	}
	action, treated := f.treat(patient{m, f.args, draws, others})
	if !treated {
		return cluster.Action{}, false
	}
	if len(action.Copies) == 0 {
		f.treated.Add(1)
	}
	for i := range action.Copies {
		action.Copies[i].Done = func(delivered bool) {
			if delivered {
				f.treated.Add(1)
			}
		}
	}
	return action, true
}
