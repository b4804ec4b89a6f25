package idempotent

import (
	"fmt"
	"iter"
	"sort"

	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// scopeRecord is a part of the books.
type scopeRecord struct {
	name string
	// keys is how many there are, and moments are those from which on some key
	// was certain, ascending, one for each such key.
	keys    int32
	moments []int32
	// owners are the keys of effects, by their id.
	owners map[any]int32
	// nodes are what the books of each node have shown.
	nodes map[string]*nodeRecord
	// acked is true once a key was acknowledged, and covered once all was read
	// back after the nodes had settled.
	acked, covered bool
}

// nodeRecord are the books of a scope at one node.
type nodeRecord struct {
	// since is, by the number of the key in its scope, the return of the first
	// read-back that showed it, or 0.
	since []int32
	// returns are those of the read-backs that showed something new, ascending,
	// and counts how many keys had been shown by then.
	returns, counts []int32
}

func (m *Monitor) scope(name string) *scopeRecord {
	s := m.scopes[name]
	if s == nil {
		s = &scopeRecord{name: name, owners: make(map[any]int32), nodes: make(map[string]*nodeRecord)}
		m.scopes[name] = s
	}
	return s
}

// read compares a read-back with what is known.
func (m *Monitor) read(c *openCall, name string, effects iter.Seq2[Effect, error]) {
	m.reads++
	m.shown = m.shown[:0]
	s, ret, partial := m.scope(name), int32(c.op.Return), false
	for effect, err := range effects {
		if err != nil {
			partial = true
			if m.unreadable == nil {
				m.unreadable = fmt.Errorf("the read-back at event %d cannot be read: %w", c.op.Call, err)
			}
			continue
		}
		id, known := m.byName[string(effect.Idem)]
		if !known || m.keys[id].scope != s {
			m.accusePhantom(string(effect.Idem), known, effect.Entry, c.op.Call)
			continue
		}
		m.see(c, id, ret, effect)
	}
	if partial {
		return
	}
	if c.settled != none {
		s.covered = true
		m.requireShown(c, s)
	}
	if c.op.Node != "" {
		m.compareNode(c, s, ret)
	}
}

// see takes in one effect that a read-back shows. Calls, not returns, number
// read-backs in findings.
func (m *Monitor) see(c *openCall, id, ret int32, effect Effect) {
	k, shown := m.keys[id], effectID(effect.ID)
	if k.seen != 0 && k.inRead == int32(c.op.Call) {
		m.accuse(id, doubleEffect, false, "had more than one effect in one reading of the books", c.op.Call)
		return
	}
	as := m.fitting(k, effect)
	before := int(k.inRead)
	k.inRead = int32(c.op.Call)
	m.shown = append(m.shown, id)
	if k.seen == 0 {
		m.seen++
		k.seen, k.seenAs, k.seenID = ret, as, shown
		m.certainFrom(k, ret)
		m.own(id, shown)
	} else if k.seenAs != as || k.seenID != shown {
		m.accuse(id, doubleEffect, false, "had more than one effect", before, c.op.Call)
	}
	m.compare(id)
}

// fitting returns the payload that asked for an effect, or none.
func (m *Monitor) fitting(k *keyRecord, effect Effect) int32 {
	for i := range k.payloads {
		f, input := unpackPayload(k.payloads[i].text)
		if m.c.reading.Fits(effect, &history.Operation{F: f, Idem: k.name, Input: input}) {
			return int32(i)
		}
	}
	return none
}

// requireShown requires what was certain when the nodes settled.
func (m *Monitor) requireShown(c *openCall, s *scopeRecord) {
	missing := countBefore(s.moments, c.settled)
	for _, id := range m.shown {
		if m.keys[id].certain < c.settled {
			missing--
		}
	}
	if missing == 0 {
		return
	}
	for id, k := range m.keys {
		if k.scope == s && k.certain < c.settled && k.inRead != int32(c.op.Call) {
			m.accuse(int32(id), lostEffect, false, "was acknowledged or seen, but its effect is not in the books", int(k.reply), c.op.Call)
		}
	}
}

// countBefore is how many of some ascending moments are before a limit.
func countBefore(moments []int32, limit int32) int {
	return sort.Search(len(moments), func(i int) bool { return moments[i] >= limit })
}

// compareNode requires what the node had shown before the read-back was called.
func (m *Monitor) compareNode(c *openCall, s *scopeRecord, ret int32) {
	n := s.nodes[c.op.Node]
	if n == nil {
		n = &nodeRecord{}
		s.nodes[c.op.Node] = n
	}
	if grown := int(s.keys) - len(n.since); grown > 0 {
		n.since = append(n.since, make([]int32, grown)...)
		m.held += 4 * int64(grown)
	}
	called, missing, all := int32(c.op.Call), int32(0), int32(0)
	if at := countBefore(n.returns, called); at > 0 {
		missing = n.counts[at-1]
	}
	if len(n.counts) > 0 {
		all = n.counts[len(n.counts)-1]
	}
	for _, id := range m.shown {
		since := &n.since[m.keys[id].at]
		switch {
		case *since == 0:
			*since = ret
			all++
		case *since < called:
			missing--
		}
	}
	n.returns, n.counts = append(n.returns, ret), append(n.counts, all)
	if missing == 0 {
		return
	}
	for id, k := range m.keys {
		if k.scope == s && n.since[k.at] != 0 && n.since[k.at] < called && k.inRead != called {
			m.accuse(int32(id), vanishedEffect, false, "was in the books of "+c.op.Node+" and then was not", c.op.Call)
		}
	}
}

// accusePhantom is about an effect under a key that no attempt used, or that of
// another scope.
func (m *Monitor) accusePhantom(name string, known bool, entry any, read int) {
	describe := func() verdict.Finding {
		return m.finding(name, fmt.Sprintf("the books hold an effect of %s, a key that no operation used: %s", name, words.Value(entry)), read)
	}
	if m.c.ttl > 0 && !known {
		found := describe()
		found.Anomaly = phantomEffect
		m.phantoms[name] = found
		m.held += bytesPerKey
		return
	}
	m.violated = true
	m.findings.Add(phantomEffect, describe)
}
