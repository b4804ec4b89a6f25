package online

import "slices"

// Queue is a first-in first-out queue the values of which are put once.
//
// The rules are those by which whole histories are judged: nothing is taken that
// was not put, or twice; what was put before is taken before; what was put
// before a value that was taken is not left behind; and a take that found
// nothing had a moment at which nothing was certainly there (Bouajjani, Emmi,
// Enea and Hamza, "On reducing linearizability to state reachability", 2015). A
// take that is open or was not answered may have taken one value that nobody
// got, at any moment after its call.
//
// A value that was put, and that nobody got yet, has a deadline: the first
// return of a take of a value put later. A take of it must have been called
// before. Until one returns, an open or unanswered take must account for the
// value, another one for each, called before the deadline: the k-th of them
// before the k-th deadline (see [pool]). As deadlines come with the values put
// last, they are ascending in the order in which puts returned.
//
// A take that found nothing at a moment t says that all values put before t that
// nobody got are taken by t. By Hall's theorem that adds, for each t by itself:
// no value got later covers t, being put before t and taken by one called after
// t; and the values put before t that nobody got are no more than the takes
// called before t that are open or unanswered. Between the calls of two takes
// nothing gets better with time, so the moments that matter are those just after
// a call.
//
// When all takes that were open at its return have returned, only unanswered
// ones are left to account for its moments. Then the first moment t that is
// possible is as good as any: of the values that others need to be gone by, it
// needs the fewest. So t is the deadline of those, and the take is forgotten.
//
// A deadline before the calls of all open takes is met by an unanswered one, or
// never. So the value is forgotten, and a take that returns with it is refused,
// as one of a value that was not put. A value that was forgotten may be put
// again: whoever gets it then cannot have got the first.
type Queue[V comparable] struct {
	takes  pool
	values map[V]*item[V]
	// first is the list of values that were put for sure and that nobody got, by
	// the returns of their puts. The first due of them have a deadline; next is
	// the first that has none.
	first, last, next *item[V]
	due               int
	// latest is the last call of a put of a value that was got.
	latest int
	// moments are those at which the queue may have been empty, ascending.
	moments []int
	empties []empty
}

type item[V comparable] struct {
	name           V
	call, ret      int
	deadline       int
	open, got      bool
	before, behind *item[V]
}

// empty is a take that found nothing.
type empty struct{ call, ret int }

// NewQueue returns an empty queue.
func NewQueue[V comparable]() *Queue[V] {
	return &Queue[V]{values: make(map[V]*item[V]), latest: -1}
}

// Put notes that the put of a value was called, and says false, and notes
// nothing, if another one did or may do that.
func (q *Queue[V]) Put(v V, call int) (fresh bool) {
	if _, known := q.values[v]; known {
		return false
	}
	q.values[v] = &item[V]{name: v, call: call, ret: Never, deadline: Never, open: true}
	return true
}

// Stored takes the return of a put.
func (q *Queue[V]) Stored(v V, now int) {
	x := q.values[v]
	x.open = false
	if x.got {
		delete(q.values, v)
		return
	}
	x.ret = now
	if x.before = q.last; q.last != nil {
		q.last.behind = x
	} else {
		q.first = x
	}
	q.last = x
	if q.next == nil {
		q.next = x
	}
}

// Undone takes the return of a put that turned out to be none.
func (q *Queue[V]) Undone(v V) string {
	if q.values[v].got {
		return "so its value was not there, but another got it"
	}
	delete(q.values, v)
	return None
}

// Retire takes a put the outcome of which is unknown.
func (q *Queue[V]) Retire(v V) {
	x := q.values[v]
	x.open = false
	if x.got {
		delete(q.values, v)
	}
}

// Take notes that a take was called.
func (q *Queue[V]) Take(call int) {
	q.takes.call(call)
	q.moments = append(q.moments, call)
}

// Got takes the return of a take that got a value.
func (q *Queue[V]) Got(v V, call, now int) string {
	x := q.values[v]
	switch {
	case x == nil || x.got:
		return "which was not there, or not any more"
	case x.deadline < call:
		return "though one that was put after it had been taken before it began"
	}
	q.takes.leave(call)
	x.got = true
	if !x.open {
		delete(q.values, v)
	}
	if x.ret != Never {
		q.unlink(x)
		q.cover(x.ret, call)
	}
	q.latest = max(q.latest, x.call)
	for ; q.next != nil && q.next.ret < q.latest; q.next = q.next.behind {
		q.next.deadline = now
		q.due++
	}
	return q.check()
}

