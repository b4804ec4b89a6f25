package linearizable

import (
	"context"
	"math/rand/v2"
	"os"
	"runtime/debug"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// TestCounterexamplesAreConfirmed asks porcupine about what is left of invalid
// histories of every model. It never disagrees, and it nearly always knows.
func TestCounterexamplesAreConfirmed(t *testing.T) {
	for _, s := range scenarios(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seedOf(s.name), 6))
			found, confirmed := 0, 0
			for wanted := soakUpTo(t, 20, 2000); found < wanted; {
				report := New(s.model, Workers(1)).Check(context.Background(), s.history(r), verdict.Budget{})
				if report.Verdict != verdict.Invalid {
					continue
				}
				found++
				steps := report.Findings[0].Steps
				note := steps[len(steps)-1]
				require.NotContains(t, note, "finds an order")
				if strings.Contains(note, "finds no order either") {
					confirmed++
				}
			}
			require.GreaterOrEqual(t, confirmed, found*9/10)
		})
	}
}

// TestMethods: every report says which algorithm decided, and if it was the
// search, why.
func TestMethods(t *testing.T) {
	for _, s := range scenarios(t) {
		r := rand.New(rand.NewPCG(seedOf(s.name), 8))
		for range 50 {
			fresh, some := values(r)
			ops := s.parsed(t, s.simulated(r, size{12, 3, 0.1, 0}, fresh, some))
			got := New(s.model).decider(0).decide(context.Background(), ops)
			require.NotContains(t, got.method, "\n")
			if strings.HasPrefix(got.method, "search") {
				require.Regexp(t, `^search \((not .+: .+|no faster algorithm is known for a .+)\)$`, got.method)
				continue
			}
			require.NotEmpty(t, got.method)
		}
	}
}

// TestTenMillionOperations looks for what overflows or nests too deeply in
// histories of a size that no run has. It takes minutes and gigabytes.
func TestTenMillionOperations(t *testing.T) {
	if os.Getenv("TERTIUM_SOAK") == "" {
		t.Skip("takes minutes; set TERTIUM_SOAK")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(30)) // what is large is not kept twice
	n := soakUpTo(t, 1000, 10_000_000)
	for _, model := range []string{"register", "cas-register", "queue", "stack", "counter", "set", "log"} {
		for _, want := range []verdict.Verdict{verdict.Valid, verdict.Invalid} {
			t.Run(model+"/"+want.String(), func(t *testing.T) {
				h := million(n, 1, 0.001, model)
				if want == verdict.Invalid {
					h = falsified(h, "read", "cas", "dequeue", "pop", "contains", "append")
				}
				view, err := columns.Of(h)
				require.NoError(t, err)
				h = nil
				report := New(named(t, model, Options{})).CheckColumns(context.Background(), view, verdict.Budget{})
				require.Equal(t, want, report.Verdict, report.Cause)
			})
		}
	}
}
