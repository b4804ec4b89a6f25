package linearizable

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// soak is how many histories of each kind are drawn: by default as many as are
// done in seconds, and as many as TERTIUM_SOAK says.
func soak(t testing.TB, usual int) int {
	text := os.Getenv("TERTIUM_SOAK")
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, "TERTIUM_SOAK is a number of histories")
	return n
}

// soakUpTo is soak for histories that take long to decide.
func soakUpTo(t testing.TB, usual, most int) int {
	return max(usual, min(soak(t, usual), most))
}

// TestMain lets garbage be: the tests make much of it and keep little.
func TestMain(m *testing.M) {
	debug.SetGCPercent(1000)
	os.Exit(m.Run())
}

// seedOf gives every test its own histories.
func seedOf(name string) uint64 {
	seed := uint64(14695981039346656037)
	for _, c := range []byte(name) {
		seed = (seed ^ uint64(c)) * 1099511628211
	}
	return seed
}

// TestEnginesAgreeWithTheDefinition compares the engines with the definition of
// linearizability on random histories: the near-linear algorithms on all, the
// search on those that it has to decide and on some of the others.
func TestEnginesAgreeWithTheDefinition(t *testing.T) {
	for _, s := range scenarios(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seedOf(s.name), 1))
			automatic := New(s.model).decider(0)
			general := New(s.model, With(Search)).decider(0)
			seen := map[verdict.Verdict]int{}
			fast, all := 0, soak(t, 100_000)*s.share/100
			for n := range all {
				ops := s.random(t, r)
				want := verdict.Invalid
				if linearizable(&s.model, ops) {
					want = verdict.Valid
				}
				seen[want]++
				// Few configurations at first, so that there are several attempts.
				automatic.narrow, general.narrow = 1+n%3, 1+n%3
				got := automatic.decide(context.Background(), ops)
				searched := strings.HasPrefix(got.method, "search")
				if got.verdict == want && !searched && n%10 == 0 {
					got = general.decide(context.Background(), ops)
				}
				if !searched {
					fast++
				}
				if got.verdict != want {
					t.Fatalf("%s says %s, the definition says %s:%s", got.method, got.verdict, want, describe(&s.model, ops))
				}
			}
			require.Greater(t, seen[verdict.Valid], all/10)
			require.Greater(t, seen[verdict.Invalid], all/10)
			require.GreaterOrEqual(t, float64(fast)/float64(all), s.fast, "decided by a near-linear algorithm")
		})
	}
}

// TestPorcupineAgrees compares the search with porcupine, on histories too large
// for the definition.
func TestPorcupineAgrees(t *testing.T) {
	for _, s := range scenarios(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seedOf(s.name), 2))
			agreed, all := 0, soakUpTo(t, 50, 10_000)
			for range all {
				fresh, some := values(r)
				ops := s.parsed(t, s.simulated(r, size{20, 3, 0.05, 0.02}, fresh, some))
				other := New(s.model).decider(0).porcupine(context.Background(), ops, 5_000)
				if other.verdict == verdict.Unknown {
					continue // too many orders for it
				}
				agreed++
				for _, engine := range []Engine{Automatic, Search} {
					got := New(s.model, With(engine)).decider(1<<20).decide(context.Background(), ops)
					if strings.HasPrefix(got.method, "search") && got.verdict == verdict.Unknown {
						continue // too many states for this one
					}
					if got.verdict != other.verdict {
						t.Fatalf("%s says %s, porcupine says %s:%s", got.method, got.verdict, other.verdict, describe(&s.model, ops))
					}
				}
			}
			require.Greater(t, agreed, all/10)
		})
	}
}
