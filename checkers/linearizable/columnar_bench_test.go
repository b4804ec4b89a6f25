package linearizable

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

// falsified lets the last answered read of a kind see what was there long ago,
// or the opposite of what it saw.
func falsified(h *history.History, reads ...string) *history.History {
	from := max(0, len(h.Events)-min(10_000, len(h.Events)/4))
	var old any
	var key string
	invoked := map[int]string{}
	for i := range h.Events {
		e := &h.Events[i]
		if e.Kind == history.Invoke {
			invoked[e.Process] = e.Key
			continue
		}
		if !slices.Contains(reads, e.F) || e.Outcome != history.OK || e.Value == nil {
			continue
		}
		if i > len(h.Events)/2 && old == nil {
			old, key = e.Value, invoked[e.Process]
		}
		if i > from && invoked[e.Process] == key {
			if was, yes := e.Value.(bool); yes {
				e.Value = !was
			} else {
				e.Value = old
			}
			return h
		}
	}
	return h
}

// histories are those of a type that is measured.
type histories struct {
	// name is that of the model, or says more.
	name, model string
	keys        int
}

func (t histories) make(n int, unknown float64, want verdict.Verdict) *history.History {
	h := million(n, t.keys, unknown, t.model)
	if want == verdict.Invalid {
		h = falsified(h, "read", "cas", "dequeue", "pop", "contains", "append")
	}
	return h
}

// BenchmarkCheck judges histories of 20 clients on 100 objects from columns, the
// registers also from the folder of a run, and small ones by Porcupine.
func BenchmarkCheck(b *testing.B) {
	for _, model := range []string{"register", "cas-register", "queue", "stack", "counter", "set", "log"} {
		t := histories{model, model, 100}
		for _, n := range checktest.BenchSizes(b) {
			for _, unknown := range []float64{0.001, 0.05} {
				for _, want := range []verdict.Verdict{verdict.Valid, verdict.Invalid} {
					t.bench(b, n, unknown, want)
				}
			}
		}
	}
}

// BenchmarkOneObject judges histories of 20 clients on one object, or one set of
// a thousand elements.
func BenchmarkOneObject(b *testing.B) {
	for _, model := range []string{"register", "cas-register", "queue", "stack", "counter", "set", "log"} {
		t := histories{model, model, 1}
		for _, n := range checktest.BenchSizes(b) {
			for _, want := range []verdict.Verdict{verdict.Valid, verdict.Invalid} {
				b.Run(t.title(n, 0.05, want, "columns"), func(b *testing.B) { t.fromColumns(b, n, 0.05, want) })
			}
		}
	}
}

func (t histories) title(n int, unknown float64, want verdict.Verdict, source string) string {
	return fmt.Sprintf("%s/%d/%v/%v/%s", t.name, n, unknown, want, source)
}

func (t histories) bench(b *testing.B, n int, unknown float64, want verdict.Verdict) {
	b.Run(t.title(n, unknown, want, "columns"), func(b *testing.B) { t.fromColumns(b, n, unknown, want) })
	if t.model == "register" {
		b.Run(t.title(n, unknown, want, "file"), func(b *testing.B) {
			dir := checktest.BenchFolder(b, t.make(n, unknown, want))
			checktest.Measure(b, n, func() {
				view, err := columns.Load(dir)
				require.NoError(b, err)
				t.judge(b, view, want)
			})
		})
	}
	if n <= 10_000 && want == verdict.Valid {
		b.Run(t.title(n, unknown, want, "porcupine"), func(b *testing.B) { t.porcupine(b, n, unknown, want) })
	}
}

func (t histories) judge(b *testing.B, view *columns.Columns, want verdict.Verdict) {
	report := New(named(b, t.model, Options{})).CheckColumns(b.Context(), view, verdict.Budget{})
	require.Equal(b, want, report.Verdict, report.Cause)
}

func (t histories) fromColumns(b *testing.B, n int, unknown float64, want verdict.Verdict) {
	view, err := columns.Of(t.make(n, unknown, want))
	require.NoError(b, err)
	checktest.Measure(b, n, func() { t.judge(b, view, want) })
}

// porcupine measures Porcupine, and how many times faster the columns are in the
// same run. It is left out if Porcupine takes more than a minute.
func (t histories) porcupine(b *testing.B, n int, unknown float64, want verdict.Verdict) {
	h := t.make(n, unknown, want)
	view, err := columns.Of(h)
	require.NoError(b, err)
	theirs := New(named(b, t.model, Options{}), With(Porcupine))
	budget := verdict.Budget{Time: time.Minute}
	if first := theirs.Check(b.Context(), h, budget); first.Verdict == verdict.Unknown {
		b.Skip("it takes more than a minute")
	}
	ours := time.Hour
	for range 5 {
		start := time.Now()
		t.judge(b, view, want)
		ours = min(ours, time.Since(start))
	}
	runs := 0
	checktest.Measure(b, n, func() {
		runs++
		require.Equal(b, want, theirs.Check(b.Context(), h, budget).Verdict)
	})
	b.ReportMetric(float64(b.Elapsed())/float64(runs)/float64(ours), "x-slower")
}
