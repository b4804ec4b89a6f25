package columns

import (
	"math/bits"

	"github.com/tertium-dev/tertium/harness/history"
)

// Pick returns some operations as they are in [history.History.Operations], but
// for their Ref, which columns do not hold. Their numbers ascend. It takes a
// pass over all events, and memory for those picked.
func (c *Columns) Pick(operations []uint32) []history.Operation {
	picked := make([]history.Operation, len(operations))
	if len(operations) == 0 {
		return picked
	}
	for i, op := range operations {
		picked[i] = history.Operation{
			Process: int(c.Processes[c.Process[op]]),
			F:       c.Functions.At(c.F[op]),
			Key:     c.Keys.At(c.Key[op]),
			Idem:    c.Idems.At(c.Idem[op]),
			Node:    c.Nodes.At(c.Node[op]),
			Input:   c.Values.At(c.In[op]),
			Output:  c.Values.At(c.Out[op]),
			Outcome: c.Outcome[op],
			Error:   c.Errors.At(c.Error[op]),
			Return:  history.Never,
			Phase:   c.Phases.At(c.Phase[op]),
		}
	}
	// wanted has a bit for each operation; ranks counts those before each word,
	// so that a position is found without searching.
	wanted := make([]uint64, c.Operations()/64+1)
	ranks := make([]uint32, len(wanted))
	for _, op := range operations {
		wanted[op/64] |= 1 << (op % 64)
	}
	for word := range len(wanted) - 1 {
		ranks[word+1] = ranks[word] + uint32(bits.OnesCount64(wanted[word]))
	}
	for at, event := range c.Events {
		op := event >> 1
		if event == Other || wanted[op/64]>>(op%64)&1 == 0 {
			continue
		}
		i := ranks[op/64] + uint32(bits.OnesCount64(wanted[op/64]&(1<<(op%64)-1)))
		if event&1 == 0 {
			picked[i].Call = at
			picked[i].Start, picked[i].End = c.Time(at), c.Time(at)
		} else {
			picked[i].Return = at
			picked[i].End = c.Time(at)
		}
	}
	gaveUp, next := 0, 0
	for op := uint32(0); next < len(operations) && op <= operations[len(operations)-1]; op++ {
		wanted := operations[next] == op
		if c.Outcome[op] == history.Unknown {
			if at := c.gaveUp[gaveUp]; wanted && at > 0 {
				picked[next].End = c.Time(int(at) - 1)
			}
			gaveUp++
		}
		if wanted {
			next++
		}
	}
	return picked
}
