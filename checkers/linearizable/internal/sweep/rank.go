package sweep

// Ranked is a history whose answers place every operation: those of a lower
// rank come before those of a higher one, those of equal rank in any order.
type Ranked struct {
	Timeline Timeline
	Rank     []int
}

// Check decides the history in one pass: there is an order unless an operation
// was called after one of a higher rank had returned.
func (h *Ranked) Check() (valid bool, witness []int) {
	highest := -1
	for _, entry := range h.Timeline {
		op := int(entry >> 1)
		switch {
		case entry&1 == 0 && highest >= 0 && h.Rank[op] < h.Rank[highest]:
			return false, []int{highest, op}
		case entry&1 == 1 && (highest < 0 || h.Rank[op] > h.Rank[highest]):
			highest = op
		}
	}
	return true, nil
}