// unlink takes a value out of the list.
func (q *Queue[V]) unlink(x *item[V]) {
	if x.deadline != Never {
		q.due--
	}
	if q.next == x {
		q.next = x.behind
	}
	if x.before != nil {
		x.before.behind = x.behind
	} else {
		q.first = x.behind
	}
	if x.behind != nil {
		x.behind.before = x.before
	} else {
		q.last = x.before
	}
}

// cover notes that a value was there from one moment to another.
func (q *Queue[V]) cover(from, to int) {
	i, _ := slices.BinarySearch(q.moments, from)
	j, _ := slices.BinarySearch(q.moments, to)
	if i < j {
		q.moments = slices.Delete(q.moments, i, j)
	}
}

// Empty takes the return of a take that found nothing.
func (q *Queue[V]) Empty(call, now int) string {
	q.takes.leave(call)
	q.empties = append(q.empties, empty{call, now})
	return q.check()
}

// Nothing takes the return of a take that turned out to be none.
func (q *Queue[V]) Nothing(call int) string {
	q.takes.leave(call)
	return q.check()
}

// Unanswered takes a take the outcome of which is unknown.
func (q *Queue[V]) Unanswered(call int) string {
	q.takes.retire(call)
	return q.check()
}

// check judges what may have changed, and forgets what is decided.
func (q *Queue[V]) check() string {
	if !q.inTime() {
		return "but values put before others that were taken are left behind"
	}
	if !q.explainEmpties() {
		return "but values were there all the time that somebody found none"
	}
	q.forget()
	return None
}

// inTime says whether there is a take for each value with a deadline.
func (q *Queue[V]) inTime() bool {
	x, i := q.first, 0
	for k := range q.due {
		// A deadline that is a moment is just after the call that it is named by.
		for i < len(q.takes.ops) && q.takes.ops[i].call <= x.deadline {
			i++
		}
		if q.takes.spare+i <= k {
			return false
		}
		x = x.behind
	}
	return true
}

// explainEmpties says whether each take that found nothing still has a moment,
// and chooses those that make no difference any more.
func (q *Queue[V]) explainEmpties() bool {
	if len(q.empties) == 0 {
		return true
	}
	oldest, possible := q.takes.oldest(), true
	q.empties = slices.DeleteFunc(q.empties, func(e empty) bool {
		at, left := q.moment(e)
		switch {
		case at < 0:
			possible = false
		case left && oldest < e.ret:
			return false
		case left:
			q.tighten(at)
		}
		return true
	})
	return possible
}

// moment returns the first moment at which a take may have found nothing, or -1,
// and whether there are values that must have been taken by then. It prefers one
// without.
func (q *Queue[V]) moment(e empty) (at int, left bool) {
	at = -1
	i, _ := slices.BinarySearch(q.moments, e.call)
	x, values := q.first, 0
	for ; i < len(q.moments) && q.moments[i] < e.ret; i++ {
		moment := q.moments[i]
		for ; x != nil && x.ret < moment && values <= q.takes.size(); x = x.behind {
			values++
		}
		switch {
		case values == 0:
			return moment, false
		case at < 0 && values <= q.takes.before(moment+1):
			at = moment
		}
	}
	return at, true
}

// tighten lets all values put before a moment have been taken by then.
func (q *Queue[V]) tighten(at int) {
	for x := q.first; x != nil && x.ret < at; x = x.behind {
		if x == q.next {
			q.next = x.behind
			q.due++
		}
		x.deadline = min(x.deadline, at)
	}
}

// forget drops what no take can get any more.
func (q *Queue[V]) forget() {
	since := q.takes.oldest()
	for _, e := range q.empties {
		since = min(since, e.call)
	}
	q.takes.fold(since)
	for q.due > 0 && q.first.deadline < since {
		x := q.first
		q.unlink(x)
		delete(q.values, x.name)
		q.takes.spare--
	}
	i, _ := slices.BinarySearch(q.moments, since)
	q.moments = slices.Delete(q.moments, 0, i)
}

// Entries is how much it holds.
func (q *Queue[V]) Entries() int {
	return len(q.values) + q.takes.entries() + len(q.moments) + len(q.empties)
}

// Idle says that the queue is as nothing was ever done to it, for all that is
// yet to be called.
func (q *Queue[V]) Idle() bool {
	return len(q.values) == 0 && q.takes.size() == 0 && len(q.empties) == 0
}
