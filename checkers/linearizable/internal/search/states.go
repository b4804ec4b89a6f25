package search

import "reflect"

// states gives every state that the search meets a number, and remembers what
// each step does to it.
type states struct {
	p       *Problem
	numbers map[any]int32
	// alike holds, by hash, the numbers of states that the problem compares.
	alike  map[uint64][]int32
	values []any
	// later and now are what the problem's Future says at the position; narrow
	// says that now can be used.
	later, now matters
	narrow     bool
	// stepHorizon is that of the problem's Future, by number.
	stepHorizon []int
	init        int32
	dead        int32
	// memo holds the result of a step in a state plus one; 0 is illegal.
	memo map[uint64]int32
	// text is how many bytes the states have that are strings.
	text int64
}

func newStates(p *Problem) *states {
	s := &states{p: p, numbers: map[any]int32{}, alike: map[uint64][]int32{}, memo: map[uint64]int32{}, dead: -1}
	if p.Future != nil {
		s.dead = s.number(p.Future.Dead)
		s.stepHorizon = make([]int, len(p.Steps))
		for i, step := range p.Steps {
			s.stepHorizon[i] = p.Future.Step(step)
		}
	}
	s.init = s.number(p.Init)
	return s
}

func (s *states) number(state any) int32 {
	n := int32(len(s.values))
	if other, known := s.file(state, n); known {
		return other
	}
	s.values = append(s.values, state)
	if value := reflect.ValueOf(state); value.Kind() == reflect.String {
		s.text += int64(value.Len())
	}
	return n
}

// file finds the number of a state, or files it under the one given.
func (s *states) file(state any, next int32) (n int32, known bool) {
	if s.p.Alike == nil {
		if n, known = s.numbers[state]; !known {
			s.numbers[state] = next
		}
		return n, known
	}
	hash := uint64(0)
	if s.p.Alike.Hash != nil {
		hash = s.p.Alike.Hash(state)
	}
	for _, n := range s.alike[hash] {
		if s.p.Alike.Equal(s.values[n], state) {
			return n, true
		}
	}
	s.alike[hash] = append(s.alike[hash], next)
	return 0, false
}

// after returns the state after a step.
func (s *states) after(state, step int32) (int32, bool) {
	key := uint64(uint32(state))<<32 | uint64(uint32(step))
	if next, known := s.memo[key]; known {
		return next - 1, next > 0
	}
	var result int32
	if next, legal := s.p.Apply(s.values[state], s.p.Steps[step]); legal {
		result = s.number(next) + 1
	}
	s.memo[key] = result
	return result - 1, result > 0
}

// at sets the position for which fold and foldNow answer. The operation that
// returns there breaks with what was before if it reads or overwrites it.
func (s *states) at(at int, breaks bool) {
	if s.dead < 0 {
		return
	}
	later, now := s.p.Future.At(at)
	s.later.ask(later)
	s.now.ask(now)
	s.narrow = breaks && s.p.Future.Least
}

// fold replaces a state that does not matter at the position.
func (s *states) fold(state int32) int32 {
	if s.dead < 0 || state == s.dead || s.later.matter(state, s.values[state]) {
		return state
	}
	return s.dead
}

// foldNow replaces a state that does not matter as long as the operation that
// returns has not taken effect.
func (s *states) foldNow(state int32) int32 {
	if !s.narrow {
		return s.fold(state)
	}
	if state == s.dead || s.now.matter(state, s.values[state]) {
		return state
	}
	return s.dead
}

// least says whether all that is legal in a state is legal in every other.
func (s *states) least(state int32) bool { return state == s.dead && s.p.Future.Least }

// matters remembers which states matter at a position.
type matters struct {
	of func(any) bool
	// said is the answer for each state, of the round in which it was given.
	said  []uint32
	round uint32
}

func (m *matters) ask(of func(any) bool) {
	m.of = of
	m.round++
}

func (m *matters) matter(state int32, value any) bool {
	for int(state) >= len(m.said) {
		m.said = append(m.said, 0)
	}
	said := &m.said[state]
	if *said>>1 != m.round {
		*said = m.round << 1
		if m.of(value) {
			*said |= 1
		}
	}
	return *said&1 == 1
}

// sinks says whether a step can lead, from a position on, to no state that
// matters.
func (s *states) sinks(step int32, at int) bool {
	return s.dead >= 0 && s.stepHorizon[step] < at
}

// bytes is a rough measure: a map entry and a boxed state.
func (s *states) bytes() int64 {
	return int64(len(s.values))*128 + s.text + int64(len(s.memo))*32
}
