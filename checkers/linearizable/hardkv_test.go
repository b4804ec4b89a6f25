package linearizable

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// hardKV says which history of a key-value store to play. Its clients all are in
// the middle of something nearly all the time.
type hardKV struct {
	operations, clients, unknown, keys int
	// puts, appends and gets are in proportion to these.
	puts, appends, gets int
	// again says that words come again. Otherwise each is put or appended once,
	// as Porcupine's own examples have it.
	again bool
}

func (z hardKV) String() string {
	words := "words come once"
	if z.again {
		words = "words come again"
	}
	return fmt.Sprintf("keys=%d/mix=%d-%d-%d/%s", z.keys, z.puts, z.appends, z.gets, words)
}

// hardKVs are the histories of a thousand operations that the general engine has
// to decide.
func hardKVs() []hardKV {
	var all []hardKV
	for _, keys := range []int{1, 3} {
		for _, again := range []bool{false, true} {
			for _, mix := range [][3]int{{0, 1, 1}, {1, 2, 2}, {2, 2, 1}} {
				all = append(all, hardKV{1000, 20, 30, keys, mix[0], mix[1], mix[2], again})
			}
		}
	}
	return all
}

// play lets clients use a map that behaves. Of the operations with an unknown
// outcome, half take effect: at once or much later.
func (z hardKV) play(r *rand.Rand) []history.Operation {
	type client struct {
		op    history.Operation
		stage int
	}
	held := make([]string, z.keys)
	effect := func(op *history.Operation) {
		key := int(op.Key[0] - 'a')
		switch op.F {
		case "put":
			held[key] = op.Input.(string)
		case "append":
			held[key] += op.Input.(string)
		default:
			op.Output = held[key]
		}
	}
	doubtful := map[int]bool{}
	for len(doubtful) < z.unknown {
		doubtful[r.IntN(z.operations)] = true
	}
	word := 0
	draw := func() history.Operation {
		op := history.Operation{Key: string(rune('a' + r.IntN(z.keys))), Outcome: history.OK}
		switch n := r.IntN(z.puts + z.appends + z.gets); {
		case n < z.puts:
			op.F = "put"
		case n < z.puts+z.appends:
			op.F = "append"
		default:
			op.F = "get"
			return op
		}
		word++
		op.Input = fmt.Sprintf("x %d y", word)
		if z.again {
			op.Input = []string{"a", "b", "c", "ab"}[r.IntN(4)]
		}
		return op
	}
	clients := make([]client, z.clients)
	var all, late []history.Operation
	for at := 0; len(all) < z.operations; at++ {
		if len(late) > 0 && r.IntN(50) == 0 {
			effect(&late[0])
			late = late[1:]
		}
		i := r.IntN(z.clients)
		c := &clients[i]
		c.stage++
		switch c.stage {
		case 1:
			c.op = draw()
			c.op.Call = at
		case 2:
			if doubtful[len(all)] {
				lost := unanswered(c.op)
				switch r.IntN(4) {
				case 0:
					effect(&c.op)
				case 1:
					late = append(late, lost)
				}
				lost.Process = i
				all = append(all, lost)
				c.stage = 0
				continue
			}
			effect(&c.op)
		default:
			c.op.Return, c.op.Process = at, i
			all = append(all, c.op)
			c.stage = 0
		}
	}
	for _, c := range clients {
		if c.stage == 2 {
			all = append(all, unanswered(c.op))
		}
	}
	slices.SortFunc(all, func(a, b history.Operation) int { return a.Call - b.Call })
	return all
}

