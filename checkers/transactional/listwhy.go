package transactional

import (
	"fmt"

	"github.com/tertium-dev/tertium/checkers/transactional/internal/digraph"
)

// why explains a dependency of list-append.
func (l *lists) why(from, to uint32, kind digraph.Kind, first, second string) string {
	say := l.found.text
	for _, m := range l.body(from) {
		if kind == rw && !m.write && m.seen != none {
			if element := l.missed(m.key, m.seen, to); element != none {
				return fmt.Sprintf("%s did not observe %s's append of %s to %s", first, second, say.value(element), say.key(m.key))
			}
		}
		if kind == wx && m.write {
			if mine, other := l.unseen(m.key, from), l.unseen(m.key, to); mine != none && other != none {
				return fmt.Sprintf("%s's append of %s to %s came after %s's append of %s", second, say.value(other), say.key(m.key), first, say.value(mine))
			}
		}
		if kind == ww && m.write {
			if element, seen := l.follows(m, from, to); element != none {
				if !seen {
					return fmt.Sprintf("%s's append of %s to %s, which nobody observed, came after %s's append of %s", second, say.value(element), say.key(m.key), first, say.value(m.value))
				}
				return fmt.Sprintf("%s appended %s to %s right after %s's append of %s", second, say.value(element), say.key(m.key), first, say.value(m.value))
			}
		}
	}
	if kind == wr {
		for _, m := range l.body(to) {
			if m.write || m.seen == none || m.seen > l.longest[m.key].length {
				continue
			}
			for i := m.seen; i > 0; i-- {
				writer := l.writers[l.base[m.key]+i-1]
				if writer == from {
					return fmt.Sprintf("%s observed %s's append of %s to %s", second, first, say.value(l.list(m.key)[i-1]), say.key(m.key))
				}
				if l.present(writer) {
					break
				}
			}
		}
	}
	return fmt.Sprintf("%s depends on %s", second, first)
}

// missed returns the element with which a transaction's write comes next after
// a version of a key, or none.
func (l *lists) missed(key, version, writer uint32) uint32 {
	list := l.list(key)
	if version > uint32(len(list)) {
		return none
	}
	for i := version; i < uint32(len(list)); i++ {
		if next := l.writers[l.base[key]+i]; next == writer {
			return list[i]
		} else if l.present(next) {
			return none
		}
	}
	return l.unseen(key, writer)
}

// unseen returns what a transaction appended to a key and nobody saw, or none.
func (l *lists) unseen(key, writer uint32) uint32 {
	places := l.placesIn(key)
	for _, m := range l.body(writer) {
		if _, seen := places[m.value]; m.write && m.key == key && !seen {
			return m.value
		}
	}
	return none
}

// follows returns the element with which a transaction's write comes next after
// that of another, or none, and whether anybody saw it.
func (l *lists) follows(m micro, from, to uint32) (element uint32, seen bool) {
	list := l.list(m.key)
	at, placed := l.placesIn(m.key)[m.value]
	if !placed {
		return none, false
	}
	for i := at + 1; i < uint32(len(list)); i++ {
		if next := l.writers[l.base[m.key]+i]; next == to {
			return list[i], true
		} else if next == from || l.present(next) {
			return none, false
		}
	}
	return l.unseen(m.key, to), false
}

// placesIn says where each element of a key's list is.
func (l *lists) placesIn(key uint32) map[uint32]uint32 {
	if places, made := l.places[key]; made {
		return places
	}
	places := make(map[uint32]uint32)
	for i, element := range l.list(key) {
		places[element] = uint32(i)
	}
	if l.places == nil {
		l.places = make(map[uint32]map[uint32]uint32)
	}
	l.places[key] = places
	return places
}
