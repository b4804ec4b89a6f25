package conservation

import "iter"

// index files numbers under events, in memory for one number an event and one
// for each number filed: far less, and far faster, than a sort of them.
type index struct {
	first []int32
	next  []int32
	item  []int32
}

func newIndex(events int) *index { return &index{first: make([]int32, events)} }

// add files a number under an event. Events outside of the history are never
// reached, and what is filed there is forgotten.
func (x *index) add(event int32, item int) {
	if event < 0 || int(event) >= len(x.first) {
		return
	}
	x.next = append(x.next, x.first[event])
	x.item = append(x.item, int32(item))
	x.first[event] = int32(len(x.next))
}

// at are the numbers filed under an event.
func (x *index) at(event int32) iter.Seq[int32] {
	return func(yield func(int32) bool) {
		for at := x.first[event]; at != 0; at = x.next[at-1] {
			if !yield(x.item[at-1]) {
				return
			}
		}
	}
}
