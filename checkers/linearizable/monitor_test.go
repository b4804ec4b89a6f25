package linearizable

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// watched are scenarios that a monitor can judge.
type watched struct {
	scenario
	// keys is how many objects a history has at most.
	keys int
	// exact says that it notices a violation at the first event at which there is
	// one; where it does not, it judges less than all.
	exact bool
	// decided is which part of the histories it decides, at least.
	decided float64
	// share is which part of all histories is drawn, in percent.
	share int
	// long is how many operations one history in twenty has, or twice as many, if
	// it is not 0.
	long int
	// round is how many values there are, one after the other, then again; 0 if
	// none comes again.
	round int64
	// twist falsifies a simulated history, or is nil. Then more of it is unknown.
	twist func(r *rand.Rand, ops []history.Operation)
}

// loseOrRepeat lets a dequeue get a value that nobody got, or fail.
func loseOrRepeat(r *rand.Rand, ops []history.Operation) {
	got := map[any]bool{}
	var left []any
	for _, op := range ops {
		got[op.Output] = true
	}
	for _, op := range ops {
		if op.F == "enqueue" && !got[op.Input] {
			left = append(left, op.Input)
		}
	}
	for range 5 {
		op := &ops[r.IntN(len(ops))]
		switch {
		case op.F != "dequeue" || op.Outcome != history.OK:
		case r.IntN(2) == 0 && len(left) > 0:
			op.Output = left[r.IntN(len(left))]
			return
		default:
			op.Output, op.Outcome, op.Error = nil, history.Fail, "refused"
			return
		}
	}
}

// around is as [values], but the values come again.
func around(r *rand.Rand, n int64) (fresh, some func() int64) {
	next := int64(0)
	return func() int64 { next++; return 1 + next%n },
		func() int64 { return 1 + (next+1-r.Int64N(3)+n)%n }
}

func watchedScenarios(t testing.TB) []watched {
	one := func(*rand.Rand) int64 { return 1 }
	some := func(r *rand.Rand) int64 { return []int64{1, 1, 1, 1, 2}[r.IntN(5)] }
	make := func(name, model string, o Options, draw drawer) scenario {
		return scenario{name: name, model: named(t, model, o), draw: draw}
	}
	initial := Options{Initial: int64(2)}
	put := func(f, g string) drawer { return drawEnds(f, g, drawFresh) }
	const exact, partly = true, false
	return []watched{
		{make("register", "register", Options{}, drawRegister), 3, exact, 1, 12, 40, 0, nil},
		{make("register, initial value", "register", initial, drawRegister), 1, partly, 0.4, 4, 0, 0, nil},
		{make("register, values come again", "register", Options{}, drawFewRegister), 1, partly, 0.3, 3, 0, 0, nil},
		{make("register, values come around", "register", Options{}, drawRegister), 1, partly, 0.5, 5, 12, 6, nil},
		{make("cas-register", "cas-register", Options{}, drawUniqueCAS(false)), 3, exact, 1, 15, 40, 0, nil},
		{make("cas-register, blind refusals", "cas-register", Options{}, drawUniqueCAS(true)), 2, partly, 0.6, 5, 12, 0, nil},
		{make("cas-register, often refused", "cas-register", Options{}, drawRefused), 1, partly, 0.4, 5, 0, 0, nil},
		{make("cas-register, values come again", "cas-register", Options{}, drawFewCAS(false)), 1, partly, 0.3, 3, 0, 0, nil},
		{make("cas-register, values come around", "cas-register", Options{}, drawUniqueCAS(false)), 1, partly, 0.5, 5, 12, 6, nil},
		{make("queue", "queue", Options{}, put("enqueue", "dequeue")), 1, exact, 1, 10, 40, 0, nil},
		{make("queue, often empty", "queue", Options{}, drawEmpties), 1, exact, 1, 8, 40, 0, nil},
		{make("queue, lost or repeated", "queue", Options{}, drawEmpties), 1, exact, 1, 8, 0, 0, loseOrRepeat},
		{make("queue, values come around", "queue", Options{}, drawEmpties), 1, partly, 0.5, 4, 10, 6, nil},
		{make("set", "set", Options{}, drawSet(0)), 2, exact, 1, 8, 40, 0, nil},
		{make("set, blind changes", "set", Options{}, drawSet(0.1)), 1, partly, 0.5, 2, 0, 0, nil},
		{make("set, read whole", "set", Options{}, drawReadSet), 2, exact, 1, 6, 0, 0, nil},
		{make("set, long, read whole", "set", Options{}, drawLongSet), 1, exact, 1, 3, 20, 0, nil},
		{make("set, few read whole", "set", Options{}, drawFewSet), 1, exact, 1, 5, 0, 0, nil},
		{make("set, all operations", "set", Options{}, drawAnySet), 1, partly, 0.2, 2, 0, 0, nil},
		{make("counter", "counter", Options{Initial: int64(1)}, drawCounter(one)), 2, exact, 1, 5, 0, 0, nil},
		{make("counter, long", "counter", Options{}, drawLongCounter), 1, exact, 1, 3, 40, 0, nil},
		{make("counter, some amounts", "counter", Options{}, drawCounter(some)), 1, partly, 0.3, 2, 0, 0, nil},
		{make("log", "log", Options{}, drawLog(0, 3)), 1, exact, 1, 5, 0, 0, nil},
		{make("log, long", "log", Options{}, drawLongLog(0)), 1, exact, 1, 4, 20, 0, nil},
		{make("log, offsets", "log", Options{}, drawLog(0.4, 3)), 1, partly, 0.5, 2, 0, 0, nil},
		{make("log, long, offsets", "log", Options{}, drawLongLog(0.5)), 1, partly, 0.4, 2, 20, 0, nil},
		{make("mutex", "mutex", Options{}, drawMutex(0)), 1, exact, 1, 2, 40, 0, nil},
		{make("mutex, fencing tokens", "mutex", Options{}, drawMutex(1)), 1, partly, 0.2, 1, 0, 0, nil},
	}
}

