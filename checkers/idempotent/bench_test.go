package idempotent

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// large returns a history of n attempts by 20 clients, of whose requests some
// are ambiguous, half of which are tried again; 15 % are replays, and the books
// are read back at as many nodes as asked for. In one that is not valid, the
// last of each book has lost an effect.
func large(n, nodes int, ambiguous float64, valid bool) *history.History {
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
		if draw := r.Float64(); draw < 0.15 && last.process != 0 {
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
			if draw >= 1-ambiguous {
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
			if !valid && node == nodes-1 {
				books[name] = slices.Delete(books[name], len(books[name])/2, len(books[name])/2+1)
			}
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

// BenchmarkCheck judges ledgers whose books are read back at the end: from
// histories in memory, from their columns, and from the folder of a run.
func BenchmarkCheck(b *testing.B) {
	for _, n := range checktest.BenchSizes(b) {
		for _, ambiguous := range []float64{0.001, 0.05} {
			for _, want := range []verdict.Verdict{verdict.Valid, verdict.Invalid} {
				name := fmt.Sprintf("idempotency/%d/%v/%v/", n, ambiguous, want)
				// Each makes it anew: to hold a large one makes all that follows slower.
				history := func() *history.History { return large(n, 1, ambiguous, want == verdict.Valid) }
				b.Run(name+"columns", func(b *testing.B) {
					view, err := columns.Of(history())
					require.NoError(b, err)
					checktest.Measure(b, n, func() {
						require.Equal(b, want, New().CheckColumns(b.Context(), view, verdict.Budget{}).Verdict)
					})
				})
				b.Run(name+"file", func(b *testing.B) {
					dir := checktest.BenchFolder(b, history())
					checktest.Measure(b, n, func() {
						view, err := columns.Load(dir)
						require.NoError(b, err)
						require.Equal(b, want, New().CheckColumns(b.Context(), view, verdict.Budget{}).Verdict)
					})
				})
				b.Run(name+"history", func(b *testing.B) {
					h := history()
					checktest.Measure(b, n, func() {
						require.Equal(b, want, New().Check(b.Context(), h, verdict.Budget{}).Verdict)
					})
				})
			}
		}
	}
}
