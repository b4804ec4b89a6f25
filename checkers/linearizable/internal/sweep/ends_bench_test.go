package sweep

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// simulateEnds is a run of clients on a queue or stack that behaves.
func simulateEnds(n, clients int, unanswered float64, last bool) *Ends {
	r := rand.New(rand.NewPCG(uint64(n), uint64(clients)))
	h := &Ends{}
	type client struct{ op, stage int }
	at := make([]client, clients)
	var held []int32
	for len(h.Ops) < n {
		c := &at[r.IntN(clients)]
		switch c.stage {
		case 0:
			c.op, c.stage = len(h.Ops), 1
			h.Ops = append(h.Ops, EndOp{Kind: EndKind(r.IntN(2))})
			h.Timeline = append(h.Timeline, uint32(c.op)<<1)
		case 1:
			op := &h.Ops[c.op]
			switch {
			case op.Kind == Put:
				op.Value = int32(h.Values)
				held = append(held, op.Value)
				h.Values++
			case len(held) == 0:
				op.Kind = Empty
			case last:
				op.Value, held = held[len(held)-1], held[:len(held)-1]
			default:
				op.Value, held = held[0], held[1:]
			}
			c.stage = 2
			if op.Kind == Put && r.Float64() < unanswered {
				c.stage = 0
			}
		case 2:
			h.Timeline = append(h.Timeline, uint32(c.op)<<1|1)
			c.stage = 0
		}
	}
	for _, c := range at { // calls that are still open
		op := &h.Ops[c.op]
		switch {
		case c.stage == 0:
		case op.Kind != Put && c.stage == 1, op.Kind == Empty:
			op.Kind = MaybeTake
		case op.Kind == Put && c.stage == 1:
			op.Value = int32(h.Values)
			h.Values++
		default:
			h.Timeline = append(h.Timeline, uint32(c.op)<<1|1)
		}
	}
	return h
}

func BenchmarkEnds(b *testing.B) {
	for _, unanswered := range []float64{0.001, 0.05} {
		queue := simulateEnds(1_000_000, 20, unanswered, false)
		b.Run(fmt.Sprintf("queue/unanswered=%v", unanswered), func(b *testing.B) {
			for b.Loop() {
				if valid, decided, witness := queue.CheckQueue(); !valid || !decided {
					b.Fatal(valid, decided, witness)
				}
			}
		})
		stack := simulateEnds(1_000_000, 20, unanswered, true)
		b.Run(fmt.Sprintf("stack/unanswered=%v", unanswered), func(b *testing.B) {
			for b.Loop() {
				if valid, decided, witness := stack.CheckStack(); !valid || !decided {
					b.Fatal(valid, decided, witness)
				}
			}
		})
	}
}
