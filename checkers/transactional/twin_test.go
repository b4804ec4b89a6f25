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
func (w *twin) fits(t txn, s state) bool {
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

// serializable tries all orders.
func (w *twin) serializable() bool {
	return w.some(func() bool { return w.serially(make([]bool, len(w.txns)), state{}) })
}

func (w *twin) serially(done []bool, now state) bool {
	all := true
	for i, t := range w.txns {
		if !w.in[i] || done[i] {
			continue
		}
		all = false
		ready := true
		for j, other := range w.txns {
			ready = ready && (!w.in[j] || done[j] || !w.before(other, t))
		}
		if !ready {
			continue
		}
		next := now.clone()
		if !w.fits(t, next) {
			continue
		}
		done[i] = true
		ok := w.serially(done, next)
		done[i] = false
		if ok {
			return true
		}
	}
	return all
}

// snapshotIsolated tries all orders of starts and commits. A transaction reads
// what was committed when it started, and overwrites nothing that was committed
// since.
func (w *twin) snapshotIsolated() bool {
	return w.some(func() bool {
		return w.snapshots(make([]int, len(w.txns)), make([]state, len(w.txns)), state{})
	})
}

// stages of a transaction.
const (
	waiting = iota
	started
	done
)

func (w *twin) snapshots(stage []int, started_ []state, now state) bool {
	all := true
	for i, t := range w.txns {
		if !w.in[i] || stage[i] == done {
			continue
		}
		all = false
		if stage[i] == waiting {
			ready := true
			for j, other := range w.txns {
				ready = ready && (!w.in[j] || stage[j] == done || !w.before(other, t))
			}
			if !ready || !w.fits(t, now.clone()) {
				continue
			}
			stage[i], started_[i] = started, now
			ok := w.snapshots(stage, started_, now)
			stage[i] = waiting
			if ok {
				return true
			}
			continue
		}
		next := now.clone()
		clash := false
		for _, m := range t.steps {
			if m.write {
				clash = clash || len(now[m.key]) != len(started_[i][m.key])
				next.apply(m)
			}
		}
		if clash {
			continue
		}
		stage[i] = done
		ok := w.snapshots(stage, started_, next)
		stage[i] = started
		if ok {
			return true
		}
	}
	return all
}

// adya tries all orders of the versions of each key, and says whether in any of
// them the reads make sense and the graph of dependencies passes.
func (w *twin) adya(reads bool, test func(g graph) bool) bool {
	return w.some(func() bool {
		byKey := map[int][]version{}
		keys := []int{}
		for i, t := range w.txns {
			for j, m := range t.steps {
				if !m.write || !w.in[i] {
					continue
				}
				if _, met := byKey[m.key]; !met {
					keys = append(keys, m.key)
				}
				last := !slices.ContainsFunc(t.steps[j+1:], func(later step) bool { return later.write && later.key == m.key })
				if last || w.workload == ListAppend {
					byKey[m.key] = append(byKey[m.key], version{i, m.value, last})
				}
			}
		}
		return w.arrange(keys, byKey, func() bool {
			g, ok := w.depend(byKey, reads)
			return ok && test(g)
		})
	})
}

type version struct {
	txn, value int
	last       bool
}

// arrange tries all permutations of the versions of all keys.
func (w *twin) arrange(keys []int, byKey map[int][]version, test func() bool) bool {
	if len(keys) == 0 {
		return test()
	}
	list := byKey[keys[0]]
	var permute func(k int) bool
	permute = func(k int) bool {
		if k == len(list) {
			return w.arrange(keys[1:], byKey, test)
		}
		for i := k; i < len(list); i++ {
			list[k], list[i] = list[i], list[k]
			if permute(k + 1) {
				return true
			}
			list[k], list[i] = list[i], list[k]
		}
		return false
	}
	return permute(0)
}

// graph holds, for each two transactions, whether there is a dependency, and
// whether there is an antidependency.
type graph struct{ direct, anti [][]bool }

// depend is the graph of an order of versions; not ok if reads contradict it.
func (w *twin) depend(byKey map[int][]version, reads bool) (g graph, ok bool) {
	n := len(w.txns)
	g = graph{make([][]bool, n), make([][]bool, n)}
	for i := range n {
		g.direct[i], g.anti[i] = make([]bool, n), make([]bool, n)
		for j := range n {
			g.direct[i][j] = w.in[i] && w.in[j] && i != j && w.before(w.txns[i], w.txns[j])
		}
	}
	for _, list := range byKey {
		for i := 1; i < len(list); i++ {
			g.direct[list[i-1].txn][list[i].txn] = true
		}
	}
	if reads {
		for i, t := range w.txns {
			if t.outcome == history.OK && !w.readsOf(i, byKey, g) {
				return g, false
			}
		}
	}
	for i := range n {
		g.direct[i][i], g.anti[i][i] = false, false
	}
	return g, true
}

// readsOf adds what follows from the reads of a transaction.
func (w *twin) readsOf(i int, byKey map[int][]version, g graph) bool {
	own := map[int][]int{}
	for _, m := range w.txns[i].steps {
		if m.write {
			own[m.key] = append(own[m.key], m.value)
			continue
		}
		at, ok := w.locate(m, own[m.key], byKey[m.key])
		for i, element := range m.list {
			if slices.Contains(m.list[:i], element) {
				return false // no write adds an element twice
			}
		}
		if !ok {
			return false
		}
		if at < 0 {
			continue
		}
		list := byKey[m.key]
		if at > 0 {
			seen := list[at-1]
			if seen.txn != i && !seen.last {
				return false // an intermediate read
			}
			g.direct[seen.txn][i] = true
		}
		for _, seen := range list[:at] {
			// Its own write, before it made it.
			if seen.txn == i && !slices.Contains(own[m.key], seen.value) {
				return false
			}
		}
		if at < len(list) {
			g.anti[i][list[at].txn] = true
		}
	}
	return true
}

// locate says how many versions of a key a read had before it, -1 if it saw its
// own transaction's; not ok if there is no such place.
func (w *twin) locate(m step, own []int, list []version) (at int, ok bool) {
	if w.workload == RWRegister {
		if slices.Contains(own, m.value) {
			return -1, true
		}
		if m.value == 0 {
			return 0, true
		}
		at := slices.IndexFunc(list, func(v version) bool { return v.value == m.value })
		return at + 1, at >= 0
	}
	seen := m.list
	for len(seen) > 0 && slices.Contains(own, seen[len(seen)-1]) {
		seen = seen[:len(seen)-1]
	}
	if len(seen) > len(list) {
		return 0, false
	}
	for i, element := range seen {
		if list[i].value != element {
			return 0, false
		}
	}
	return len(seen), true
}

// reach is the transitive closure.
func reach(edges [][]bool) [][]bool {
	closed := make([][]bool, len(edges))
	for i := range edges {
		closed[i] = slices.Clone(edges[i])
	}
	for k := range closed {
		for i := range closed {
			for j := range closed {
				closed[i][j] = closed[i][j] || closed[i][k] && closed[k][j]
			}
		}
	}
	return closed
}

// acyclic says that no dependencies make a cycle.
func (g graph) acyclic() bool {
	closed := reach(g.direct)
	for i := range closed {
		if closed[i][i] {
			return false
		}
	}
	return true
}

// unmissed says that no cycle has at most one antidependency.
func (g graph) unmissed() bool {
	if !g.acyclic() {
		return false
	}
	closed := reach(g.direct)
	for i := range closed {
		for j := range closed {
			if g.anti[i][j] && closed[j][i] {
				return false
			}
		}
	}
	return true
}

// normal replaces what a register held at first by nil. That is what was read
// and never written, if there is one such value and nil was not read.
func (s scenario) normal() scenario {
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

// allows says whether a level allows the scenario.
func (s scenario) allows(level string) bool {
	if s.workload == RWRegister {
		s = s.normal()
	}
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
	case "consistent-view":
		return w.adya(true, graph.unmissed)
	case "read-committed":
		return w.adya(true, graph.acyclic)
	case "read-uncommitted":
		return w.adya(s.workload == ListAppend, graph.acyclic)
	}
	panic(level)
}

// guarantees says which guarantees for processes are violated, pair by pair.
func (s scenario) guarantees() map[string]bool {
	longest := map[int][]int{}
	for _, t := range s.txns {
		s.external(t, func(m step, seen []int) {
			if len(seen) > len(longest[m.key]) {
				longest[m.key] = seen
			}
		})
	}
	// place is the version that an append made; unseen ones come last.
	place := func(m step) int {
		if at := slices.Index(longest[m.key], m.value); at >= 0 {
			return at + 1
		}
		return 1 << 30
	}
	violated := map[string]bool{}
	for _, first := range s.txns {
		for _, second := range s.txns {
			if !sameProcess(first, second) || second.outcome == history.Fail {
				continue
			}
			for _, b := range second.steps {
				for _, a := range first.steps {
					if !a.write || !b.write || a.key != b.key || second.outcome == history.Unknown && !s.shown(second) {
						continue
					}
					violated[monotonicWrites] = violated[monotonicWrites] || place(a) > place(b)
				}
			}
			s.external(first, func(a step, seen []int) {
				for _, b := range second.steps {
					if b.write && b.key == a.key && (second.outcome == history.OK || s.shown(second)) && place(b) <= len(seen) {
						violated[writesFollowReads] = true
					}
				}
			})
			s.external(second, func(b step, seen []int) {
				for _, a := range first.steps {
					if a.write && a.key == b.key && place(a) > len(seen) {
						violated[readYourWrites] = true
					}
				}
				s.external(first, func(a step, before []int) {
					if a.key == b.key && len(before) > len(seen) {
						violated[monotonicReads] = true
					}
				})
			})
		}
	}
	return violated
}

// external calls f with what each read of a transaction saw of others.
func (s scenario) external(t txn, f func(m step, seen []int)) {
	if t.outcome != history.OK {
		return
	}
	own := map[int][]int{}
	for _, m := range t.steps {
		if m.write {
			own[m.key] = append(own[m.key], m.value)
			continue
		}
		seen := m.list
		for len(seen) > 0 && slices.Contains(own[m.key], seen[len(seen)-1]) {
			seen = seen[:len(seen)-1]
		}
		f(m, seen)
	}
}

// shown says whether anything that a transaction wrote was seen by others.
func (s scenario) shown(t txn) bool {
	for _, m := range t.steps {
		for _, other := range s.txns {
			found := false
			s.external(other, func(r step, seen []int) {
				found = found || m.write && r.key == m.key && slices.Contains(seen, m.value)
			})
			if found {
				return true
			}
		}
	}
	return false
}
