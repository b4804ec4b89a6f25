package search

// configs is a set of configurations without any that another one makes
// superfluous. A configuration is two bits for each slot and a state: the words
// of the used bits, those of the free bits, and the state in a word of its own.
//
// An operation in use took effect where others may depend on it. A free one
// owes nothing: it can take effect where nobody notices, or never. So of two
// configurations with the same state, one makes the other superfluous if each
// operation that is not free in it has the same two bits in the other.
type configs struct {
	words int
	// flat holds the configurations one after the other.
	flat []uint64
	// gone marks configurations that a later one made superfluous.
	gone []bool
	// chain links the configurations of a state, from the newest on, without
	// those that are gone. first holds the newest of each state plus one.
	chain []int32
	first []int32
	// touched are the states with a chain.
	touched []uint64
	// table holds the configurations plus one, by hash.
	table []int32
	alive int
}

// compared is how many others a configuration is compared with at most. More
// may be superfluous, but to find them takes longer than to keep them.
const compared = 512

func newConfigs(words int) *configs {
	return &configs{words: words, table: make([]int32, 64)}
}

func (s *configs) reset() {
	for _, state := range s.touched {
		s.first[state] = 0
	}
	if len(s.table) > 64 && len(s.table) > 32*len(s.gone) {
		s.table = make([]int32, len(s.table)/4) // do not clear it for ever
	} else {
		clear(s.table)
	}
	s.touched = s.touched[:0]
	s.flat, s.gone, s.chain = s.flat[:0], s.gone[:0], s.chain[:0]
	s.alive = 0
}

func (s *configs) len() int        { return len(s.gone) }
func (s *configs) dead(i int) bool { return s.gone[i] }
func (s *configs) at(i int) []uint64 {
	size := 2*s.words + 1
	return s.flat[i*size : (i+1)*size]
}

func (s *configs) bytes() int64 {
	return int64(cap(s.flat))*8 + int64(cap(s.gone)) + int64(cap(s.chain)+cap(s.first)+cap(s.table))*4 + int64(cap(s.touched))*8
}

func (s *configs) all(yield func([]uint64) bool) {
	for i := range s.gone {
		if !s.gone[i] && !yield(s.at(i)) {
			return
		}
	}
}

// add puts a copy of c into the set, unless one that is there makes it
// superfluous.
func (s *configs) add(c []uint64) {
	if 2*(len(s.gone)+1) > len(s.table) {
		s.grow()
	}
	place, known := s.find(c)
	if known {
		return
	}
	state := c[2*s.words]
	for uint64(len(s.first)) <= state {
		s.first = append(s.first, 0)
	}
	if s.first[state] == 0 {
		s.touched = append(s.touched, state)
	}
	link := &s.first[state]
	for n := 0; *link != 0 && n < compared; n++ {
		i := *link - 1
		other := s.at(int(i))
		if s.covers(other, c) {
			return
		}
		if s.covers(c, other) {
			s.gone[i] = true
			s.alive--
			*link = s.chain[i]
			continue
		}
		link = &s.chain[i]
	}
	s.chain = append(s.chain, s.first[state])
	s.flat = append(s.flat, c...)
	s.gone = append(s.gone, false)
	s.alive++
	s.first[state] = int32(len(s.gone))
	s.table[place] = int32(len(s.gone))
}

// covers says whether a makes b, which has the same state, superfluous.
func (s *configs) covers(a, b []uint64) bool {
	for w := range s.words {
		if ^a[s.words+w]&(b[s.words+w]|(a[w]^b[w])) != 0 {
			return false
		}
	}
	return true
}

// find returns the place in the table of a configuration equal to c, or the
// empty place for it.
func (s *configs) find(c []uint64) (place int, known bool) {
	mask := len(s.table) - 1
	for place = int(s.hash(c)) & mask; s.table[place] != 0; place = (place + 1) & mask {
		if s.equal(s.at(int(s.table[place]-1)), c) {
			return place, true
		}
	}
	return place, false
}

func (s *configs) equal(a, b []uint64) bool {
	for i, w := range a {
		if w != b[i] {
			return false
		}
	}
	return true
}

func (s *configs) hash(c []uint64) uint64 {
	h := uint64(0)
	for _, w := range c {
		h = mix(h ^ w)
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
	s.table = make([]int32, 2*len(s.table))
	for i := range s.gone {
		place, _ := s.find(s.at(i))
		s.table[place] = int32(i + 1)
	}
}

// trim leaves at most so many configurations, the first ones.
func (s *configs) trim(most int) {
	for i := range s.gone {
		if s.gone[i] {
			continue
		}
		if most > 0 {
			most--
			continue
		}
		s.gone[i] = true
		s.alive--
	}
}
