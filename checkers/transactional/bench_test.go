package transactional

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// load is a history of n transactions by so many clients at once, each executed
// at a moment between its call and its answer.
type load struct {
	workload   Workload
	n, clients int
	// perKey is how many writes a key gets before another takes its place, and
	// active how many keys there are at a time.
	perKey, active int
	// unknown is the share of transactions that are not answered, in a thousand.
	unknown int
}

func (l load) history() *history.History {
	r := rand.New(rand.NewPCG(7, 7))
	b := loadBuilder{load: l, r: r, lists: make([][]any, l.active), writes: make([]int, l.active), keys: make([]int64, l.active)}
	for i := range b.keys {
		b.keys[i] = int64(i)
	}
	b.nextKey = int64(l.active)
	b.events = make([]history.Event, 0, 2*l.n)
	type call struct{ in, out []any }
	open := make([]*call, l.clients)
	names := make([]int, l.clients)
	for i := range names {
		names[i] = i
	}
	called := 0
	for done := 0; done < l.n; {
		c := r.IntN(l.clients)
		if open[c] == nil {
			if called == l.n {
				continue
			}
			called++
			in, out := b.transaction()
			open[c] = &call{in, out}
			b.events = append(b.events, history.Event{Kind: history.Invoke, F: "txn", Process: names[c], Value: in})
			continue
		}
		e := history.Event{Kind: history.Complete, F: "txn", Process: names[c], Outcome: history.OK, Value: open[c].out}
		if r.IntN(1000) < l.unknown {
			e.Outcome, e.Value = history.Unknown, nil
			names[c] += l.clients
		}
		b.events = append(b.events, e)
		open[c] = nil
		done++
	}
	return history.New(b.events)
}

type loadBuilder struct {
	load
	r       *rand.Rand
	keys    []int64
	lists   [][]any
	writes  []int
	nextKey int64
	value   int64
	events  []history.Event
}

// transaction executes two or three micro-operations at the time of the call.
func (b *loadBuilder) transaction() (in, out []any) {
	write := "append"
	if b.workload == RWRegister {
		write = "w"
	}
	for range 2 + b.r.IntN(2) {
		k := b.r.IntN(b.active)
		var saw any
		if list := b.lists[k]; b.workload == ListAppend {
			saw = list[:len(list):len(list)]
			if list == nil {
				saw = []any{}
			}
		} else if len(list) > 0 {
			saw = list[len(list)-1]
		}
		reads := b.workload == RWRegister || b.r.IntN(2) == 0
		if reads {
			in, out = append(in, []any{"r", b.keys[k], nil}), append(out, []any{"r", b.keys[k], saw})
		}
		if b.workload == ListAppend && reads || b.r.IntN(2) == 0 {
			continue
		}
		b.value++
		m := []any{write, b.keys[k], b.value}
		in, out = append(in, m), append(out, m)
		b.lists[k] = append(b.lists[k], b.value)
		if b.writes[k]++; b.writes[k] == b.perKey {
			b.keys[k], b.lists[k], b.writes[k] = b.nextKey, nil, 0
			b.nextKey++
		}
	}
	return in, out
}

func benchmark(b *testing.B, l load, want verdict.Verdict) {
	if n, err := strconv.Atoi(os.Getenv("TERTIUM_BENCH")); err == nil {
		l.n = n
	}
	view, err := columns.Of(l.history())
	require.NoError(b, err)
	c, err := New(l.workload)
	require.NoError(b, err)
	runtime.GC()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ResetTimer()
	for b.Loop() {
		report := c.CheckColumns(context.Background(), view, verdict.Budget{})
		require.Equal(b, want, report.Verdict, report.Cause)
	}
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/float64(b.N)/1e6, "MB/check")
	b.ReportMetric(float64(l.n)*float64(b.N)/b.Elapsed().Seconds(), "txns/s")
}

func BenchmarkStrictSerializable(b *testing.B) {
	for _, workload := range []Workload{ListAppend, RWRegister} {
		for _, unknown := range []int{1, 50} {
			b.Run(fmt.Sprintf("%v/%d‰ unknown", workload, unknown), func(b *testing.B) {
				benchmark(b, load{workload: workload, n: 1_000_000, clients: 20, perKey: 100, active: 50, unknown: unknown}, verdict.Valid)
			})
		}
	}
}
