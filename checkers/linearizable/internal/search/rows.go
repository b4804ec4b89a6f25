package search

// rows hold what open operations can do in each state that is met at one return.
type rows struct {
	// of is the row of each state plus one, and touched the states with one.
	of      []int32
	touched []int32
	// bits are, for each row, the slots of operations that change nothing in the
	// state, or nothing that is of advantage, and those of reads that are legal in
	// it.
	bits []uint64
	// next are, for each row, the states after a step of each class, or -1.
	next  []int32
	words int
	steps int
}

func (r *rows) reset(words, steps int) {
	for _, state := range r.touched {
		r.of[state] = 0
	}
	r.words, r.steps = words, steps
	r.touched, r.bits, r.next = r.touched[:0], r.bits[:0], r.next[:0]
}

func (r *rows) bytes() int64 {
	return int64(cap(r.of)+cap(r.touched)+cap(r.next))*4 + int64(cap(r.bits))*8
}

// add adds a row for a state.
func (r *rows) add(state int32) (row int) {
	row = len(r.touched)
	r.touched = append(r.touched, state)
	for range 2 * r.words {
		r.bits = append(r.bits, 0)
	}
	r.of[state] = int32(row + 1)
	return row
}

// row returns the row of a state.
func (s *searcher) row(state int32) int {
	r := &s.rows
	for int(state) >= len(r.of) {
		r.of = append(r.of, 0)
	}
	if row := r.of[state]; row > 0 {
		return int(row - 1)
	}
	row := r.add(state)
	bits := r.bits[row*2*r.words:]
	if s.states.least(state) {
		copy(bits, s.total)
	}
	for k := range s.classes {
		class := &s.classes[k]
		next, legal := s.states.after(state, class.step)
		if !legal {
			next = -1
		}
		r.next = append(r.next, next)
		if legal && s.states.fold(next) == state {
			for _, o := range s.open[class.from:class.to] {
				setBit(bits, s.slot[o])
			}
		}
	}
	for _, read := range s.reads {
		if _, legal := s.states.after(state, s.p.Ops[read].Step); legal {
			setBit(bits[r.words:], s.slot[read])
		}
	}
	return row
}
