package totalqueue

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/tertium-dev/tertium/checkers/internal/intern"
	"github.com/tertium-dev/tertium/harness/history"
)

// none ends a list.
const none = -1

// put is an enqueue; one of unknown outcome never returns.
type put struct {
	op, next  int32
	call, ret int
}

// take is one element taken by a dequeue or a drain that is ok.
type take struct {
	op, next int32
	ret      int
}

// element is a value and what was done with it.
type element struct {
	value int32
	// puts and takes begin lists in the order of calls; puts has no failed ones.
	puts, takes int32
	// put and taken are how long these lists are, and acked how many of the puts
	// were acknowledged.
	put, taken, acked int32
	// failed is an enqueue that failed, or none.
	failed int32
}

// queue is what was done with one queue.
type queue struct {
	key      string
	elements []element
	puts     []put
	takes    []take
	// drains are ok, by call, with the last return of those not called before.
	drains []drain
	// open are the calls of unknown dequeues, ascending, and flood the first call
	// of an unknown drain, or Never.
	open  []opening
	flood opening
	// doubts say what of the history makes no sense.
	doubts []string
}

// drain is an ok drain. Last is the one that returns last of those that were not
// called before it.
type drain struct {
	call, ret int
	op, last  int32
}

// opening is an unknown dequeue or drain.
type opening struct {
	call int
	op   int32
}

// reader reads queues, one after the other.
type reader struct {
	ops   []history.Operation
	table *intern.Table
	// slots find the element of a value in the queue of that number.
	slots []slot
}

type slot struct{ queue, element int32 }

func (r *reader) slot(value int32) *slot {
	for int(value) >= len(r.slots) {
		r.slots = append(r.slots, slot{none, none})
	}
	return &r.slots[value]
}

// read reads the queue of some number from its operations. It goes backwards, so
// that lists which grow at their heads end up in the order of calls.
func (r *reader) read(number int32, key string, at []int32) *queue {
	q := &queue{key: key, flood: opening{history.Never, none}}
	puts := 0
	for _, i := range at {
		if r.ops[i].F == "enqueue" {
			puts++
		}
	}
	q.puts = make([]put, 0, puts)
	q.takes = make([]take, 0, len(at)-puts)
	q.elements = make([]element, 0, puts)
	element := func(value any) *element { return q.element(r, number, value) }
	for _, i := range slices.Backward(at) {
		op := &r.ops[i]
		switch {
		case op.F == "enqueue" && op.Input == nil:
			q.doubts = append(q.doubts, fmt.Sprintf("the enqueue at event %d has no element", op.Call))
		case op.F == "enqueue":
			q.enqueue(element(op.Input), i, op)
		case op.Outcome == history.Fail:
		case op.Outcome == history.Unknown && op.F == "drain":
			q.flood = opening{op.Call, i}
		case op.Outcome == history.Unknown:
			q.open = append(q.open, opening{op.Call, i})
		case op.F == "drain":
			list, ok := op.Output.([]any)
			if !ok {
				q.doubts = append(q.doubts, fmt.Sprintf("the drain at event %d says no list of what it took", op.Call))
				continue
			}
			for _, value := range list {
				q.take(element(value), i, op)
			}
			q.drains = append(q.drains, drain{call: op.Call, ret: op.Return, op: i})
		case op.Output != nil:
			q.take(element(op.Output), i, op)
		}
	}
	slices.Reverse(q.open)
	slices.Reverse(q.doubts)
	slices.Reverse(q.drains)
	for i := len(q.drains) - 1; i >= 0; i-- {
		q.drains[i].last = int32(i)
		if i+1 < len(q.drains) {
			if later := q.drains[i+1].last; q.drains[later].ret > q.drains[i].ret {
				q.drains[i].last = later
			}
		}
	}
	return q
}

func (q *queue) element(r *reader, number int32, value any) *element {
	id := r.table.ID(value)
	s := r.slot(id)
	if s.queue != number {
		*s = slot{number, int32(len(q.elements))}
		q.elements = append(q.elements, element{value: id, puts: none, takes: none, failed: none})
	}
	return &q.elements[s.element]
}

func (q *queue) enqueue(e *element, at int32, op *history.Operation) {
	if op.Outcome == history.Fail {
		e.failed = at
		return
	}
	q.puts = append(q.puts, put{op: at, next: e.puts, call: op.Call, ret: op.Return})
	e.puts = int32(len(q.puts) - 1)
	e.put++
	if op.Outcome == history.OK {
		e.acked++
	}
}

func (q *queue) take(e *element, at int32, op *history.Operation) {
	q.takes = append(q.takes, take{op: at, next: e.takes, ret: op.Return})
	e.takes = int32(len(q.takes) - 1)
	e.taken++
}

// putsOf returns the puts of an element by call.
func (q *queue) putsOf(e *element) []put {
	puts := make([]put, 0, e.put)
	for at := e.puts; at != none; at = q.puts[at].next {
		puts = append(puts, q.puts[at])
	}
	return puts
}

// takesOf returns the takes of an element by return.
func (q *queue) takesOf(e *element) []take {
	takes := make([]take, 0, e.taken)
	for at := e.takes; at != none; at = q.takes[at].next {
		takes = append(takes, q.takes[at])
	}
	slices.SortStableFunc(takes, func(a, b take) int { return cmp.Compare(a.ret, b.ret) })
	return takes
}

// judgedBy returns the drain by whose return a put that returned then must have
// gone, or nil if none was called after it.
func (q *queue) judgedBy(ret int) *drain {
	at := sort.Search(len(q.drains), func(i int) bool { return q.drains[i].call > ret })
	if at == len(q.drains) {
		return nil
	}
	return &q.drains[q.drains[at].last]
}
