package sweep

import (
	"slices"
	"sort"
)

// due is a value that nobody got and that has to be removed before a position.
type due struct {
	v  int
	at int32
}

// deadlines returns the values that nobody got and that have to be removed by
// optional takes, and by when, the most urgent first.
//
// If a value a was put before b, and a was taken after b was put, then b was
// removed by then: it lay above a. So b is due when the take of a returns. And it
// is due when a take returns that was called after b was put, and found nothing.
//
// If they may only probably have been put in that order, for all that is known
// from when the puts returned, b is probably due.
func (s *stackCheck) deadlines(spans []span, probably bool) []due {
	after := newSoonest(len(s.Timeline) + 1)
	for _, e := range s.empties {
		after.lower(e[0], e[1])
	}
	var all []due
	for _, entry := range s.Timeline {
		op := entry >> 1
		if s.Ops[op].Kind != Put {
			continue
		}
		v := int(s.Ops[op].Value)
		value := &spans[v]
		isReturn := entry&1 == 1
		if value.leftOver() && isReturn == probably {
			if soonest := after.from(value.putRet); soonest != absent {
				all = append(all, due{v, soonest})
			}
		}
		if isReturn && value.taken() && value.certain() {
			after.lower(value.takeCall, value.takeRet)
		}
	}
	slices.SortStableFunc(all, func(a, b due) int { return int(a.at - b.at) })
	return all
}

// assigned lets optional takes remove the values that have to be removed, the
// most urgent first, and, as far as that leaves takes for them, those that
// probably have to be. It returns how many takes that needs, and whether there
// are enough in time.
//
// A take that was called earlier can do all that a later one can. So by Hall's
// theorem for such nested choices there are enough just if, for each k, the k-th
// that is called is called before the k-th value is due.
func (s *stackCheck) assigned(spans []span, probably bool) (with []span, takes int, enough bool) {
	must := s.deadlines(spans, false)
	for k, d := range must {
		if k >= len(s.takes) || s.takes[k] >= d.at {
			return nil, 0, false
		}
	}
	if probably {
		must = s.extend(must, s.deadlines(spans, true))
	}
	with = slices.Clone(spans)
	for k, d := range must {
		s.takeAt(with, d.v, s.takes[k])
	}
	return with, len(must), true
}

// extend adds those of some more values for which there are takes, too.
func (s *stackCheck) extend(must, more []due) []due {
	in := make(map[int]bool, len(must))
	// spare[k] is how many takes the k-th value and those after it can do
	// without.
	spare := make([]int, len(must)+1)
	spare[len(must)] = len(s.takes) - len(must)
	for k := len(must) - 1; k >= 0; k-- {
		in[must[k].v] = true
		spare[k] = min(spare[k+1], s.calledBefore(must[k].at)-k-1)
	}
	all := slices.Clone(must)
	added := 0
	for _, d := range more {
		if in[d.v] {
			continue
		}
		k := sort.Search(len(must), func(k int) bool { return must[k].at > d.at })
		if min(spare[k], s.calledBefore(d.at)-k) <= added {
			continue
		}
		added++
		all = append(all, d)
	}
	slices.SortStableFunc(all, func(a, b due) int { return int(a.at - b.at) })
	return all
}

// calledBefore is how many optional takes were called before a position.
func (s *stackCheck) calledBefore(at int32) int {
	n, _ := slices.BinarySearch(s.takes, at)
	return n
}

// soonest holds a number for each position, absent at first, and finds the
// smallest from a position on.
type soonest []int32

func newSoonest(n int) soonest {
	s := make(soonest, n+1)
	for i := range s {
		s[i] = absent
	}
	return s
}

// lower lowers the number of a position.
func (s soonest) lower(at, to int32) {
	for i := len(s) - 1 - int(at); i < len(s); i += i & -i {
		s[i] = min(s[i], to)
	}
}

// from returns the smallest number at a position or later.
func (s soonest) from(at int32) int32 {
	smallest := int32(absent)
	for i := len(s) - 1 - int(at); i > 0; i -= i & -i {
		smallest = min(smallest, s[i])
	}
	return smallest
}
