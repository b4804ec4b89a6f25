package transactional

import (
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
)

// adya tries all orders of the versions of each key, and says whether in any of
// them the reads make sense and the graph of dependencies passes.
func (w *twin) adya(reads bool, test func(g graph) bool) bool {
	return w.some(func() bool {
		byKey := make([][]version, maxTwin)
		keys := []int{}
		for i, t := range w.txns {
			for j, m := range t.steps {
				if !m.write || !w.in[i] {
					continue
				}
				last := !slices.ContainsFunc(t.steps[j+1:], func(later step) bool { return later.write && later.key == m.key })
				if last || w.workload == ListAppend {
					if len(byKey[m.key]) == 0 {
						keys = append(keys, m.key)
					}
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
func (w *twin) arrange(keys []int, byKey [][]version, test func() bool) bool {
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
// whether there is an antidependency: a set of transactions for each.
type graph struct {
	direct, anti relation
	// overtaken says that a transaction read a version of a key and wrote it,
	// but another wrote it between the two.
	overtaken bool
	// shuffled says that a transaction wrote a key twice, and the versions are
	// the other way round. Later writes have greater values.
	shuffled bool
}

// relation is a set of pairs of transactions: b is in the set of a as a bit.
type relation [maxTwin]uint16

// maxTwin is how many transactions a scenario has at most.
const maxTwin = 8

func (r *relation) add(a, b int)      { r[a] |= 1 << b }
func (r *relation) has(a, b int) bool { return r[a]>>b&1 != 0 }

// closed is the transitive closure.
func (r relation) closed() relation {
	for k := range r {
		for i := range r {
			if r.has(i, k) {
				r[i] |= r[k]
			}
		}
	}
	return r
}

// acyclic says that nothing reaches itself.
func (r relation) acyclic() bool {
	r = r.closed()
	for i := range r {
		if r.has(i, i) {
			return false
		}
	}
	return true
}

// acyclic says that no dependencies make a cycle.
func (g graph) acyclic() bool { return g.direct.acyclic() }

// stable says that no transaction overwrote what it had missed of a key.
func (g graph) stable() bool { return g.acyclic() && !g.overtaken }

// all are the dependencies of any kind between some transactions.
func (g graph) all(of uint16) relation {
	var r relation
	for i := range r {
		if of>>i&1 != 0 {
			r[i] = (g.direct[i] | g.anti[i]) & of
		}
	}
	return r
}

// ordered says that no cycle has any dependencies.
func (g graph) ordered() bool { return g.all(1<<maxTwin - 1).acyclic() }

// updates says that those that write, and any one that does not, are ordered.
func (w *twin) updates(g graph) bool {
	var writers uint16
	for i, t := range w.txns {
		if slices.ContainsFunc(t.steps, func(m step) bool { return m.write }) {
			writers |= 1 << i
		}
	}
	for i := range w.txns {
		if !g.all(writers | 1<<i).acyclic() {
			return false
		}
	}
	return g.acyclic()
}

// atomic says that nothing was missed, and that all wrote in their order.
func (g graph) atomic() bool { return !g.shuffled && g.unmissed() }

// unmissed says that no cycle has at most one antidependency.
func (g graph) unmissed() bool {
	if !g.acyclic() {
		return false
	}
	closed := g.direct.closed()
	for i := range g.anti {
		for j := range closed {
			if g.anti.has(i, j) && closed.has(j, i) {
				return false
			}
		}
	}
	return true
}

// depend is the graph of an order of versions; not ok if reads contradict it.
func (w *twin) depend(byKey [][]version, reads bool) (g graph, ok bool) {
	for i, t := range w.txns {
		for j, other := range w.txns {
			if w.in[i] && w.in[j] && i != j && w.before(t, other) {
				g.direct.add(i, j)
			}
		}
	}
	for _, list := range byKey {
		for i := 1; i < len(list); i++ {
			g.direct.add(list[i-1].txn, list[i].txn)
			for _, before := range list[:i] {
				g.shuffled = g.shuffled || before.txn == list[i].txn && before.value > list[i].value
			}
		}
	}
	if reads {
		for i, t := range w.txns {
			if t.outcome == history.OK && !w.readsOf(i, byKey, &g) {
				return g, false
			}
		}
	}
	for i := range g.direct {
		g.direct[i] &^= 1 << i
		g.anti[i] &^= 1 << i
	}
	return g, true
}

// values is a set of small numbers.
type values uint64

func (v values) has(value int) bool { return v>>value&1 != 0 }

// readsOf adds what follows from the reads of a transaction.
func (w *twin) readsOf(i int, byKey [][]version, g *graph) bool {
	var own [mostKeys]values
	for _, m := range w.txns[i].steps {
		if m.write {
			own[m.key] |= 1 << m.value
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
			g.direct.add(seen.txn, i)
		}
		for _, seen := range list[:at] {
			// Its own write, before it made it.
			if seen.txn == i && !own[m.key].has(seen.value) {
				return false
			}
		}
		between := false
		for _, later := range list[at:] {
			g.overtaken = g.overtaken || between && later.txn == i
			between = between || later.txn != i
		}
		if at < len(list) {
			g.anti.add(i, list[at].txn)
		}
	}
	return true
}

// locate says how many versions of a key a read had before it, -1 if it saw its
// own transaction's; not ok if there is no such place.
func (w *twin) locate(m step, own values, list []version) (at int, ok bool) {
	if w.workload == RWRegister {
		if own.has(m.value) {
			return -1, true
		}
		if m.value == 0 {
			return 0, true
		}
		at := slices.IndexFunc(list, func(v version) bool { return v.value == m.value })
		return at + 1, at >= 0
	}
	seen := m.list
	for len(seen) > 0 && own.has(seen[len(seen)-1]) {
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
