package sweep

// Counter is a history of a counter that only steps by one.
type Counter struct {
	Timeline Timeline
	// Read says which operations are reads, and Seen how many steps each of
	// them saw. Reads that were not answered are to be left out.
	Read []bool
	Seen []int32
}

// Check decides the history, in O(n log n). The witness ends with the operation
// by whose return there is no order, after a read that contradicts it if there
// is one.
//
// It takes a step only when it must: when a step returns, or when a read
// returns that saw more. Of the open steps, the one that returns first is taken
// first (those are interchangeable); optional ones last. So at any moment it has
// taken no more steps than any other legal order, and those left over are open
// for longest: a read that another order can serve, this one can. A read that
// saw fewer steps than were taken now is served if it saw no fewer than were
// taken at its call, because the count passed all numbers in between.
func (h *Counter) Check() (valid bool, witness []int) {
	var open urgents
	taken := int32(0)
	used := make([]bool, len(h.Read))
	// Of a step, at is its return; of a read, how many steps were taken at its
	// call.
	at := h.Timeline.returns(nil, len(h.Read))
	// most is the read that has returned and saw most, or none, and mostAtCall
	// what it was when a read was called.
	most, mostAtCall := none, make([]int32, len(h.Read))
	for _, entry := range h.Timeline {
		op := int(entry >> 1)
		switch {
		case entry&1 == 0 && h.Read[op]:
			at[op], mostAtCall[op] = taken, most
		case entry&1 == 0:
			open.push(urgent{at[op], int32(op)})
		case h.Read[op]:
			if h.Seen[op] < at[op] {
				if before := mostAtCall[op]; before != none && h.Seen[before] > h.Seen[op] {
					return false, []int{int(before), op}
				}
				return false, []int{op}
			}
			for taken < h.Seen[op] {
				if len(open) == 0 {
					return false, []int{op}
				}
				if next := open.pop().op; !used[next] {
					used[next] = true
					taken++
				}
			}
			if most == none || h.Seen[op] > h.Seen[most] {
				most = int32(op)
			}
		case !used[op]:
			used[op] = true
			taken++
		}
	}
	return true, nil
}
