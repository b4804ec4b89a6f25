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
// called, it is not. In between, the choices are tried.
func (h *Ends) CheckStack() (valid, decided bool, witness []int) {
	spans, twice, witness := h.spans()
	if twice {
		return false, false, nil
	}
	if len(witness) > 0 {
		return false, true, witness
	}
	s := stackCheck{Ends: h, end: len(h.Timeline)}
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
	valid, decided = s.choose(spans, max(2, min(stackTries, stackWork/len(h.Timeline))))
	return valid, decided, nil
}

// stackTries bounds how many choices of optional takes are tried, and stackWork
// how many events are looked at for that.
const (
	stackTries = 1 << 14
	stackWork  = 1 << 24
)

type stackCheck struct {
	*Ends
	// end is after all positions: when values are taken that nobody got.
	end int
	// takes are the calls of optional takes, and leftOver the values for them.
	takes    []int
	leftOver []int
	// empties are the calls and returns of takes that found nothing.
	empties [][2]int
	// witness are operations on whose values the last contradiction is.
	witness []int
}

func (s *stackCheck) note(spans []span) {
	called := make([]int, len(s.Ops))
	for at, entry := range s.Timeline {
		op := int(entry >> 1)
		switch kind := s.Ops[op].Kind; {
		case kind == MaybeTake:
			s.takes = append(s.takes, at)
		case kind == Empty && entry&1 == 0:
			called[op] = at
		case kind == Empty:
			s.empties = append(s.empties, [2]int{called[op], at})
		}
	}
	for v, value := range spans {
		if value.leftOver() {
			s.leftOver = append(s.leftOver, v)
		}
	}
}

// takeAt lets an optional take that was called at a position remove a value.
func (s *stackCheck) takeAt(spans []span, v, at int) {
	spans[v].takeCall, spans[v].takeRet = at, absent
}

// stay is a value that is certainly on the stack from one position to another.
type stay struct {
	// from is the return of its put and to the call of its take; putCall and
	// takeRet bound the stretch in which it can be there.
	from, to         int
	putCall, takeRet int
}

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
// beginning of its stretch stays so. Three trees, with a place for each value in
// the order of their from, find what is next in O(log n): the waiting value
// that was called first; among the called, the one that can stay longest; and,
// by position, the cover.
func (s *stackCheck) legal(spans []span) bool {
	stays := s.stays(spans)
	if !s.emptiesFit(stays) {
		return false
	}
	cover := newCover(s.end+1, stays)
	s.witness = nil
	p := newPeeler(stays)
	work := [][2]int{{0, s.end + 1}}
	for len(work) > 0 {
		rest := work[len(work)-1]
		work = work[:len(work)-1]
		first := p.next(rest[0])
		if first >= len(stays) || stays[first].from >= rest[1] {
			continue
		}
		begin := stays[first].from
		finish := cover.firstGap(begin, rest[1])
		if finish < rest[1] {
			work = append(work, [2]int{finish, rest[1]})
		}
		removed := p.peel(begin, finish)
		if len(removed) == 0 {
			for v := p.next(begin); v < len(stays) && stays[v].from < finish; v = p.next(stays[v].from + 1) {
				s.witness = append(s.witness, s.Timeline.op(int32(stays[v].putCall)))
			}
			return false
		}
		for _, v := range removed {
			cover.add(stays[v].from, stays[v].to, -1)
		}
		work = append(work, [2]int{begin, finish})
	}
	return true
}

// stays returns the values that are certainly there for some time, by from.
func (s *stackCheck) stays(spans []span) []stay {
	var all []stay
	for _, v := range spans {
		switch {
		case v.putRet == absent:
		case !v.taken():
			all = append(all, stay{v.putRet, s.end, v.putCall, s.end + 1})
		case v.putRet < v.takeCall:
			all = append(all, stay{v.putRet, v.takeCall, v.putCall, min(v.takeRet, s.end+1)})
		}
	}
	slices.SortFunc(all, func(a, b stay) int { return a.from - b.from })
	return all
}

// emptiesFit says whether every take that found nothing overlaps a gap. Place t
// is the moment between the events t and t+1.
func (s *stackCheck) emptiesFit(stays []stay) bool {
	if len(s.empties) == 0 {
		return true
	}
	change := make([]int, s.end+2)
	for _, v := range stays {
		change[v.from]++
		change[v.to]--
	}
	gaps := make([]int, s.end+2) // gaps before each place
	covered := 0
	for t := 0; t <= s.end; t++ {
		covered += change[t]
		gaps[t+1] = gaps[t]
		if covered == 0 {
			gaps[t+1]++
		}
	}
	for _, e := range s.empties {
		if gaps[e[1]] == gaps[e[0]] {
			s.witness = append(s.puts(chain(stays, e[0], e[1])), s.Timeline.op(int32(e[1])))
			return false
		}
	}
	return true
}

// chain returns few stays, which are by from, that together cover what they all
// cover: each position from, …, to-1.
func chain(stays []stay, from, to int) []stay {
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
		ops[i] = h.Timeline.op(int32(v.putCall))
	}
	return ops
}
