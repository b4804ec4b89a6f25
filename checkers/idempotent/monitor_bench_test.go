package idempotent

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// served returns a valid history of n attempts by 20 clients on four tenants.
// One attempt in ten has no answer and is followed by another under its key.
// Books are read back at some nodes.
func served(n, nodes int) *history.History {
	const clients = 20
	var events []history.Event
	record := func(e history.Event) {
		e.Index, e.Time = len(events), time.Duration(len(events))*time.Microsecond
		events = append(events, e)
	}
	books := map[string][]any{}
	replies := make([]history.Event, clients)
	var again history.Event
	for i := range n {
		client := i % clients
		if replies[client].Kind != 0 {
			record(replies[client])
		}
		invoke, complete := again, history.Event{}
		if again = (history.Event{}); invoke.Kind == 0 {
			tenant, key, account := fmt.Sprint("t", i%4), fmt.Sprint("k", i), fmt.Sprint("a", i%64)
			invoke = history.Event{
				Kind: history.Invoke, F: "deposit", Key: tenant + "/" + account, Idem: tenant + "/deposit/" + key, Node: "n1",
				Value: map[string]any{"tenant": tenant, "account": account, "amount": int64(1 + i%100)},
			}
			books[tenant] = append(books[tenant], map[string]any{
				"id": int64(i), "operation": "deposit", "key": key, "account": account, "amount": int64(1 + i%100),
			})
			complete.Value = map[string]any{"id": int64(i), "account": account, "amount": int64(1 + i%100), "balance": int64(i)}
			complete.Outcome = history.OK
		}
		if complete.Value == nil || i%10 == 0 {
			if again = invoke; complete.Value == nil {
				again = history.Event{}
			}
			complete = history.Event{Error: "timeout"}
		}
		complete.Kind, complete.F, complete.Process, invoke.Process = history.Complete, invoke.F, i, i
		replies[client] = complete
		record(invoke)
	}
	for _, reply := range replies {
		if reply.Kind != 0 {
			record(reply)
		}
	}
	record(history.Event{Kind: history.Phase, Process: history.NoProcess, F: "final"})
	for node := range nodes {
		for tenant := range 4 {
			name := fmt.Sprint("t", tenant)
			read := history.Event{Kind: history.Invoke, Process: n, F: "entries", Key: name, Node: fmt.Sprint("n", node)}
			record(read)
			read.Kind, read.Outcome, read.Value = history.Complete, history.OK, append([]any{}, books[name]...)
			record(read)
		}
	}
	return &history.History{Events: events}
}

// BenchmarkMonitor is a million attempts, read back at three nodes, and reports
// what the monitor holds on to.
func BenchmarkMonitor(b *testing.B) {
	h := served(1_000_000, 3)
	var held, keys float64
	for b.Loop() {
		empty := heap()
		m := newMonitor(b)
		if at := watch(m, h); at >= 0 || m.Report().Verdict != verdict.Valid {
			b.Fatal(at, m.Report())
		}
		b.StopTimer()
		held, keys = heap()-empty, float64(len(m.keys))
		runtime.KeepAlive(m)
		b.StartTimer()
	}
	b.ReportMetric(float64(len(h.Events))*float64(b.N)/b.Elapsed().Seconds(), "events/s")
	b.ReportMetric(held/keys, "B/key")
}

func heap() float64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return float64(stats.HeapAlloc)
}
