package linearizable

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// crowds are scenarios that must be decided however many clients there are: some
// by a near-linear algorithm, some by the search.
func crowds(t testing.TB) []scenario {
	all := []scenario{}
	for _, s := range scenarios(t) {
		switch s.name {
		case "register", "register, values come again", "cas-register", "cas-register, blind refusals",
			"cas-register, values come again", "cas-register, values come again, blind refusals",
			"queue", "stack", "counter", "mutex", "mutex, fencing tokens", "set", "set, blind changes", "log", "log, offsets":
			all = append(all, s)
		}
	}
	growing := func(r *rand.Rand, fresh, some func() int64) history.Operation {
		if r.IntN(3) > 0 {
			return ok("push", fresh(), nil)
		}
		return ok("pop", nil, some())
	}
	blind := func(r *rand.Rand, fresh, some func() int64) history.Operation {
		if r.IntN(4) == 0 {
			return failed("cas", []any{some(), fresh()}, nil, "mismatch")
		}
		return drawUniqueCAS(true)(r, fresh, some)
	}
	// sums draws what a counter that is added to and read would answer.
	sums := func(deltas int64) drawer {
		held := int64(0)
		return func(r *rand.Rand, _, _ func() int64) history.Operation {
			delta := 1 + r.Int64N(deltas)
			switch r.IntN(3) {
			case 0:
				return ok("read", nil, held)
			case 1:
				held += delta
				return ok("add", delta, nil)
			}
			held += delta
			return ok("add-and-get", delta, held)
		}
	}
	return append(all,
		scenario{name: "stack, growing", model: named(t, "stack", Options{}), draw: growing},
		scenario{name: "cas-register, many blind refusals", model: named(t, "cas-register", Options{}), draw: blind},
		scenario{name: "counter, sums", model: named(t, "counter", Options{}), draw: sums(1)},
		scenario{name: "counter, sums of any amounts", model: named(t, "counter", Options{}), draw: sums(5)},
	)
}

// TestCrowdsAreDecided: at 20 clients on one object, and with one outcome of
// twenty unknown, whether or not answers are false, a verdict is reached.
func TestCrowdsAreDecided(t *testing.T) {
	for _, s := range crowds(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			for _, lies := range []float64{0, 0.002} {
				for seed := range uint64(soakUpTo(t, 1, 100)) {
					r := rand.New(rand.NewPCG(seed, seedOf(s.name)))
					fresh, some := values(r)
					ops := s.parsed(t, s.simulated(r, size{1000, 20, 0.05, lies}, fresh, some))
					got := New(s.model).decider(1<<30).decide(context.Background(), ops)
					require.NotEqual(t, verdict.Unknown, got.verdict, "seed %d: %s: %s", seed, got.method, got.reason)
					if lies == 0 {
						require.Equal(t, verdict.Valid, got.verdict, "seed %d: %s", seed, got.method)
					}
				}
			}
		})
	}
}