// drawEmpties draws takes that find nothing as often as others.
func drawEmpties(r *rand.Rand, fresh, some func() int64) history.Operation {
	switch r.IntN(7) {
	case 0, 1, 2:
		return ok("enqueue", fresh(), nil)
	case 3, 4:
		return ok("dequeue", nil, nil)
	}
	return ok("dequeue", nil, some())
}

// drawRefused draws compare-and-sets that are refused and do not say what they
// saw.
func drawRefused(r *rand.Rand, fresh, some func() int64) history.Operation {
	switch r.IntN(6) {
	case 0:
		return ok("write", fresh(), nil)
	case 1, 2:
		return failed("cas", []any{some(), 100 + fresh()}, nil, "mismatch")
	}
	return ok("read", nil, some())
}

// drawLongCounter counts what was added.
func drawLongCounter(r *rand.Rand, fresh, some func() int64) history.Operation {
	if r.IntN(2) == 0 {
		fresh()
		return ok("increment", nil, nil)
	}
	return ok("read", nil, some()-1)
}

// drawFewSet mostly reads, and sees one or two elements.
func drawFewSet(r *rand.Rand, fresh, _ func() int64) history.Operation {
	if r.IntN(3) == 0 {
		return ok("add", fresh(), nil)
	}
	all := [][]any{{int64(1)}, {int64(2)}, {int64(1), int64(2)}}
	return ok("read", nil, all[r.IntN(len(all))])
}

// drawLongSet adds 1, 2 and so on, and reads them all but one of the last.
func drawLongSet(r *rand.Rand, fresh, some func() int64) history.Operation {
	if r.IntN(2) == 0 {
		return ok("add", fresh(), nil)
	}
	seen := []any{}
	most, but := some(), some()
	for v := int64(1); v <= most; v++ {
		if v != but {
			seen = append(seen, v)
		}
	}
	return ok("read", nil, seen)
}

// drawAnySet draws all that can be asked of a set.
func drawAnySet(r *rand.Rand, fresh, some func() int64) history.Operation {
	if r.IntN(4) > 0 {
		return drawSet(0.1)(r, fresh, some)
	}
	return ok("read", nil, []any{int64(1)}[:r.IntN(2)])
}

// drawLongLog appends 1, 2 and so on, a part of them answered with an offset,
// and reads all up to one of the last.
func drawLongLog(offsets float64) drawer {
	return func(r *rand.Rand, fresh, some func() int64) history.Operation {
		if r.IntN(2) == 0 {
			v := fresh()
			if r.Float64() < offsets {
				if v == 0 {
					v = some() // it is to falsify another answer
				}
				return ok("append", v, map[string]any{"offset": v - 1})
			}
			return ok("append", v, nil)
		}
		seen := []any{}
		for v := int64(1); v < some(); v++ {
			seen = append(seen, v)
		}
		if len(seen) > 0 && r.IntN(8) == 0 {
			seen = append(seen, seen[len(seen)-1])
		}
		return ok("read", nil, seen)
	}
}

