package sweep

import (
	"slices"
	"sync"
)

// endsRoom is memory for the check of one queue or stack, to be used again for
// the next: histories have many, and fresh memory costs more than to write it.
type endsRoom struct {
	spans   []span
	empties [][2]int32
	stays   []stay
	ends    []end
	peeler  peeler
	tree    maxTree
	// Numbers by operation, value and position.
	byOp, byValue, held, unclaimed []int32
}

var endsRooms = sync.Pool{New: func() any { return new(endsRoom) }}

// numbers has n numbers of any value. It uses the memory of a slice of the room.
func (*endsRoom) numbers(slice *[]int32, n int) []int32 {
	*slice = slices.Grow((*slice)[:0], n)[:n]
	return *slice
}
