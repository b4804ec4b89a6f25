package search

import "iter"

// configs is a set of configurations without any that another one makes
// superfluous. A configuration is its bits, then its state in a word of its
// own.
type configs struct {
	words    int
	optional []uint64
	// flat holds the configurations one after the other.
	flat []uint64
	// gone marks configurations that a later one made superfluous.
	gone []bool
	// chain links configurations that differ in optional operations only.
	chain []int32
	// table holds the first of each chain plus one, by hash.
	table []int32
	used  int
	alive int
}

func newConfigs(words int, optional []uint64) *configs {
	return &configs{words: words, optional: optional, table: make([]int32, 64)}
}

func (s *configs) reset() {
	s.flat, s.gone, s.chain = s.flat[:0], s.gone[:0], s.chain[:0]
	s.used, s.alive = 0, 0
	clear(s.table)
}

func (s *configs) len() int          { return len(s.gone) }
func (s *configs) dead(i int) bool   { return s.gone[i] }
func (s *configs) at(i int) []uint64 { return s.flat[i*(s.words+1) : (i+1)*(s.words+1)] }
func (s *configs) bytes() int64 {
	return int64(cap(s.flat))*8 + int64(cap(s.gone)) + int64(cap(s.chain)+cap(s.table))*4
}
func (s *configs) all(yield func([]uint64) bool) {
	for i := range s.gone {
		if !s.gone[i] && !yield(s.at(i)) {
			return
		}
	}
}

var _ iter.Seq[[]uint64] = (*configs)(nil).all

// add puts a copy of c into the set, unless one that is there used a subset of
// its optional operations and is equal in all else.
func (s *configs) add(c []uint64) {
	if 2*(s.used+1) > len(s.table) {
		s.grow()
	}
	place := s.find(c)
	for i := s.table[place] - 1; i >= 0; i = s.chain[i] {
		if s.gone[i] {
			continue
		}
		subset, superset := s.compare(s.at(int(i)), c)
		if subset {
			return
		}
		if superset {
			s.gone[i] = true
			s.alive--
		}
	}
	if s.table[place] == 0 {
		s.used++
	}
	s.chain = append(s.chain, s.table[place]-1)
	s.flat = append(s.flat, c...)
	s.gone = append(s.gone, false)
	s.alive++
	s.table[place] = int32(len(s.gone))
}

// compare says whether the optional operations that a used are a subset, or a
// superset, of those that b used.
func (s *configs) compare(a, b []uint64) (subset, superset bool) {
	subset, superset = true, true
	for w, optional := range s.optional {
		x, y := a[w]&optional, b[w]&optional
		subset = subset && x&^y == 0
		superset = superset && y&^x == 0
	}
	return subset, superset
}

// find returns the place in the table of the chain that c belongs to, or the
// empty place where it would begin.
func (s *configs) find(c []uint64) int {
	mask := len(s.table) - 1
	for place := int(s.hash(c)) & mask; ; place = (place + 1) & mask {
		if s.table[place] == 0 || s.alike(s.at(int(s.table[place]-1)), c) {
			return place
		}
	}
}

func (s *configs) alike(a, b []uint64) bool {
	if a[s.words] != b[s.words] {
		return false
	}
	for w, optional := range s.optional {
		if (a[w]^b[w])&^optional != 0 {
			return false
		}
	}
	return true
}

func (s *configs) hash(c []uint64) uint64 {
	h := mix(c[s.words] + 1)
	for w, optional := range s.optional {
		h = mix(h ^ c[w]&^optional)
	}
	return h
}

// mix is the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

func (s *configs) grow() {
	old := s.table
	s.table = make([]int32, 2*len(old))
	for _, first := range old {
		if first != 0 {
			s.table[s.find(s.at(int(first-1)))] = first
		}
	}
}
