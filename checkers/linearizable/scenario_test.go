package linearizable

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
)

// scenario draws random histories of a model.
type scenario struct {
	name  string
	model Model
	// draw returns an operation with an answer, legal or not. fresh returns a
	// value that was not written before; some returns one that may have been.
	draw func(r *rand.Rand, fresh, some func() int64) history.Operation
	// share is which part of the histories of its type it draws, in percent,
	// and fast which part of them a near-linear algorithm decides, at least.
	share int
	fast  float64
}

// random returns a small history: half of them simulated and then sometimes
// falsified, half of them at random in all respects.
func (s scenario) random(t require.TestingT, r *rand.Rand) []Op {
	fresh, some := values(r)
	n := 2 + r.IntN(5)
	if r.IntN(2) == 0 {
		return s.parsed(t, s.dense(r, n, fresh, some))
	}
	lies := 0.0
	if r.IntN(2) == 0 {
		lies = 1 / float64(n)
	}
	return s.parsed(t, s.simulated(r, size{n, 1 + r.IntN(4), 1. / 6, lies}, fresh, some))
}

// values returns sources of values: new ones, and those that were drawn lately
// or will be next.
func values(r *rand.Rand) (fresh, some func() int64) {
	written := int64(0)
	return func() int64 { written++; return written },
		func() int64 { return max(1, written+1-r.Int64N(min(written+1, 8))) }
}

func (s scenario) parsed(t require.TestingT, drawn []history.Operation) []Op {
	ops := make([]Op, 0, len(drawn))
	for i := range drawn {
		op := &drawn[i]
		step, err := s.model.Parse(op)
		if err != nil {
			require.NoError(t, err) // not worth asking every time
		}
		if step != nil {
			ops = append(ops, Op{op, step})
		}
	}
	return byCall(ops)
}

// dense draws operations and intervals without a thought.
func (s scenario) dense(r *rand.Rand, n int, fresh, some func() int64) []history.Operation {
	points := r.Perm(2 * n)
	all := make([]history.Operation, 0, n)
	for i := range n {
		op := s.draw(r, fresh, some)
		op.Process = i
		op.Call, op.Return = min(points[2*i], points[2*i+1]), max(points[2*i], points[2*i+1])
		if op.Outcome == history.Unknown || r.IntN(4) == 0 {
			op = unanswered(op)
		}
		all = append(all, op)
	}
	return all
}

func unanswered(op history.Operation) history.Operation {
	op.Outcome, op.Output, op.Error, op.Return = history.Unknown, nil, "", Never
	return op
}

// size says what to simulate: how many operations and clients, which part of the
// operations is never answered, and which part of the answers is false.
type size struct {
	operations, clients int
	unknown, lies       float64
}

// simulated lets clients use an object that obeys the model, then maybe
// falsifies an answer.
func (s scenario) simulated(r *rand.Rand, z size, fresh, some func() int64) []history.Operation {
	type client struct {
		op   history.Operation
		call int
		done bool
	}
	state := s.model.Init
	clients := make([]*client, z.clients)
	all := make([]history.Operation, 0, z.operations+z.clients)
	// A drawer may know no legal operation for a state; then this is all.
	for at := 0; len(all) < z.operations && at < 20*z.operations; at++ {
		i := r.IntN(len(clients))
		c := clients[i]
		switch {
		case c == nil:
			clients[i] = &client{call: at}
		case !c.done:
			op, next, found := s.legal(r, state, fresh, some)
			if !found {
				continue
			}
			c.op, c.done, state = op, true, next
			c.op.Process, c.op.Call = i, c.call
			if c.op.Outcome == history.Unknown || r.Float64() < z.unknown {
				all = append(all, unanswered(c.op))
				clients[i] = nil
			}
		default:
			c.op.Return = at
			if r.Float64() < z.lies {
				if other := s.draw(r, func() int64 { return 0 }, some); other.F == c.op.F && c.op.Outcome == history.OK && other.Outcome == history.OK {
					c.op.Output = other.Output
				}
			}
			all = append(all, c.op)
			clients[i] = nil
		}
	}
	for _, c := range clients {
		if c != nil && c.done {
			all = append(all, unanswered(c.op))
		}
	}
	return all
}

func (s scenario) legal(r *rand.Rand, state any, fresh, some func() int64) (history.Operation, any, bool) {
	for range 20 {
		op := s.draw(r, fresh, some)
		step, err := s.model.Parse(&op)
		if err != nil || step == nil {
			return op, state, err == nil
		}
		if next, legal := s.model.Apply(state, step); legal {
			return op, next, true
		}
	}
	return history.Operation{}, nil, false
}

func named(t testing.TB, name string, o Options) Model {
	m, err := ModelNamed(name, o)
	require.NoError(t, err)
	return m
}

// describe prints a history so that it can be drawn.
func describe(m *Model, ops []Op) string {
	text := ""
	for i, op := range ops {
		end := fmt.Sprint(op.Return)
		if op.Return == Never {
			end = "∞"
		}
		text += fmt.Sprintf("\n%2d [%2d %2s] %s", i, op.Call, end, m.tell(op.Operation))
	}
	return text
}
