package totalqueue

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// large returns a valid history of n operations by 20 clients, some of them of
// unknown outcome, and a drain.
func large(n, percentUnknown int) *history.History {
	r := rand.New(rand.NewPCG(1, 1))
	events := make([]history.Event, 0, 2*n+2)
	record := func(e history.Event) {
		e.Time = time.Duration(len(events)) * time.Microsecond
		events = append(events, e)
	}
	type client struct {
		busy    bool
		process int
		f       string
		value   any
	}
	clients := make([]client, 20)
	var queue []any
	process, fresh := 0, int64(0)
	finish := func(c *client) {
		e := history.Event{Kind: history.Complete, Process: c.process, F: c.f, Outcome: history.OK, Value: c.value}
		if c.f == "enqueue" {
			queue = append(queue, c.value)
			e.Value = nil
		}
		if r.IntN(100) < percentUnknown {
			e.Outcome, e.Value, e.Error = history.Unknown, nil, "timeout"
		}
		record(e)
		c.busy = false
	}
	for done := 0; done < n; {
		c := &clients[r.IntN(len(clients))]
		if c.busy {
			finish(c)
			continue
		}
		done++
		process++
		*c = client{busy: true, process: process}
		e := history.Event{Kind: history.Invoke, Process: process, F: "enqueue"}
		if len(queue) > 0 && r.IntN(2) == 0 {
			c.f, c.value, queue = "dequeue", queue[0], queue[1:]
		} else {
			fresh++
			c.f, c.value = "enqueue", fresh
			e.Value = fresh
		}
		e.F = c.f
		record(e)
	}
	for i := range clients {
		if clients[i].busy {
			finish(&clients[i])
		}
	}
	record(history.Event{Kind: history.Invoke, Process: process + 1, F: "drain"})
	record(history.Event{Kind: history.Complete, Process: process + 1, F: "drain", Outcome: history.OK, Value: queue})
	return history.New(events)
}

// BenchmarkJudge is the judging of a million operations; they are in memory.
func BenchmarkJudge(b *testing.B) {
	h := large(1_000_000, 5)
	ops := h.Operations()
	c := New()
	b.ReportAllocs()
	for b.Loop() {
		j, err := c.judge(context.Background(), ops)
		if err != nil || j.Found.Any() || len(j.Doubts) > 0 {
			b.Fatal(err, j.Found.Sorted(), j.Doubts)
		}
	}
}

// BenchmarkCheck is all of it, from the events.
func BenchmarkCheck(b *testing.B) {
	h := large(1_000_000, 5)
	b.ReportAllocs()
	for b.Loop() {
		if got := New().Check(context.Background(), h, verdict.Budget{}); got.Verdict != verdict.Valid {
			b.Fatal(got.Cause)
		}
	}
}
