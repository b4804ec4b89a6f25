package sweep

import "slices"

// CheckStack decides a last-in first-out history. The conditions are that no
// value is put twice, and that few optional takes matter; otherwise it returns
// decided false. Time is O(n log n) if there are no optional takes, and a small
// multiple of it if there are a few.
//
// A put that was not answered and whose value nobody got can be left out, along
// with the optional take that may have removed it.
//
// Which value an optional take removed is a true choice. If the history is
// legal when they took nothing, it is legal. If it is not even legal when any
// value that nobody got may have vanished after the first optional take was
// called, it is not. In between, some values have to be removed by some moment;
// if there are not enough takes for that, it is not legal. If it is legal once
// takes are assigned to them, it is. Else the choices are tried.
func (h *Ends) CheckStack() (valid, decided bool, witness []int) {
	room := endsRooms.Get().(*endsRoom)
	defer endsRooms.Put(room)
	spans, twice, witness := h.pair(room)
	if twice {
		return false, false, nil
	}
	if len(witness) > 0 {
		return false, true, witness
	}
	s := stackCheck{Ends: h, endsRoom: room, end: int32(len(h.Timeline))}
	s.note(spans)
	if s.legal(spans) {
		return true, true, nil
	}
	if len(s.takes) == 0 {
		return false, true, s.witness
	}
	generous := slices.Clone(spans)
	for _, v := range s.leftOver {
		s.takeAt(generous, v, s.takes[0])
	}
	if !s.legal(generous) {
		return false, true, s.witness
	}
	for _, probably := range [...]bool{true, false} {
		assigned, takes, enough := s.assigned(spans, probably)
		if !enough {
			return false, true, nil
		}
		if valid, _ = s.choose(assigned, takes, s.tries()); valid {
			return true, true, nil
		}
	}
	valid, decided = s.choose(spans, 0, s.tries())
	return valid, decided, nil
}

// stackTries bounds how many choices of optional takes are tried, and stackWork
// how many events are looked at for that.
const (
	stackTries = 1 << 14
	stackWork  = 1 << 24
)

func (h *Ends) tries() int { return max(4, min(stackTries, stackWork/len(h.Timeline))) }

type stackCheck struct {
	*Ends
	*endsRoom
	// end is after all positions: when values are taken that nobody got.
	end int32
	// takes are the calls of optional takes, and leftOver the values for them.
	takes    []int32
	leftOver []int
	// witness are operations on whose values the last contradiction is.
	witness []int
}

// note finds what is the same whatever optional takes removed.
func (s *stackCheck) note(spans []span) {
	called := s.numbers(&s.byOp, len(s.Ops))
	s.empties = s.empties[:0]
	for at, entry := range s.Timeline {
		op := entry >> 1
		switch kind := s.Ops[op].Kind; {
		case kind <= Take:
		case kind == MaybeTake:
			s.takes = append(s.takes, int32(at))
		case entry&1 == 0:
			called[op] = int32(at)
		default:
			s.empties = append(s.empties, [2]int32{called[op], int32(at)})
		}
	}
	if len(s.takes) == 0 {
		return
	}
	for v, value := range spans {
		if value.leftOver() {
			s.leftOver = append(s.leftOver, v)
		}
	}
}

// takeAt lets an optional take that was called at a position remove a value.
func (s *stackCheck) takeAt(spans []span, v int, at int32) {
	spans[v].takeCall, spans[v].takeRet = at, absent
}

// stay is a value that is certainly there from one position to another.
type stay struct {
	// from is the return of its put and to the call of its take; putCall and
	// takeRet bound the stretch in which it can be there.
	from, to         int32
	putCall, takeRet int32
	// fromEnd is the first end after from, and toEnd is that at to.
	fromEnd, toEnd int32
}

// end is a position at which some stays end, and how many began before.
type end struct{ at, stays int32 }

