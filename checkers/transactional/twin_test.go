package transactional

import (
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
)

// twin decides by trying everything, from the definitions of the levels and not
// from those of the anomalies.
type twin struct {
	scenario
	// before says which transactions must be before which.
	before func(a, b txn) bool
	// in says which transactions are part of the execution at hand.
	in []bool
}

func unordered(a, b txn) bool { return false }

func sameProcess(a, b txn) bool {
	return a.process == b.process && a.outcome == history.OK && a.ret < b.call
}

func realTime(a, b txn) bool { return a.outcome == history.OK && a.ret < b.call }

// some says whether any choice of the transactions with unknown outcome passes.
func (w *twin) some(test func() bool) bool {
	w.in = make([]bool, len(w.txns))
	var unknown []int
	for i, t := range w.txns {
		w.in[i] = t.outcome == history.OK
		if t.outcome == history.Unknown {
			unknown = append(unknown, i)
		}
	}
	for chosen := range 1 << len(unknown) {
		for bit, i := range unknown {
			w.in[i] = chosen>>bit&1 != 0
		}
		if test() {
			return true
		}
	}
	return false
}

// fits runs a transaction on a state, which it changes, and says whether it is
// answered as it was.
func (w *twin) fits(t txn, s *state) bool {
	for _, m := range t.steps {
		if m.write {
			s.apply(m)
			continue
		}
		if t.outcome != history.OK {
			continue
		}
		expected := m
		s.saw(w.workload, &expected)
		if expected.value != m.value || !slices.Equal(expected.list, m.list) {
			return false
		}
	}
	return true
}

// consistent says that transactions read what they themselves had read or
// written before.
func (s scenario) consistent() bool {
	for _, t := range s.txns {
		if t.outcome != history.OK {
			continue
		}
		// known is the end of the list, or all of it.
		var known [mostKeys][]int
		var whole [mostKeys]bool
		for _, m := range t.steps {
			list := &known[m.key]
			saw := m.list
			if s.workload == RWRegister {
				saw = []int{m.value}
			}
			switch {
			case m.write && s.workload == RWRegister:
				*list, whole[m.key] = saw, true
			case m.write:
				*list = append((*list)[:len(*list):len(*list)], m.value)
			case len(saw) < len(*list), whole[m.key] && len(saw) > len(*list), !slices.Equal(saw[len(saw)-len(*list):], *list):
				return false
			default:
				*list, whole[m.key] = saw, true
			}
		}
	}
	return true
}

// allows says whether a level allows the scenario.
func (s scenario) allows(level string) bool {
	w := &twin{scenario: s, before: unordered}
	switch {
	case len(level) > 15 && level[:15] == "strong-session-":
		w.before, level = sameProcess, level[15:]
	case len(level) > 7 && level[:7] == "strong-":
		w.before, level = realTime, level[7:]
	case level == "strict-serializable":
		w.before, level = realTime, "serializable"
	}
	switch level {
	case "serializable":
		return w.serializable()
	case "snapshot-isolation":
		return w.snapshotIsolated()
	case "repeatable-read":
		return w.adya(true, graph.ordered)
	case "update-serializable":
		return w.adya(true, w.updates)
	case "cursor-stability":
		return w.adya(true, graph.stable)
	case "parallel-snapshot-isolation":
		return s.consistent() && w.adya(true, graph.atomic)
	case "consistent-view":
		return w.adya(true, graph.unmissed)
	case "read-committed":
		return w.adya(true, graph.acyclic)
	case "read-uncommitted":
		return w.adya(s.workload == ListAppend, graph.acyclic)
	}
	panic(level)
}

// normal is the scenario as the definitions take it. It replaces what a register held at first by nil. That is what was read
// and never written, if there is one such value and nil was not read.
func (s scenario) normal() scenario {
	if s.workload != RWRegister {
		return s
	}
	type keyed struct{ key, value int }
	written := map[keyed]bool{}
	for _, t := range s.txns {
		for _, m := range t.steps {
			if m.write {
				written[keyed{m.key, m.value}] = true
			}
		}
	}
	first := map[int]int{}
	for _, t := range s.txns {
		for _, m := range t.steps {
			if _, met := first[m.key]; t.outcome != history.OK || m.write || met && m.value != 0 {
				continue
			}
			if m.value == 0 || !written[keyed{m.key, m.value}] {
				first[m.key] = m.value
			}
		}
	}
	normal := scenario{workload: s.workload}
	for _, t := range s.txns {
		t.steps = slices.Clone(t.steps)
		for i := range t.steps {
			if m := &t.steps[i]; !m.write && m.value == first[m.key] {
				m.value = 0
			}
		}
		normal.txns = append(normal.txns, t)
	}
	return normal
}
