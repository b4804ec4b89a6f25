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
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// woven makes one history of operations on several keys, which keep their order.
func woven(r *rand.Rand, byKey map[string][]history.Operation) *history.History {
	var queues [][]history.Event
	process := 0
	for _, key := range []string{"a", "b", "c"} {
		type moment struct {
			at    int
			event history.Event
		}
		var moments []moment
		for _, op := range byKey[key] {
			process++
			e := history.Event{Kind: history.Invoke, Process: process, F: op.F, Key: key, Value: op.Input}
			moments = append(moments, moment{op.Call, e})
			at := op.Return
			if op.Outcome == history.Unknown {
				if at = op.Call; r.IntN(2) == 0 {
					continue // nobody saw it end
				}
			}
			e.Kind, e.Outcome, e.Value, e.Error = history.Complete, op.Outcome, op.Output, op.Error
			moments = append(moments, moment{at, e})
		}
		slices.SortStableFunc(moments, func(a, b moment) int { return a.at - b.at })
		var events []history.Event
		for _, m := range moments {
			events = append(events, m.event)
		}
		queues = append(queues, events)
	}
	var all []history.Event
	for {
		queues = slices.DeleteFunc(queues, func(q []history.Event) bool { return len(q) == 0 })
		if len(queues) == 0 {
			return history.New(all)
		}
		i := r.IntN(len(queues))
		e := queues[i][0]
		e.Time = time.Duration(len(all))
		all, queues[i] = append(all, e), queues[i][1:]
	}
}

// drawn returns a history of a scenario with up to three keys.
func (s scenario) history(r *rand.Rand) *history.History {
	byKey := map[string][]history.Operation{}
	for _, key := range []string{"a", "b", "c"}[:1+r.IntN(3)] {
		fresh, some := values(r)
		if r.IntN(2) == 0 {
			byKey[key] = s.dense(r, 1+r.IntN(6), fresh, some)
		} else {
			byKey[key] = s.simulated(r, size{1 + r.IntN(20), 1 + r.IntN(4), 1. / 8, 1. / 20}, fresh, some)
		}
	}
	return woven(r, byKey)
}

// TestColumnsGiveTheSameReport compares the two ways in which a history comes.
func TestColumnsGiveTheSameReport(t *testing.T) {
	for _, s := range scenarios(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seedOf(s.name), 4))
			seen := map[verdict.Verdict]int{}
			for range soak(t, 300) {
				h := s.history(r)
				view, err := columns.Of(h)
				require.NoError(t, err)
				checker := New(s.model, Workers(1))
				// One worker, so that the bound on memory is met at the same point.
				budget := verdict.Budget{Memory: 1 << 20}
				want := checker.Check(context.Background(), h, budget)
				got := checker.CheckColumns(context.Background(), view, budget)
				seen[want.Verdict]++
				if fmt.Sprint(want) != fmt.Sprint(got) {
					require.Equal(t, want, got)
				}
			}
			require.Greater(t, seen[verdict.Valid], 10)
			require.Greater(t, seen[verdict.Invalid], 10)
		})
	}
}