// legal decides a history without optional takes, by peeling (Lee and Mathur,
// "Efficient decrease-and-conquer linearizability monitoring", 2025, have the
// same bound).
//
// A value whose take was called before its put returned can be put and taken at
// one instant, and constrains nothing. Values that nobody got are taken after
// the end. The others are certainly there from the return of the put to the
// call of the take. Where no value is certainly there, the stack can be made
// empty: those that can be taken by then are, and puts that can wait do. So each
// stretch that is covered without a gap is judged by itself, and a take that
// found nothing needs a gap.
//
// Through a covered stretch, the stack is never empty, so one value lies at its
// bottom all the time: it can have been put before the stretch begins and taken
// after it ends. Any value that can, may: to put it first and take it last is in
// nobody's way. So all such values are taken out, which leaves shorter
// stretches; if there is none, the history is not legal.
//
// Stretches only get shorter, so a value whose put was called before the
// beginning of its stretch stays so. Three trees find what is next in a long
// stretch in O(log n): with a place for each value in the order of their from,
// the waiting value that was called first, and among the called, the one that
// can stay longest; and with a place for each end of a stay, the cover. A stretch
// of at most a constant number of values is searched for the next one, again and
// again.
func (s *stackCheck) legal(spans []span) bool {
	s.findStays(spans)
	if !s.emptiesFit() {
		return false
	}
	s.witness = nil
	for from := 0; from < len(s.stays); {
		n, finish := stretch(s.stays[from:])
		stays := s.stays[from : from+n]
		var stuck []stay
		if n <= few {
			stuck = peelFew(stays)
		} else {
			stuck = s.peeler.peel(stays, s.endsWithin(stays[0], finish), int32(from), few)
		}
		if stuck != nil {
			s.witness = s.puts(stuck)
			return false
		}
		from += n
	}
	return true
}

// endsWithin returns the ends from the first of a stretch to that where it
// finishes.
func (s *stackCheck) endsWithin(first stay, finish int32) []end {
	ends := s.ends[first.fromEnd:]
	last, _ := slices.BinarySearchFunc(ends, finish, func(e end, at int32) int { return int(e.at - at) })
	return ends[:last+1]
}

// certain says whether a value is certainly there for some time.
func (s span) certain() bool {
	return s.putRet != absent && (!s.taken() || s.putRet < s.takeCall)
}

// findStays finds the values that are certainly there for some time, by from,
// and the positions at which they no longer are.
func (s *stackCheck) findStays(spans []span) {
	// number is that of the end at a position, if there is one.
	number := s.numbers(&s.held, int(s.end)+1)
	clear(number)
	for i := range spans {
		if v := &spans[i]; v.certain() {
			number[min(v.takeCall, s.end)] = 1
		}
	}
	s.stays, s.ends = s.stays[:0], s.ends[:0]
	for at, entry := range s.Timeline {
		if number[at] != 0 {
			number[at] = int32(len(s.ends))
			s.ends = append(s.ends, end{int32(at), int32(len(s.stays))})
		}
		if entry&1 == 0 || s.Ops[entry>>1].Kind != Put {
			continue
		}
		if v := &spans[s.Ops[entry>>1].Value]; v.certain() {
			s.stays = append(s.stays, stay{
				from: int32(at), to: min(v.takeCall, s.end), putCall: v.putCall, takeRet: v.takeRet,
				fromEnd: int32(len(s.ends)),
			})
		}
	}
	number[s.end] = int32(len(s.ends))
	s.ends = append(s.ends, end{s.end, int32(len(s.stays))})
	for i := range s.stays {
		s.stays[i].toEnd = number[s.stays[i].to]
	}
}

// emptiesFit says whether every take that found nothing overlaps a gap: a moment
// between its call and its return that no stay covers. They are by return, so
// that one pass over the stretches, by the stays that begin before, is enough.
func (s *stackCheck) emptiesFit() bool {
	next := 0
	var begin, finish int32 // the last stretch that begins before the return
	for _, e := range s.empties {
		for next < len(s.stays) && s.stays[next].from < e[1] {
			if v := &s.stays[next]; v.from > finish || next == 0 {
				begin, finish = v.from, v.to
			} else {
				finish = max(finish, v.to)
			}
			next++
		}
		if next > 0 && begin <= e[0] && finish >= e[1] {
			s.witness = append(s.puts(chain(s.stays, e[0], e[1])), s.Timeline.op(e[1]))
			return false
		}
	}
	return true
}

// chain returns few stays, which are by from, that together cover what they all
// cover: each position from, …, to-1.
func chain(stays []stay, from, to int32) []stay {
	var links []stay
	for next := 0; from < to; from = links[len(links)-1].to {
		best := stay{}
		for ; next < len(stays) && stays[next].from <= from; next++ {
			if stays[next].to > best.to {
				best = stays[next]
			}
		}
		if best.to <= from {
			return nil // not covered
		}
		links = append(links, best)
	}
	return links
}

// puts returns the operations that put the values of stays.
func (h *Ends) puts(stays []stay) []int {
	ops := make([]int, len(stays))
	for i, v := range stays {
		ops[i] = h.Timeline.op(v.putCall)
	}
	return ops
}