// corrupt falsifies one answer, so many hundredths into the history, so that
// certainly no order is left. If words come once, what a get saw is what was
// there before another get saw something else, and else what nobody wrote.
func (z hardKV) corrupt(all []history.Operation, percent int) {
	gets := func(yield func(*history.Operation) bool) {
		for i := range all {
			if op := &all[i]; op.F == "get" && op.Outcome == history.OK && !yield(op) {
				return
			}
		}
	}
	for victim := range gets {
		if victim.Call < all[len(all)-1].Call*percent/100 {
			continue
		}
		if z.again {
			victim.Output = victim.Output.(string) + "z"
			return
		}
		was := victim.Output
		// The latest pair of gets that saw two things one after the other.
		for other := range gets {
			if other.Key != victim.Key || other.Return >= victim.Call {
				continue
			}
			for first := range gets {
				if first.Key == victim.Key && first.Return < other.Call && first.Output != other.Output && first.Output != was {
					victim.Output = first.Output
				}
			}
		}
		if victim.Output != was {
			return // else there was no such pair yet
		}
	}
}

// places are how many hundredths into a history an answer is falsified; 0 is
// nowhere.
var places = []int{0, 5, 50, 95}

// drawn returns the history of a seed, falsified or not, object by object.
func (z hardKV) drawn(m *Model, seed uint64, percent int) []object {
	all := z.play(rand.New(rand.NewPCG(seed, 7)))
	if percent > 0 {
		z.corrupt(all, percent)
	}
	return m.objects(all)
}

// decideAll is what an engine finds out about all objects together.
func decideAll(ctx context.Context, d decider, objects []object) verdict.Verdict {
	all := verdict.Valid
	for _, o := range objects {
		switch d.decide(ctx, o.ops).verdict {
		case verdict.Invalid:
			return verdict.Invalid
		case verdict.Unknown:
			all = verdict.Unknown
		}
	}
	return all
}

// TestManyInFlight decides histories that are out of reach for a search over
// orders: a thousand operations of 20 clients, 30 of them with unknown outcome.
func TestManyInFlight(t *testing.T) {
	model := named(t, "kv", Options{})
	for _, z := range hardKVs() {
		t.Run(z.String(), func(t *testing.T) {
			t.Parallel()
			for _, percent := range places {
				for seed := range uint64(soakUpTo(t, 1, 20)) {
					want := verdict.Invalid
					if percent == 0 {
						want = verdict.Valid
					}
					got := decideAll(context.Background(), New(model).decider(1<<30), z.drawn(&model, seed, percent))
					require.Equal(t, want, got, "seed %d, falsified at %d%%", seed, percent)
				}
			}
		})
	}
}

// BenchmarkGeneralEngine decides such histories within ten seconds and a
// gigabyte, and lets Porcupine try the same in the same time. Each line is of
// twenty histories. As Porcupine uses up its time on nearly all, it is asked
// about few of them; TERTIUM_SOAK says how many.
func BenchmarkGeneralEngine(b *testing.B) {
	const seeds, limit = 20, 10 * time.Second
	model := named(b, "kv", Options{})
	// try returns how many histories an engine decides, and in how many seconds
	// on average.
	try := func(b *testing.B, z hardKV, engine Engine, percent, seeds int) (decided, seconds float64) {
		for seed := range uint64(seeds) {
			objects := z.drawn(&model, seed, percent)
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			start := time.Now()
			got := decideAll(ctx, New(model, With(engine)).decider(1<<30), objects)
			seconds += time.Since(start).Seconds()
			cancel()
			if got == verdict.Unknown {
				continue
			}
			decided++
			require.Equal(b, percent == 0, got == verdict.Valid, "seed %d", seed)
		}
		return decided, seconds / float64(seeds)
	}
	for _, z := range hardKVs() {
		for _, percent := range places {
			b.Run(fmt.Sprintf("%s/falsified-at=%d%%", z, percent), func(b *testing.B) {
				var decided, seconds float64
				for b.Loop() {
					decided, seconds = try(b, z, Automatic, percent, seeds)
				}
				b.ReportMetric(decided, fmt.Sprintf("decided-of-%d", seeds))
				b.ReportMetric(seconds, "s/history")
				asked := soakUpTo(b, 1, seeds)
				decided, seconds = try(b, z, Porcupine, percent, asked)
				b.ReportMetric(decided, fmt.Sprintf("porcupine-decided-of-%d", asked))
				b.ReportMetric(seconds, "porcupine-s/history")
			})
		}
	}
}
