package linearizable

import (
	"context"
	"fmt"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// busy returns the processor time that this process has used.
func busy(b *testing.B) time.Duration {
	var usage syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// honest plays a history of clients on objects that behave. next returns an
// operation as it takes effect on the object of a key.
func honest(n, clients, keys int, unknown float64, next func(r *rand.Rand, key int, f string) history.Operation, functions ...string) *history.History {
	r := rand.New(rand.NewPCG(uint64(n), uint64(clients)))
	h := &history.History{}
	type client struct {
		op                  history.Operation
		process, key, stage int
	}
	at := make([]client, clients)
	for i := range at {
		at[i].process = i
	}
	processes := clients
	for calls := 0; calls < n; {
		c := &at[r.IntN(clients)]
		e := history.Event{Index: len(h.Events), Time: time.Duration(len(h.Events)), Process: c.process}
		switch c.stage {
		case 0:
			c.key = r.IntN(keys)
			// It takes effect as it is called.
			c.op = next(r, c.key, functions[r.IntN(len(functions))])
			e.Kind, e.F, e.Key, e.Value = history.Invoke, c.op.F, fmt.Sprint("k", c.key), c.op.Input
			c.stage = 1
			calls++
		default:
			c.stage = 0
			e.Kind, e.F, e.Outcome, e.Value = history.Complete, c.op.F, c.op.Outcome, c.op.Output
			// Pops without an answer leave too many choices in a stack that is not
			// drained at the end.
			if c.op.F != "pop" && r.Float64() < unknown {
				e.Outcome, e.Value = history.Unknown, nil
				c.process = processes
				processes++
			}
		}
		h.Events = append(h.Events, e)
	}
	return h
}

// million is a history of one model.
func million(n, keys int, unknown float64, model string) *history.History {
	last := int64(0)
	fresh := func() int64 { last++; return last }
	switch model {
	case "register", "cas-register":
		held := make([]any, keys)
		functions := []string{"read", "read", "write"}
		if model == "cas-register" {
			functions = append(functions, "cas")
		}
		return honest(n, 20, keys, unknown, func(_ *rand.Rand, key int, f string) history.Operation {
			switch f {
			case "read":
				return ok("read", nil, held[key])
			case "cas":
				old := held[key]
				held[key] = fresh()
				return ok("cas", []any{old, held[key]}, nil)
			}
			held[key] = fresh()
			return ok("write", held[key], nil)
		}, functions...)
	case "queue", "stack":
		put, take := "enqueue", "dequeue"
		if model == "stack" {
			put, take = "push", "pop"
		}
		held := make([][]any, keys)
		return honest(n, 20, keys, unknown, func(_ *rand.Rand, key int, f string) history.Operation {
			q := held[key]
			switch {
			case f == put:
				held[key] = append(q, fresh())
				return ok(put, last, nil)
			case len(q) == 0:
				return ok(take, nil, nil)
			case model == "queue":
				held[key] = q[1:]
				return ok(take, nil, q[0])
			}
			held[key] = q[:len(q)-1]
			return ok(take, nil, q[len(q)-1])
		}, put, take)
	case "counter":
		held := make([]int64, keys)
		return honest(n, 20, keys, unknown, func(_ *rand.Rand, key int, f string) history.Operation {
			if f == "increment" {
				held[key]++
				return ok(f, nil, nil)
			}
			return ok(f, nil, held[key])
		}, "increment", "read")
	case "set":
		in := make(map[[2]int64]bool)
		return honest(n, 20, keys, unknown, func(r *rand.Rand, key int, f string) history.Operation {
			element := r.Int64N(1000)
			at := [2]int64{int64(key), element}
			was := in[at]
			switch f {
			case "add":
				in[at] = true
				return ok(f, element, !was)
			case "remove":
				in[at] = false
				return ok(f, element, was)
			}
			return ok(f, element, was)
		}, "add", "remove", "contains")
	}
	held := make([]int64, keys) // a log with offsets
	return honest(n, 20, keys, unknown, func(_ *rand.Rand, key int, f string) history.Operation {
		held[key]++
		return ok(f, fresh(), map[string]any{"offset": held[key] - 1})
	}, "append")
}

// falsified lets the last answered read of a kind see what was there long ago.
func falsified(h *history.History, reads ...string) *history.History {
	from := max(0, len(h.Events)-10_000)
	var old any
	var key string
	invoked := map[int]string{}
	for i := range h.Events {
		e := &h.Events[i]
		if e.Kind == history.Invoke {
			invoked[e.Process] = e.Key
			continue
		}
		for _, f := range reads {
			if e.F != f || e.Outcome != history.OK || e.Value == nil {
				continue
			}
			if i > len(h.Events)/2 && old == nil {
				old, key = e.Value, invoked[e.Process]
			}
			if i > from && invoked[e.Process] == key {
				e.Value = old
				return h
			}
		}
	}
	return h
}

// BenchmarkColumns judges a million operations of 20 clients from columns. On a
// machine that others use, cpu-ms/op tells more than ns/op.
func BenchmarkColumns(b *testing.B) {
	const n = 1_000_000
	for _, model := range []string{"register", "cas-register", "queue", "stack", "counter", "set", "log"} {
		for _, keys := range []int{1, 100} {
			for _, unknown := range []float64{0.001, 0.05} {
				for _, want := range []verdict.Verdict{verdict.Valid, verdict.Invalid} {
					b.Run(fmt.Sprintf("%s/keys=%d/unknown=%v/%v", model, keys, unknown, want), func(b *testing.B) {
						h := million(n, keys, unknown, model)
						if want == verdict.Invalid {
							h = falsified(h, "read", "cas", "dequeue", "pop", "contains", "append")
						}
						view, err := columns.Of(h)
						require.NoError(b, err)
						h = nil
						checker := New(named(b, model, Options{}))
						start, runs := busy(b), 0
						for b.Loop() {
							runs++
							report := checker.CheckColumns(context.Background(), view, verdict.Budget{})
							require.Equal(b, want, report.Verdict, report.Cause)
						}
						b.ReportMetric(float64((busy(b)-start).Milliseconds())/float64(runs), "cpu-ms/op")
					})
				}
			}
		}
	}
}
