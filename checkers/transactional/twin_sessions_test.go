package transactional

import (
	"slices"

	"github.com/tertium-dev/tertium/harness/history"
)

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
