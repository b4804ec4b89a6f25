package conservation

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// large returns a valid history of n deposits and transfers by 20 clients, of
// which 5 % are ambiguous, with the books read back at three nodes.
func large(n int) *history.History {
	r := rand.New(rand.NewPCG(1, 1))
	events := make([]history.Event, 0, 2*n+20)
	record := func(e history.Event) {
		e.Index, e.Time = len(events), time.Duration(len(events))*time.Microsecond
		events = append(events, e)
	}
	balances := make([]int64, 64)
	var entries []any
	waiting := make([]history.Event, 20)
	for i := range n {
		at := r.IntN(len(waiting))
		if waiting[at].Kind != 0 {
			record(waiting[at])
		}
		from, to, amount := r.IntN(64), r.IntN(64), int64(1+r.IntN(10))
		key := fmt.Sprint("k", i)
		call := history.Event{Kind: history.Invoke, Process: i, Node: "n1", Key: fmt.Sprint("t/a", from)}
		var entry, reply map[string]any
		if balances[from] < amount || from == to {
			call.F, call.Idem = "deposit", "t/deposit/"+key
			account := fmt.Sprint("a", from)
			call.Value = map[string]any{"tenant": "t", "account": account, "amount": amount}
			balances[from] += amount
			entry = map[string]any{"account": account}
			reply = map[string]any{"account": account}
		} else {
			call.F, call.Idem = "transfer", "t/transfer/"+key
			a, b := fmt.Sprint("a", from), fmt.Sprint("a", to)
			call.Value = map[string]any{"tenant": "t", "from": a, "to": b, "amount": amount}
			balances[from] -= amount
			balances[to] += amount
			entry = map[string]any{"from": a, "to": b}
			reply = map[string]any{"from": a, "to": b}
		}
		entry["id"], entry["operation"], entry["key"], entry["amount"] = int64(i), call.F, key, amount
		reply["id"], reply["amount"], reply["balance"] = int64(i), amount, balances[from]
		entries = append(entries, entry)
		record(call)
		waiting[at] = history.Event{Kind: history.Complete, Process: i, F: call.F, Outcome: history.OK, Value: reply}
		if r.IntN(20) == 0 {
			waiting[at] = history.Event{Kind: history.Complete, Process: i, F: call.F, Error: "timeout"}
		}
	}
	for _, e := range waiting {
		record(e)
	}
	record(history.Event{Kind: history.Phase, Process: history.NoProcess, F: "final"})
	var accounts []any
	for i, balance := range balances {
		accounts = append(accounts, map[string]any{"account": fmt.Sprint("a", i), "balance": balance})
	}
	process := n
	for _, node := range []string{"n1", "n2", "n3"} {
		for _, read := range []struct {
			f     string
			value []any
		}{{"entries", entries}, {"accounts", accounts}, {"entries", entries}} {
			record(history.Event{Kind: history.Invoke, Process: process, F: read.f, Key: "t", Node: node})
			record(history.Event{Kind: history.Complete, Process: process, F: read.f, Outcome: history.OK, Value: read.value})
			process++
		}
	}
	return &history.History{Events: events}
}

// BenchmarkJudge is the judging alone; the history and its operations are in
// memory. The books are read back six times, all entries each time.
func BenchmarkJudge(b *testing.B) {
	h := large(300_000)
	ops := h.Operations()
	c := New()
	b.ReportAllocs()
	for b.Loop() {
		j, err := c.judge(context.Background(), h, ops)
		if err != nil || j.findings.Any() {
			b.Fatal(err, j.findings.Sorted())
		}
	}
}
