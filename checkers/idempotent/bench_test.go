package idempotent

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// large returns a valid history of n attempts by 20 clients: 5 % of them are
// ambiguous and tried again, 15 % are replays, and the books are read back at
// as many nodes as asked for.
func large(n, nodes int) *history.History {
	r := rand.New(rand.NewPCG(1, 1))
	events := make([]history.Event, 0, 2*n+4*nodes)
	record := func(e history.Event) {
		e.Index, e.Time = len(events), time.Duration(len(events))*time.Microsecond
		events = append(events, e)
	}
	type waiting struct {
		process  int
		call     history.Event
		complete history.Event
	}
	clients := make([]waiting, 20)
	books := map[string][]any{}
	process, keys := 0, 0
	var last waiting
	for attempts := 0; attempts < n; {
		c := &clients[r.IntN(len(clients))]
		if c.process != 0 {
			record(c.complete)
			c.process = 0
			continue
		}
		attempts++
		process++
		if draw := r.IntN(100); draw < 20 && last.process != 0 {
			*c = last
			last.process = 0
		} else {
			keys++
			tenant := fmt.Sprint("t", keys%4)
			account := fmt.Sprint("a", r.IntN(64))
			id, amount := int64(keys), int64(1+r.IntN(100))
			c.call = history.Event{
				Kind: history.Invoke, F: "deposit", Key: tenant + "/" + account, Idem: fmt.Sprint(tenant, "/deposit/k", keys), Node: "n1",
				Value: map[string]any{"tenant": tenant, "account": account, "amount": amount},
			}
			reply := history.Event{
				Kind: history.Complete, F: "deposit", Outcome: history.OK,
				Value: map[string]any{"id": id, "account": account, "amount": amount, "balance": int64(r.IntN(1000))},
			}
			books[tenant] = append(books[tenant], map[string]any{
				"id": id, "operation": "deposit", "key": fmt.Sprint("k", keys), "account": account, "amount": amount,
			})
			c.complete = reply
			last = *c
			last.process = process
			if draw >= 95 {
				c.complete = history.Event{Kind: history.Complete, F: "deposit", Error: "timeout"}
			}
		}
		c.process, c.call.Process, c.complete.Process = process, process, process
		record(c.call)
	}
	for i := range clients {
		if clients[i].process != 0 {
			record(clients[i].complete)
		}
	}
	record(history.Event{Kind: history.Phase, Process: history.NoProcess, F: "final"})
	for node := range nodes {
		for tenant := range 4 {
			process++
			name := fmt.Sprint("t", tenant)
			entries := make([]any, len(books[name]))
			for i, e := range books[name] {
				entry := make(map[string]any, 8)
				for field, value := range e.(map[string]any) {
					entry[field] = value
				}
				entries[i] = entry
			}
			record(history.Event{Kind: history.Invoke, Process: process, F: "entries", Key: name, Node: fmt.Sprint("n", node)})
			record(history.Event{Kind: history.Complete, Process: process, F: "entries", Outcome: history.OK, Value: entries})
		}
	}
	return &history.History{Events: events}
}

// BenchmarkJudge is the judging of a million attempts alone; the history and its
// operations are in memory.
func BenchmarkJudge(b *testing.B) {
	for _, nodes := range []int{0, 1, 3} {
		b.Run(fmt.Sprintf("read back at %d nodes", nodes), func(b *testing.B) {
			h := large(1_000_000, nodes)
			ops := h.Operations()
			c := New()
			b.ReportAllocs()
			for b.Loop() {
				j, err := c.judgeOperations(context.Background(), h, ops)
				if err != nil || j.findings.Any() {
					b.Fatal(err, j.findings.Sorted())
				}
			}
		})
	}
}
