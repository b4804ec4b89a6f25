package sweep

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// reduced is a history of some operations only.
func (h *Ends) reduced(core []int) *Ends {
	place := make(map[uint32]uint32)
	part := &Ends{Values: h.Values}
	for i, op := range core {
		place[uint32(op)] = uint32(i)
		part.Ops = append(part.Ops, h.Ops[op])
	}
	for _, entry := range h.Timeline {
		if i, in := place[entry>>1]; in {
			part.Timeline = append(part.Timeline, i<<1|entry&1)
		}
	}
	return part
}

// TestCoresAreInvalid falsifies histories of queues and stacks, and requires
// that the core of every contradiction with a witness is one by itself, and that
// there nearly always is such a core.
func TestCoresAreInvalid(t *testing.T) {
	for _, last := range []bool{false, true} {
		r := rand.New(rand.NewPCG(7, 7))
		invalid, found := 0, 0
		for n := range 3000 {
			h := simulateEnds(10+n%50, 4, 0.1, last)
			i := r.IntN(len(h.Ops))
			if h.Ops[i].Kind == Take {
				h.Ops[i] = EndOp{Kind: Empty}
			}
			check := (*Ends).CheckQueue
			if last {
				check = (*Ends).CheckStack
			}
			valid, decided, witness := check(h)
			if valid || !decided {
				continue
			}
			invalid++
			if len(witness) == 0 {
				continue
			}
			valid, decided, _ = check(h.reduced(h.Core(witness)))
			if decided && !valid {
				found++
			}
		}
		require.Greater(t, invalid, 300)
		require.GreaterOrEqual(t, found, invalid*8/10)
	}
}
