package linearizable

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// BenchmarkAgainstPorcupine decides the same histories with our engines and
// with porcupine, and reports how many times faster ours are. Porcupine gets
// ten seconds.
func BenchmarkAgainstPorcupine(b *testing.B) {
	for _, s := range scenarios(b) {
		if s.name != s.model.Name {
			continue
		}
		for _, z := range []size{{200, 5, 0, 0}, {1000, 5, 0, 0}, {1000, 20, 0.03, 0.002}} {
			r := rand.New(rand.NewPCG(1, 1))
			fresh, some := values(r)
			ops := s.parsed(b, s.simulated(r, z, fresh, some))
			b.Run(fmt.Sprintf("%s/%d-operations-%d-clients-%v-unknown", s.name, z.operations, z.clients, z.unknown), func(b *testing.B) {
				ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
				defer cancel()
				start := time.Now()
				theirs := New(s.model, With(Porcupine)).decider(0).decide(ctx, ops)
				took := time.Since(start)
				ours := New(s.model).decider(1 << 30)
				runs := 0
				for b.Loop() {
					limit, stop := context.WithTimeout(context.Background(), 10*time.Second)
					got := ours.decide(limit, ops)
					stop()
					runs++
					if theirs.verdict != verdict.Unknown && got.verdict != verdict.Unknown && got.verdict != theirs.verdict {
						b.Fatal(got, theirs)
					}
				}
				each := b.Elapsed() / time.Duration(runs)
				b.ReportMetric(float64(took)/float64(each), "x-faster")
				decided := 1.
				if theirs.verdict == verdict.Unknown {
					decided = 0 // the ratio is then a lower bound
				}
				b.ReportMetric(decided, "porcupine-decided")
			})
		}
	}
}