// history draws one: of each key, half of them simulated and then sometimes
// falsified, half of them at random in all respects; with operations that
// failed, and with unknown outcomes that complete or not.
func (s watched) history(t require.TestingT, r *rand.Rand) *history.History {
	type point struct {
		at int
		op int
	}
	var ops []history.Operation
	var order []point
	span := 40
	for key := range 1 + r.IntN(s.keys) {
		n, unknown := 2+r.IntN(7), 1./6
		if s.long > 0 && r.IntN(20) == 0 {
			n, unknown, span = s.long+r.IntN(s.long), 1./float64(s.long), 6*s.long
		}
		fresh, some := values(r)
		if s.round > 0 {
			fresh, some = around(r, s.round)
		}
		var drawn []history.Operation
		if n < 9 && r.IntN(2) == 0 {
			drawn = s.dense(r, n, fresh, some)
		} else {
			lies := 0.0
			if r.IntN(2) == 0 {
				lies = 1 / float64(n)
			}
			if s.twist != nil {
				n, unknown, lies = n+4, 1./4, 0
			}
			drawn = s.simulated(r, size{n, 1 + r.IntN(4), unknown, lies}, fresh, some)
			if s.twist != nil && len(drawn) > 0 && r.IntN(2) == 0 {
				s.twist(r, drawn)
			}
		}
		for range r.IntN(3) / 2 {
			op := s.draw(r, fresh, some)
			op.Output, op.Outcome, op.Error = nil, history.Fail, "refused"
			op.Call = r.IntN(span)
			op.Return = op.Call + 1 + r.IntN(span)
			drawn = append(drawn, op)
		}
		for _, op := range drawn {
			op.Key = fmt.Sprint("k", key)
			if op.Return != Never && op.Outcome == history.OK && r.IntN(4*n) == 0 {
				op.Outcome, op.Error, op.Output = history.Fail, "refused", nil
			}
			if s.twist != nil && op.F == "dequeue" && op.Output == nil && op.Outcome == history.OK && r.IntN(3) == 0 {
				op.Outcome, op.Error = history.Fail, "refused"
			}
			order = append(order, point{op.Call, len(ops)})
			switch {
			case op.Return != Never:
				order = append(order, point{op.Return, len(ops)})
			case r.IntN(2) == 0:
				order = append(order, point{op.Call + 1 + r.IntN(span), len(ops)})
			}
			ops = append(ops, op)
		}
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	slices.SortStableFunc(order, func(a, b point) int { return a.at - b.at })
	called := map[int]bool{}
	var events []history.Event
	for _, p := range order {
		op := &ops[p.op]
		e := history.Event{Kind: history.Invoke, Process: p.op, F: op.F, Key: op.Key, Value: op.Input, Time: time.Duration(len(events))}
		if called[p.op] {
			e.Kind, e.Value, e.Outcome, e.Error = history.Complete, op.Output, op.Outcome, op.Error
		} else if op.Return != Never && p.at != op.Call {
			continue // drawn to return when it is called
		}
		called[p.op] = true
		events = append(events, e)
	}
	return history.New(events)
}

// afterwards is the verdict on the first events of a history, after the fact.
func afterwards(m *Model, h *history.History, events int) verdict.Verdict {
	d := New(*m).decider(1 << 26)
	begin := &history.History{Events: h.Events[:events]}
	all := verdict.Valid
	for _, o := range m.objects(begin.Operations()) {
		if o.malformed != nil {
			all = verdict.Compose(all, verdict.Unknown)
			continue
		}
		all = verdict.Compose(all, d.decide(context.Background(), o.ops).verdict)
	}
	return all
}

// observe returns the monitor after a history, and the number of events by which
// it noticed a violation, or -1.
func observe(t require.TestingT, model Model, h *history.History) (*Monitor, int) {
	m, err := NewMonitor(model)
	require.NoError(t, err)
	for i := range h.Events {
		e := h.Events[i] // the monitor must not hold on to it
		if m.Observe(&e) {
			return m, i + 1
		}
		e = history.Event{}
	}
	return m, -1
}

// TestMonitorAgrees compares the verdict of a monitor, and when it comes to it,
// with the verdicts on all beginnings of the history.
func TestMonitorAgrees(t *testing.T) {
	for _, s := range watchedScenarios(t) {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seedOf(s.name), 4))
			all := soak(t, 100_000) * s.share / 100
			seen := map[verdict.Verdict]int{}
			early := 0
			for n := range all {
				h := s.history(t, r)
				m, noticed := observe(t, s.model, h)
				report := m.Report()
				seen[report.Verdict]++
				end := len(h.Events)
				fail := func(text string) {
					t.Fatalf("while history %d went on: %s; noticed after %d events: %v: %s\n%s", n, text, noticed, report.Verdict, report.Cause, checktest.Show(h))
				}
				switch {
				case noticed >= 0:
					if report.Verdict != verdict.Invalid {
						fail("the report does not say so")
					}
					if afterwards(&s.model, h, noticed) != verdict.Invalid {
						fail("these events are no violation")
					}
					if s.exact && afterwards(&s.model, h, noticed-1) == verdict.Invalid {
						fail("it could have been noticed before")
					}
					if noticed < end {
						early++
					}
				case report.Verdict == verdict.Valid || s.exact:
					if got := afterwards(&s.model, h, end); len(h.Events) > 0 && got != verdict.Valid {
						fail(fmt.Sprint("the history is ", got))
					}
					if s.exact && report.Verdict != verdict.Valid && !strings.HasPrefix(report.Cause, "nothing to judge") {
						fail("not decided")
					}
				}
			}
			t.Log(all, "histories:", seen, early, "of them before the end")
			require.Greater(t, seen[verdict.Valid], all/20)
			require.Greater(t, seen[verdict.Invalid], all/20)
			require.Greater(t, early, seen[verdict.Invalid]/4)
			decided := float64(seen[verdict.Valid]+seen[verdict.Invalid]) / float64(all)
			require.GreaterOrEqual(t, decided, s.decided*0.9, "decided while the history went on")
		})
	}
}
