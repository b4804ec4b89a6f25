package proxy

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// rules is a list of rules that is read without a lock: every change makes a
// new list.
type rules struct {
	change sync.Mutex
	list   atomic.Pointer[[]*entry]
}

// entry is one rule as it was added. The same rule added twice has two.
type entry struct{ rule cluster.Rule }

func (r *rules) add(rule cluster.Rule) *entry {
	r.change.Lock()
	defer r.change.Unlock()
	e := &entry{rule}
	list := append(slices.Clone(r.all()), e)
	r.list.Store(&list)
	return e
}

// remove says whether the entry was still there.
func (r *rules) remove(e *entry) bool {
	r.change.Lock()
	defer r.change.Unlock()
	list := r.all()
	i := slices.Index(list, e)
	if i < 0 {
		return false
	}
	list = slices.Delete(slices.Clone(list), i, i+1)
	r.list.Store(&list)
	return true
}

func (r *rules) all() []*entry {
	if list := r.list.Load(); list != nil {
		return *list
	}
	return nil
}

// sentence is what all rules together say of a message.
type sentence struct {
	cluster.Action
	// droppedBy are the rules that want it dropped.
	droppedBy []*entry
}

func (r *rules) judge(m cluster.Message) sentence {
	var s sentence
	for _, e := range r.all() {
		s.add(e, e.rule.Judge(m))
	}
	return s
}

func (r *rules) dial() sentence {
	var s sentence
	for _, e := range r.all() {
		s.add(e, e.rule.Dial())
	}
	return s
}

// add combines: delays sum, the shortest truncation wins, everything else
// happens if any rule wants it.
func (s *sentence) add(e *entry, a cluster.Action) {
	s.Delay += max(a.Delay, 0)
	s.Reset = s.Reset || a.Reset
	s.ResetAfter = s.ResetAfter || a.ResetAfter
	if a.Drop {
		s.Drop = true
		s.droppedBy = append(s.droppedBy, e)
	}
	if a.Keep > 0 && (s.Keep == 0 || a.Keep < s.Keep) {
		s.Keep = a.Keep
	}
	if first, second := s.Before, a.Before; first != nil && second != nil {
		s.Before = func() { first(); second() }
	} else if second != nil {
		s.Before = second
	}
	s.Copies = append(s.Copies, a.Copies...)
}
