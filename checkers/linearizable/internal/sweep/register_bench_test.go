package sweep

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// simulateRegisters is a run of clients on registers that behave: reads,
// writes and, if wanted, compare-and-sets, a part of them never answered.
func simulateRegisters(n, clients, keys int, ambiguous float64, cas bool) *Registers {
	r := rand.New(rand.NewPCG(uint64(n), uint64(clients)))
	h := &Registers{}
	held := make([]int32, keys)
	for key := range held {
		held[key] = int32(key)
		h.Initial = append(h.Initial, int32(key))
		h.KeyOf = append(h.KeyOf, int32(key))
	}
	type client struct{ op, key, stage int }
	at := make([]client, clients)
	for len(h.Ops) < n {
		c := &at[r.IntN(clients)]
		switch c.stage {
		case 0:
			c.op, c.key, c.stage = len(h.Ops), r.IntN(keys), 1
			kind := RegisterRead
			switch draw := r.IntN(10); {
			case draw < 3:
				kind = RegisterWrite
			case draw < 5 && cas:
				kind = RegisterCAS
			}
			h.Ops = append(h.Ops, RegisterOp{Kind: kind})
			h.Timeline = append(h.Timeline, uint32(c.op)<<1)
		case 1:
			op := &h.Ops[c.op]
			op.Old, op.Value = held[c.key], held[c.key]
			if op.Kind != RegisterRead {
				op.Value = int32(len(h.KeyOf))
				h.KeyOf = append(h.KeyOf, int32(c.key))
				held[c.key] = op.Value
			}
			c.stage = 2
			if op.Kind != RegisterRead && r.Float64() < ambiguous {
				c.stage = 0
			}
		case 2:
			h.Timeline = append(h.Timeline, uint32(c.op)<<1|1)
			c.stage = 0
		}
	}
	for i := range at {
		if at[i].stage == 1 { // not yet in effect: an answer that never came
			op := &h.Ops[at[i].op]
			op.Kind, op.Value = RegisterWrite, int32(len(h.KeyOf))
			h.KeyOf = append(h.KeyOf, int32(at[i].key))
		}
	}
	return h
}

func BenchmarkRegisters(b *testing.B) {
	for _, cas := range []bool{false, true} {
		for _, ambiguous := range []float64{0.001, 0.05} {
			h := simulateRegisters(1_000_000, 20, 64, ambiguous, cas)
			b.Run(fmt.Sprintf("cas=%v/ambiguous=%v", cas, ambiguous), func(b *testing.B) {
				for b.Loop() {
					if conflicts, undecided := h.Check(); len(conflicts)+len(undecided) > 0 {
						b.Fatal(conflicts, undecided)
					}
				}
			})
		}
	}
}
