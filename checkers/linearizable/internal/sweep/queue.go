package sweep

import "slices"

// EndKind is what an operation did to a queue or a stack.
type EndKind uint8

const (
	// Put added its value; one that was not answered may have.
	Put EndKind = iota
	// Take removed its value.
	Take
	// Empty found nothing to take.
	Empty
	// MaybeTake was not answered: it may have removed any value.
	MaybeTake
)

// EndOp is one operation on a queue or a stack.
type EndOp struct {
	Kind  EndKind
	Value int32
}

// Ends is a history of a queue or a stack, empty at first. Values are dense.
type Ends struct {
	Timeline Timeline
	Ops      []EndOp
	Values   int
}

// span is what is known of a value: when its put was called and returned, and
// when its take was. Positions index the timeline.
type span struct {
	putCall, putRet   int
	takeCall, takeRet int
}

// absent is the position of what did not happen.
const absent = Never

func (s span) put() bool   { return s.putCall != absent }
func (s span) taken() bool { return s.takeCall != absent }

// spans is the part that queues and stacks share: it pairs puts with takes. It
// returns twice if a value was put twice, and a witness if a value was taken
// that was not there, or was taken twice.
func (h *Ends) spans() (spans []span, twice bool, witness []int) {
	spans = make([]span, h.Values)
	for v := range spans {
		spans[v] = span{absent, absent, absent, absent}
	}
	taker := make([]int, h.Values)
	for at, entry := range h.Timeline {
		op := int(entry >> 1)
		s := (*span)(nil)
		if h.Ops[op].Kind <= Take {
			s = &spans[h.Ops[op].Value]
		}
		isReturn := entry&1 == 1
		switch h.Ops[op].Kind {
		case Put:
			switch {
			case isReturn:
				s.putRet = at
			case s.put():
				return nil, true, nil
			default:
				s.putCall = at
			}
		case Take:
			switch {
			case !isReturn && s.taken():
				witness = append(witness, taker[h.Ops[op].Value], op)
			case !isReturn:
				s.takeCall = at
				taker[h.Ops[op].Value] = op
			case !s.put():
				witness = append(witness, op)
			default:
				s.takeRet = at
			}
		}
	}
	return spans, false, witness
}

// CheckQueue decides a first-in first-out history. The conditions are that no
// value is put twice; otherwise it returns decided false. Time is O(n), and O(n
// log n) if there are optional takes and some that found nothing.
//
// A put that was not answered and whose value nobody got can be left out, along
// with the optional take that may have removed it. Without optional takes, a
// history is legal exactly if none of these occurs (Bouajjani, Emmi, Enea and
// Hamza, "On reducing linearizability to state reachability", 2015):
//
//   - a value is taken that was not put, or before, or twice;
//   - order: a was put before b, but b was taken before a;
//   - lost: a was put before b, but b was taken and a never;
//   - empty: a take found nothing, though at every moment of it some value was
//     certainly there.
//
// An optional take removes at most one value that nobody got. It has no
// return, so it can do so at any moment after its call, and to have been called
// earlier is never a disadvantage. A value that would be lost has to be removed
// before its deadline, the first return of a take that got a later value. By
// Hall's theorem for such nested choices, all deadlines can be met if the k-th
// deadline comes after the call of the k-th optional take, for all k.
//
// A take that found nothing at a moment t adds: all values put before t that
// nobody got are removed by t. This lowers their deadlines to t, and changes
// Hall's condition only from t on, where it says the same whatever other such
// moments there are. So each moment is judged by itself.
func (h *Ends) CheckQueue() (valid, decided bool, witness []int) {
	spans, twice, witness := h.spans()
	if twice {
		return false, false, nil
	}
	if len(witness) > 0 {
		return false, true, witness
	}
	q := queueCheck{Ends: h, spans: spans}
	for at, entry := range h.Timeline {
		if op := h.Ops[entry>>1]; op.Kind == MaybeTake {
			q.removals = append(q.removals, at)
		}
	}
	if witness := q.order(); witness != nil {
		return false, true, witness
	}
	q.findDeadlines()
	if witness := q.lost(); witness != nil {
		return false, true, witness
	}
	if witness := q.empties(); witness != nil {
		return false, true, witness
	}
	return true, true, nil
}

type queueCheck struct {
	*Ends
	spans []span
	// removals are the calls of optional takes, ascending.
	removals []int
	// deadlines holds, by value, the first return of a take of a later value,
	// for values that were put for sure and never taken; absent if none.
	deadlines []int
}

// value returns the value of a put or take at a position.
func (q *queueCheck) value(at int) (v int32, s *span) {
	v = q.Ops[q.Timeline[at]>>1].Value
	return v, &q.spans[v]
}

func (q *queueCheck) order() (witness []int) {
	latest := -1 // the last call of a take of a value whose put has returned
	for at, entry := range q.Timeline {
		if op := q.Ops[entry>>1]; op.Kind > Take {
			continue
		}
		_, s := q.value(at)
		switch {
		case at == s.putRet && s.taken():
			latest = max(latest, s.takeCall)
		case at == s.putCall && s.taken() && s.takeRet < latest:
			_, a := q.value(latest)
			return []int{int(entry >> 1), q.Timeline.op(int32(s.takeRet)), q.Timeline.op(int32(a.putRet)), q.Timeline.op(int32(latest))}
		}
	}
	return nil
}

