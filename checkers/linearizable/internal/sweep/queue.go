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
	putCall, putRet   int32
	takeCall, takeRet int32
}

// absent is the position of what did not happen.
const absent = never

func (s span) put() bool   { return s.putCall != absent }
func (s span) taken() bool { return s.takeCall != absent }

// pair is the part that queues and stacks share: it pairs puts with takes. It
// returns twice if a value was put twice, and a witness if a value was taken
// that was not there, or was taken twice.
func (h *Ends) pair(room *endsRoom) (spans []span, twice bool, witness []int) {
	spans = slices.Grow(room.spans[:0], h.Values)[:h.Values]
	room.spans = spans
	for v := range spans {
		spans[v] = span{absent, absent, absent, absent}
	}
	for i, entry := range h.Timeline {
		at, op := int32(i), int(entry>>1)
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
				witness = append(witness, h.Timeline.op(s.takeCall), op)
			case !isReturn:
				s.takeCall = at
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
	room := endsRooms.Get().(*endsRoom)
	defer endsRooms.Put(room)
	_, twice, witness := h.pair(room)
	if twice {
		return false, false, nil
	}
	if len(witness) > 0 {
		return false, true, witness
	}
	q := queueCheck{Ends: h, endsRoom: room}
	for at, entry := range h.Timeline {
		if op := h.Ops[entry>>1]; op.Kind == MaybeTake {
			q.removals = append(q.removals, int32(at))
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
	*endsRoom
	// removals are the calls of optional takes, ascending.
	removals []int32
	// deadlines holds, by value, the first return of a take of a later value,
	// for values that were put for sure and never taken; absent if none.
	deadlines []int32
}

// value returns the value of a put or take at a position.
func (q *queueCheck) value(at int32) (v int32, s *span) {
	v = q.Ops[q.Timeline[at]>>1].Value
	return v, &q.spans[v]
}

func (q *queueCheck) order() (witness []int) {
	latest := none // the last call of a take of a value whose put has returned
	for i, entry := range q.Timeline {
		op, at := &q.Ops[entry>>1], int32(i)
		if op.Kind > Take {
			continue
		}
		s := &q.spans[op.Value]
		switch {
		case at == s.putRet && s.taken():
			latest = max(latest, s.takeCall)
		case at == s.putCall && s.taken() && s.takeRet < latest:
			_, a := q.value(latest)
			return []int{int(entry >> 1), q.Timeline.op(s.takeRet), q.Timeline.op(a.putRet), q.Timeline.op(latest)}
		}
	}
	return nil
}

func (q *queueCheck) findDeadlines() {
	q.deadlines = q.numbers(&q.byValue, q.Values)
	soonest := absent
	for at := len(q.Timeline) - 1; at >= 0; at-- {
		op := &q.Ops[q.Timeline[at]>>1]
		switch {
		case op.Kind != Put:
		case q.Timeline[at]&1 == 0:
			soonest = min(soonest, q.spans[op.Value].takeRet)
		default:
			q.deadlines[op.Value] = soonest
		}
	}
}

// leftOver says whether a value was put for sure and nobody got it.
func (s span) leftOver() bool { return s.putRet != absent && !s.taken() }

func (q *queueCheck) lost() (witness []int) {
	var due []int32
	for v, s := range q.spans {
		if s.leftOver() && q.deadlines[v] != absent {
			due = append(due, int32(v))
		}
	}
	slices.SortFunc(due, func(a, b int32) int { return int(q.deadlines[a] - q.deadlines[b]) })
	for k, v := range due {
		if k < len(q.removals) && q.removals[k] < q.deadlines[v] {
			continue
		}
		for _, v := range due[:k+1] {
			_, b := q.value(q.deadlines[v])
			witness = append(witness, q.Timeline.op(q.spans[v].putRet), q.Timeline.op(b.putCall), q.Timeline.op(b.takeRet))
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
	before := q.emptyMoments()
	called := q.numbers(&q.byOp, len(q.Ops))
	for at, entry := range q.Timeline {
		op := int(entry >> 1)
		switch {
		case q.Ops[op].Kind != Empty:
		case entry&1 == 0:
			called[op] = int32(at)
		case before[at] == before[called[op]]:
			return append(q.puts(q.holding(called[op], int32(at))), op)
		}
	}
	return nil
}

// holding returns values that together are certainly there from one position to
// another, or none if it takes optional takes into account to know.
func (q *queueCheck) holding(from, to int32) []stay {
	var stays []stay
	for _, s := range q.spans {
		switch {
		case s.leftOver():
			stays = append(stays, stay{from: s.putRet, to: int32(len(q.Timeline)), putCall: s.putCall})
		case s.taken() && s.putRet != absent && s.putRet < s.takeCall:
			stays = append(stays, stay{from: s.putRet, to: s.takeCall, putCall: s.putCall})
		}
	}
	slices.SortFunc(stays, func(a, b stay) int { return int(a.from - b.from) })
	return chain(stays, from, to)
}

// emptyMoments says how many of the moments before each are such at which the
// queue can have been empty.
func (q *queueCheck) emptyMoments() []int32 {
	n := len(q.Timeline)
	held := q.numbers(&q.held, n+1)          // values that are certainly there
	leftOver := q.numbers(&q.unclaimed, n+1) // values put that nobody got
	clear(held)
	clear(leftOver)
	for i := range q.spans {
		switch s := &q.spans[i]; {
		case s.leftOver():
			leftOver[s.putRet]++
		case s.taken() && s.putRet != absent && s.putRet < s.takeCall:
			held[s.putRet]++
			held[s.takeCall]--
		}
	}
	for t := 1; t < n; t++ {
		held[t] += held[t-1]
		leftOver[t] += leftOver[t-1]
	}
	// From here on, held says whether the queue cannot be empty.
	if len(q.removals) == 0 {
		for t := range n {
			held[t] += leftOver[t]
		}
	} else {
		q.allow(held, leftOver)
	}
	before := leftOver
	count := int32(0)
	for t := range n {
		before[t] = count
		if held[t] <= 0 {
			count++
		}
	}
	before[n] = count
	return before
}

// allow adds to held, for each moment, whether optional takes cannot have
// removed all values that nobody got and that were put by then.
func (q *queueCheck) allow(held, leftOver []int32) {
	n := len(q.Timeline)
	tree := q.shortfall()
	for t := n - 1; t >= 0; t-- {
		if held[t] <= 0 && leftOver[t]+tree.max(t, n) > 0 {
			held[t] = 1
		}
		// From the next moment on, to the left, this value is put later.
		if op := q.Ops[q.Timeline[t]>>1]; op.Kind == Put && q.Timeline[t]&1 == 1 {
			if s := &q.spans[op.Value]; s.leftOver() && q.deadlines[op.Value] != absent {
				tree.add(int(q.deadlines[op.Value]), n, 1)
			}
		}
	}
}

// shortfall is a tree that holds, for each position x, how many values put
// after the current moment have a deadline up to x, less the optional takes
// called by x. The current moment is the last one.
func (q *queueCheck) shortfall() *maxTree {
	n := len(q.Timeline)
	tree := &q.tree
	tree.begin(n)
	for _, at := range q.removals {
		tree.add(int(at), n, -1)
	}
	return tree
}
