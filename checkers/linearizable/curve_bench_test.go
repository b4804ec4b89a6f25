package linearizable

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// between is a history of 20 clients on registers, as [million] makes it, but
// that operations take effect at any moment between their call and their return,
// as those of real systems do: a search that tries them in the order of their
// calls is then often wrong.
func between(n, keys int, unknown float64) *history.History {
	const called, done, returned = 0, 1, 2
	r := rand.New(rand.NewPCG(uint64(n), uint64(keys)))
	h := &history.History{}
	held := make([]any, keys)
	last := int64(0)
	type client struct {
		process, key, next int
		f                  string
		in, out            any
	}
	at := make([]client, 20)
	for i := range at {
		at[i].process = i
	}
	processes := len(at)
	for calls := 0; calls < n; {
		c := &at[r.IntN(len(at))]
		e := history.Event{Index: len(h.Events), Time: time.Duration(len(h.Events)), Process: c.process}
		switch c.next {
		case called:
			c.key, c.f, c.in, c.next = r.IntN(keys), "read", nil, done
			if r.IntN(3) == 0 {
				last++
				c.f, c.in = "write", last
			}
			e.Kind, e.F, e.Key, e.Value = history.Invoke, c.f, fmt.Sprint("k", c.key), c.in
			calls++
		case done:
			if c.next = returned; c.f == "write" {
				held[c.key] = c.in
			}
			c.out = held[c.key]
			continue
		case returned:
			c.next = called
			e.Kind, e.F, e.Outcome = history.Complete, c.f, history.OK
			if c.f == "read" {
				e.Value = c.out
			}
			if r.Float64() < unknown {
				e.Outcome, e.Value = history.Unknown, nil
				c.process = processes
				processes++
			}
		}
		h.Events = append(h.Events, e)
	}
	return h
}

// patience is how long Porcupine may take for one history of a curve.
const patience = 20 * time.Second

// BenchmarkCurve shows how time grows with the number of operations of 20
// clients, of which 5 % have an unknown outcome: on a hundred registers and on
// one, by the checker and by Porcupine, until that gives up.
func BenchmarkCurve(b *testing.B) {
	sizes := append([]int{100, 300, 1_000, 3_000}, checktest.BenchSizes(b)...)
	for _, keys := range []int{100, 1} {
		t := histories{"register", "register", keys}
		patient := true
		for _, n := range sizes {
			b.Run(fmt.Sprintf("registers=%d/%d/tertium", keys, n), func(b *testing.B) {
				view, err := columns.Of(between(n, keys, 0.05))
				require.NoError(b, err)
				checktest.Measure(b, n, func() { t.judge(b, view, verdict.Valid) })
			})
			if !patient {
				continue
			}
			b.Run(fmt.Sprintf("registers=%d/%d/porcupine", keys, n), func(b *testing.B) {
				h := between(n, keys, 0.05)
				checker := New(named(b, t.model, Options{}), With(Porcupine))
				checktest.Measure(b, n, func() {
					report := checker.Check(b.Context(), h, verdict.Budget{Time: patience})
					patient = patient && report.Verdict != verdict.Unknown
				})
				if !patient {
					b.Skipf("Porcupine does not decide it within %v", patience)
				}
			})
		}
	}
	for _, model := range []string{"cas-register", "queue", "stack", "counter", "set", "log"} {
		t := histories{model, model, 100}
		for _, n := range checktest.BenchSizes(b) {
			b.Run(fmt.Sprintf("%s/%d/tertium", model, n), func(b *testing.B) { t.fromColumns(b, n, 0.05, verdict.Valid) })
		}
	}
}