func (q *queueCheck) findDeadlines() {
	q.deadlines = make([]int, q.Values)
	soonest := absent
	for at := len(q.Timeline) - 1; at >= 0; at-- {
		if op := q.Ops[q.Timeline[at]>>1]; op.Kind != Put {
			continue
		}
		v, s := q.value(at)
		switch at {
		case s.putCall:
			soonest = min(soonest, s.takeRet)
		case s.putRet:
			q.deadlines[v] = soonest
		}
	}
}

// leftOver says whether a value was put for sure and nobody got it.
func (s span) leftOver() bool { return s.putRet != absent && !s.taken() }

func (q *queueCheck) lost() (witness []int) {
	var due []int
	for v, s := range q.spans {
		if s.leftOver() && q.deadlines[v] != absent {
			due = append(due, v)
		}
	}
	slices.SortFunc(due, func(a, b int) int { return q.deadlines[a] - q.deadlines[b] })
	for k, v := range due {
		if k < len(q.removals) && q.removals[k] < q.deadlines[v] {
			continue
		}
		for _, v := range due[:k+1] {
			_, b := q.value(q.deadlines[v])
			witness = append(witness, q.Timeline.op(int32(q.spans[v].putRet)), q.Timeline.op(int32(b.putCall)), q.Timeline.op(int32(b.takeRet)))
		}
		return witness
	}
	return nil
}

// empties finds, for each take that found nothing, a moment at which that was
// so. Moment t is between the events t and t+1.
func (q *queueCheck) empties() (witness []int) {
	some := slices.ContainsFunc(q.Ops, func(op EndOp) bool { return op.Kind == Empty })
	if !some {
		return nil
	}
	moments := q.emptyMoments()
	before := make([]int, len(moments)+1) // empty moments before each
	for t, empty := range moments {
		before[t+1] = before[t]
		if empty {
			before[t+1]++
		}
	}
	called := make([]int, len(q.Ops))
	for at, entry := range q.Timeline {
		op := int(entry >> 1)
		switch {
		case q.Ops[op].Kind != Empty:
		case entry&1 == 0:
			called[op] = at
		case before[at] == before[called[op]]:
			return append(q.puts(q.holding(called[op], at)), op)
		}
	}
	return nil
}

// holding returns values that together are certainly there from one position to
// another, or none if it takes optional takes into account to know.
func (q *queueCheck) holding(from, to int) []stay {
	var stays []stay
	for _, s := range q.spans {
		switch {
		case s.leftOver():
			stays = append(stays, stay{from: s.putRet, to: len(q.Timeline), putCall: s.putCall})
		case s.taken() && s.putRet != absent && s.putRet < s.takeCall:
			stays = append(stays, stay{from: s.putRet, to: s.takeCall, putCall: s.putCall})
		}
	}
	slices.SortFunc(stays, func(a, b stay) int { return a.from - b.from })
	return chain(stays, from, to)
}

// emptyMoments says at which moments the queue can have been empty.
func (q *queueCheck) emptyMoments() []bool {
	n := len(q.Timeline)
	held := make([]int, n+1)     // change in values that are certainly there
	leftOver := make([]int, n+1) // change in values put that nobody got
	for _, s := range q.spans {
		switch {
		case s.leftOver():
			leftOver[s.putRet]++
		case s.taken() && s.putRet != absent && s.putRet < s.takeCall:
			held[s.putRet]++
			held[s.takeCall]--
		}
	}
	moments := make([]bool, n)
	var tree *maxTree
	if len(q.removals) > 0 {
		tree = q.shortfall()
	}
	sum := func(changes []int) {
		for t := 1; t < len(changes); t++ {
			changes[t] += changes[t-1]
		}
	}
	sum(held)
	sum(leftOver)
	for t := n - 1; t >= 0; t-- {
		switch {
		case held[t] > 0:
		case tree == nil:
			moments[t] = leftOver[t] == 0
		default:
			moments[t] = leftOver[t]+tree.max(t, n) <= 0
		}
		if tree == nil {
			continue
		}
		// From the next moment on, to the left, this value is put later.
		if op := q.Ops[q.Timeline[t]>>1]; op.Kind == Put {
			if v, s := q.value(t); t == s.putRet && s.leftOver() && q.deadlines[v] != absent {
				tree.add(q.deadlines[v], n, 1)
			}
		}
	}
	return moments
}

// shortfall is a tree that holds, for each position x, how many values put
// after the current moment have a deadline up to x, less the optional takes
// called by x. The current moment is the last one.
func (q *queueCheck) shortfall() *maxTree {
	n := len(q.Timeline)
	tree := newMaxTree(n)
	for _, at := range q.removals {
		tree.add(at, n, -1)
	}
	return tree
}
