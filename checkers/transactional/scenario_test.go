package transactional

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
)

// step is a micro-operation of a scenario. A read has what it saw: a list, or a
// value of a register, of which 0 is nil.
type step struct {
	write bool
	key   int
	value int
	list  []int
}

// txn is a transaction of a scenario, called at one time and answered at
// another.
type txn struct {
	steps     []step
	process   int
	call, ret int
	outcome   history.Outcome
}

// scenario is a small history in a form that naive checkers like.
type scenario struct {
	workload Workload
	txns     []txn
}

func (s scenario) String() string {
	var b strings.Builder
	for i, t := range s.txns {
		fmt.Fprintf(&b, "t%d p%d [%d,%d] %v:", i, t.process, t.call, t.ret, t.outcome)
		for _, m := range t.steps {
			switch {
			case m.write:
				fmt.Fprintf(&b, " w(%d,%d)", m.key, m.value)
			case s.workload == ListAppend:
				fmt.Fprintf(&b, " r(%d,%v)", m.key, m.list)
			default:
				fmt.Fprintf(&b, " r(%d,%d)", m.key, m.value)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// history writes the scenario down.
func (s scenario) history() *history.History {
	type moment struct {
		at    int
		event history.Event
	}
	var moments []moment
	for _, t := range s.txns {
		in, out := s.value(t, false), s.value(t, true)
		moments = append(moments, moment{t.call, history.Event{Kind: history.Invoke, Process: t.process, F: "txn", Value: in}})
		done := history.Event{Kind: history.Complete, Process: t.process, F: "txn", Outcome: t.outcome, Value: in}
		if t.outcome == history.OK {
			done.Value = out
		}
		moments = append(moments, moment{t.ret, done})
	}
	events := make([]history.Event, len(moments))
	for i := range events {
		events[i].Kind = history.Nemesis
	}
	for _, m := range moments {
		events[m.at] = m.event
	}
	return history.New(events)
}

func (s scenario) value(t txn, answered bool) any {
	list := []any{}
	for _, m := range t.steps {
		key := fmt.Sprint("k", m.key)
		switch {
		case m.write && s.workload == ListAppend:
			list = append(list, []any{"append", key, int64(m.value)})
		case m.write:
			list = append(list, []any{"w", key, int64(m.value)})
		case !answered || s.workload == RWRegister && m.value == 0:
			list = append(list, []any{"r", key, nil})
		case s.workload == ListAppend:
			elements := []any{}
			for _, element := range m.list {
				elements = append(elements, int64(element))
			}
			list = append(list, []any{"r", key, elements})
		default:
			list = append(list, []any{"r", key, int64(m.value)})
		}
	}
	return list
}

// skeleton draws transactions that have not been executed.
func skeleton(r *rand.Rand, workload Workload) scenario {
	s := scenario{workload: workload}
	n, keys, processes := 2+r.IntN(3), 1+r.IntN(mostKeys), 1+r.IntN(3)
	value := 0
	for range n {
		t := txn{outcome: history.OK}
		switch r.IntN(8) {
		case 0:
			t.outcome = history.Unknown
		case 1:
			t.outcome = history.Fail
		}
		for range 1 + r.IntN(3) {
			m := step{key: r.IntN(keys), write: r.IntN(2) == 0}
			if m.write {
				value++
				m.value = value
			}
			t.steps = append(t.steps, m)
		}
		s.txns = append(s.txns, t)
	}
	s.schedule(r, processes)
	return s
}

// schedule gives the transactions processes and times.
func (s scenario) schedule(r *rand.Rand, processes int) {
	open := map[int]int{}
	names := make([]int, processes)
	for i := range names {
		names[i] = i
	}
	next, now := 0, 0
	for next < len(s.txns) || len(open) > 0 {
		worker := r.IntN(processes)
		if at, busy := open[worker]; busy {
			s.txns[at].ret = now
			now++
			delete(open, worker)
			if s.txns[at].outcome == history.Unknown {
				names[worker] += processes
			}
			continue
		}
		if next < len(s.txns) {
			s.txns[next].process, s.txns[next].call = names[worker], now
			now++
			open[worker] = next
			next++
		}
	}
}

// invent gives reads results that need not make sense.
func (s scenario) invent(r *rand.Rand) {
	written := map[int][]int{}
	for _, t := range s.txns {
		for _, m := range t.steps {
			if m.write {
				written[m.key] = append(written[m.key], m.value)
			}
		}
	}
	for key := range written {
		values := written[key]
		if r.IntN(2) == 0 {
			r.Shuffle(len(values), func(i, j int) { values[i], values[j] = values[j], values[i] })
		}
	}
	for i := range s.txns {
		for j := range s.txns[i].steps {
			m := &s.txns[i].steps[j]
			if m.write {
				continue
			}
			values := written[m.key]
			if s.workload == ListAppend {
				m.list = append([]int(nil), values[:r.IntN(len(values)+1)]...)
			} else if at := r.IntN(len(values) + 1); at > 0 {
				m.value = values[at-1]
			}
		}
	}
}

// mostKeys is how many keys a scenario has at most.
const mostKeys = 3

// state is what keys hold. A copy of it is a state of its own.
type state [mostKeys][]int

func (s *state) apply(m step) {
	list := s[m.key]
	s[m.key] = append(list[:len(list):len(list)], m.value)
}

// saw is what a read of the state is answered with.
func (s *state) saw(workload Workload, m *step) {
	list := s[m.key]
	if workload == ListAppend {
		m.list = list
	} else if m.value = 0; len(list) > 0 {
		m.value = list[len(list)-1]
	}
}

// execute runs the transactions on snapshots that may be old, refusing lost
// updates or not, so that all levels from read committed on occur.
func (s scenario) execute(r *rand.Rand) {
	staleness, strict := r.IntN(4), r.IntN(3) > 0
	order := r.Perm(len(s.txns))
	if r.IntN(2) == 0 {
		for i := range order {
			order[i] = i
		}
	}
	states := []state{{}}
	for _, i := range order {
		t := &s.txns[i]
		current := states[len(states)-1]
		base := states[max(0, len(states)-1-r.IntN(staleness+1))]
		local := base
		clash := false
		for _, m := range t.steps {
			clash = clash || m.write && len(base[m.key]) != len(current[m.key])
		}
		if clash && strict {
			local = current
		}
		after := current
		for j := range t.steps {
			m := &t.steps[j]
			if m.write {
				local.apply(*m)
				after.apply(*m)
			} else {
				local.saw(s.workload, m)
			}
		}
		if t.outcome != history.Fail && (t.outcome == history.OK || r.IntN(2) == 0) {
			states = append(states, after)
		}
	}
}

// corrupt changes one read.
func (s scenario) corrupt(r *rand.Rand) {
	for range 8 {
		t := &s.txns[r.IntN(len(s.txns))]
		m := &t.steps[r.IntN(len(t.steps))]
		if m.write {
			continue
		}
		if s.workload == RWRegister {
			m.value = r.IntN(6)
			return
		}
		if n := len(m.list); n > 0 {
			switch r.IntN(3) {
			case 0:
				m.list = m.list[:n-1]
			case 1:
				m.list = m.list[1:]
			default:
				m.list = append(m.list[:n:n], 1+r.IntN(6))
			}
			return
		}
	}
}

// draw makes a random scenario.
func draw(r *rand.Rand, workload Workload) scenario {
	s := skeleton(r, workload)
	if r.IntN(4) == 0 {
		s.invent(r)
		return s
	}
	s.execute(r)
	if r.IntN(3) == 0 {
		s.corrupt(r)
	}
	return s
}
