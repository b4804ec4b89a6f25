package linearizable

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// covered are the scenarios that a near-linear algorithm must decide, whatever
// the number of clients and of unknown outcomes.
func covered(t testing.TB) []scenario {
	names := []string{
		"register", "cas-register", "queue", "stack", "counter", "mutex", "set", "set, read whole", "log", "multi-register, one by one",
	}
	var all []scenario
	for _, s := range scenarios(t) {
		if slices.Contains(names, s.name) {
			all = append(all, s)
		}
	}
	require.Len(t, all, len(names))
	grant := func(r *rand.Rand, fresh, _ func() int64) history.Operation {
		if r.IntN(2) == 0 {
			return ok("release", nil, nil)
		}
		return ok("acquire", nil, 1+fresh())
	}
	return append(all, scenario{name: "mutex, fencing tokens that grow", model: named(t, "mutex", Options{}), draw: grant})
}

// TestCoveredHistoriesAreDecided: with up to 64 clients on one object, and up to
// all outcomes unknown, whether or not answers are false, there is a verdict, and
// no search for it.
func TestCoveredHistoriesAreDecided(t *testing.T) {
	for _, s := range covered(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			clients, unknown := []int{1, 4, 16, 64}, []float64{0, 0.01, 0.1, 0.5, 0.9, 1}
			d := New(s.model).decider(1 << 30)
			for seed := range uint64(soakUpTo(t, 2, 1000)) {
				for n, at := range clients {
					for m, part := range unknown {
						for _, lies := range []float64{0, 0.005} {
							if lies > 0 && s.model.Name == "multi-register" {
								continue // the lie would be of what was written
							}
							r := rand.New(rand.NewPCG(seed*100+uint64(10*n+m), seedOf(s.name)))
							fresh, some := values(r)
							ops := s.parsed(t, s.simulated(r, size{400, at, part, lies}, fresh, some))
							said := fmt.Sprintf("seed %d, %d clients, %v unknown, %v false", seed, at, part, lies)
							got := d.decide(context.Background(), ops)
							require.NotEqual(t, verdict.Unknown, got.verdict, "%s: %s: %s", said, got.method, got.reason)
							require.False(t, strings.HasPrefix(got.method, "search"), "%s: %s", said, got.method)
							if lies == 0 {
								require.Equal(t, verdict.Valid, got.verdict, said)
							}
						}
					}
				}
			}
		})
	}
}
