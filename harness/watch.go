package harness

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// watchers are called with every completion. Reading the list is one atomic
// load, because every worker does it for every operation.
type watchers struct {
	mu   sync.Mutex
	list atomic.Pointer[[]*watcher]
}

type watcher struct{ see func(history.Event) }

func (w *watchers) add(see func(history.Event)) (stop func()) {
	added := &watcher{see}
	w.edit(func(list []*watcher) []*watcher { return append(list, added) })
	return func() {
		w.edit(func(list []*watcher) []*watcher {
			return slices.DeleteFunc(list, func(one *watcher) bool { return one == added })
		})
	}
}

func (w *watchers) edit(change func([]*watcher) []*watcher) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []*watcher
	if old := w.list.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = change(list)
	w.list.Store(&list)
}

func (w *watchers) tell(e history.Event) {
	if list := w.list.Load(); list != nil {
		for _, one := range *list {
			one.see(e)
		}
	}
}

// tally counts completions for the conditions that a plan holds, and for no
// others.
type tally struct {
	counts map[tallied]*atomic.Int64
	// changed is closed and replaced whenever a counter moves, for those who
	// wait for a condition; nil if the plan holds none.
	mu      sync.Mutex
	changed chan struct{}
}

type tallied struct {
	f       string
	outcome history.Outcome
}

func newTally(p plan.Plan) *tally {
	t := &tally{counts: map[tallied]*atomic.Int64{}, changed: make(chan struct{})}
	need := func(c *plan.Condition) {
		if c != nil {
			t.counts[tallied{c.F, c.Outcome}] = new(atomic.Int64)
		}
	}
	for _, fault := range p.Faults {
		need(fault.After)
	}
	for _, lanes := range [][][]plan.Op{p.Lanes, p.Drain, p.Final} {
		for _, lane := range lanes {
			for _, op := range lane {
				need(op.Unless)
			}
		}
	}
	return t
}

func (t *tally) see(e history.Event) {
	counter := t.counts[tallied{e.F, e.Outcome}]
	if counter == nil {
		return
	}
	counter.Add(1)
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.changed)
	t.changed = make(chan struct{})
}

// holds reports whether the condition does. No condition always does.
func (t *tally) holds(c *plan.Condition) bool {
	return c == nil || t.counts[tallied{c.F, c.Outcome}].Load() >= int64(c.Count)
}

// next returns a channel that is closed when a counter moves.
func (t *tally) next() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.changed
}
