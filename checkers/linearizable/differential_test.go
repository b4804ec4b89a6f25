package linearizable

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
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
			agreed, all := 0, soak(t, 50)
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

// honestKV draws what a key would answer, with words that come once or again.
func honestKV(word func(r *rand.Rand, fresh func() int64) string) drawer {
	held := ""
	return func(r *rand.Rand, fresh, _ func() int64) history.Operation {
		switch r.IntN(10) {
		case 0, 1:
			held = word(r, fresh)
			return ok("put", held, nil)
		case 2, 3, 4:
			more := word(r, fresh)
			held += more
			return ok("append", more, nil)
		}
		return ok("get", nil, held)
	}
}

// TestManyInFlight decides histories that are out of reach for a search over
// orders: 20 clients on one key, and 30 unknown outcomes in 1000 operations. In
// half of them, one of the last answers is false.
func TestManyInFlight(t *testing.T) {
	words := map[string]func(*rand.Rand, func() int64) string{
		"words come once":  func(_ *rand.Rand, fresh func() int64) string { return fmt.Sprintf("x%d ", fresh()) },
		"words come again": func(r *rand.Rand, _ func() int64) string { return []string{"a", "b", "c"}[r.IntN(3)] },
	}
	for name, word := range words {
		for _, want := range []verdict.Verdict{verdict.Valid, verdict.Invalid} {
			t.Run(fmt.Sprintf("%s, %s", name, want), func(t *testing.T) {
				t.Parallel()
				s := scenario{name: name, model: named(t, "kv", Options{}), draw: honestKV(word)}
				r := rand.New(rand.NewPCG(5, 3))
				fresh, some := values(r)
				drawn := s.simulated(r, size{1000, 20, 0.03, 0}, fresh, some)
				if want == verdict.Invalid {
					i := len(drawn) - 50
					for drawn[i].F != "get" || drawn[i].Outcome != history.OK {
						i++
					}
					drawn[i].Output = drawn[i].Output.(string) + "z"
				}
				got := New(s.model).decider(1<<30).decide(context.Background(), s.parsed(t, drawn))
				require.Equal(t, want, got.verdict, got.reason)
			})
		}
	}
}
