package columns

import (
	"math/bits"

	"github.com/tertium-dev/tertium/harness/history"
)

// Pick returns some operations as they are in [history.History.Operations], but
// for what columns do not hold: Ref, Start and End. Their numbers ascend. It
// takes a pass over all events, and memory for those picked.
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
		} else {
			picked[i].Return = at
		}
	}
	return picked
}
