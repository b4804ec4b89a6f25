// Package sample makes runs that look real, for the tests of what people see.
package sample

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
	"github.com/tertium-dev/tertium/harness/plan"
)

// Options say what happens in a run. The zero value is a short one in which all
// goes well.
type Options struct {
	// Operations is how many there are; 400 if not set.
	Operations int
	// Stale makes one read return a value that was overwritten before.
	Stale bool
	// Toothless makes the lost-ack fault take no effect.
	Toothless bool
	// Text goes into every place that a system can put text into.
	Text string
}

// Run is what a run leaves behind.
type Run struct {
	Plan    plan.Plan
	History *history.History
	Reports []verdict.Report
}

const (
	workers = 5
	timeout = 200 * time.Millisecond
	// settled is when the faults may begin, as a part of the whole.
	settled = 5
)

// call is an operation of the simulated register while it is made up.
type call struct {
	worker           int
	f, key           string
	value            int64
	start, at, end   time.Duration
	lost, took       bool
	input, output    any
	process, ordinal int
}

// Make simulates clients of a linearizable register under faults. Equal options
// give equal runs.
func Make(o Options) Run {
	if o.Operations == 0 {
		o.Operations = 400
	}
	random := rand.New(rand.NewPCG(42, uint64(o.Operations)))
	span := time.Duration(o.Operations/workers) * 3 * time.Millisecond
	faults := plannedFaults(span, o)
	calls := makeCalls(random, o, faults)
	apply(calls)
	run := Run{Plan: plan.Plan{
		Seed: 42,
		Config: plan.Config{
			System: "ledger", Workload: "register", Runtime: "local", Nodes: []string{"n1", "n2", "n3"},
			Workers: workers, Rate: 1500, WarmUp: span / settled, Time: span, Settle: time.Second,
			Timeout: timeout, Faults: []string{"lost-ack", "kill", "partition"}, Keys: 8, AmbiguityBudget: 10,
		},
		Faults: faults,
	}}
	culprit := -1
	if o.Stale {
		culprit = makeStale(calls)
	}
	if o.Text != "" {
		for i := range calls {
			calls[i].output = o.Text
		}
	}
	events, calledAt := eventsOf(calls, faults, span, o)
	run.History = history.New(events)
	run.Reports = reportsOf(run.History, calls, calledAt, culprit, o)
	return run
}

func plannedFaults(span time.Duration, o Options) []plan.Fault {
	part := span / 10
	lostAck := plan.Fault{Ref: "f0", Kind: "lost-ack", Target: "all", At: 2 * part, For: part, Args: map[string]int64{"percent": 20}}
	kill := plan.Fault{Ref: "f1", Kind: "kill", Target: "leader", At: 4 * part, For: part}
	partition := plan.Fault{Ref: "f2", Kind: "partition", Target: "minority", At: 6 * part, For: 2 * part}
	if o.Text != "" {
		kill.Target = o.Text
	}
	return []plan.Fault{lostAck, kill, partition}
}

func makeCalls(random *rand.Rand, o Options, faults []plan.Fault) []call {
	free := make([]time.Duration, workers)
	process := []int{0, 1, 2, 3, 4}
	calls := make([]call, 0, o.Operations)
	for i := range o.Operations {
		w := 0
		for other := range free {
			if free[other] < free[w] {
				w = other
			}
		}
		// Every stamp is odd in its own way, so that no two are equal.
		start := free[w] + time.Duration(random.IntN(2_000_000))
		latency := 400*time.Microsecond + time.Duration(random.ExpFloat64()*float64(600*time.Microsecond))
		c := call{worker: w, f: "read", key: fmt.Sprintf("r%d", random.IntN(8)), start: start, took: true, process: process[w], ordinal: i}
		if random.IntN(2) == 0 {
			c.f, c.value = "write", int64(i)
			c.input = c.value
		}
		for _, fault := range faults {
			if start < fault.At || start > fault.At+fault.For {
				continue
			}
			latency *= 4
			c.lost = random.IntN(8) == 0 && !(o.Toothless && fault.Kind == "lost-ack")
			c.took = !c.lost || random.IntN(2) == 0
		}
		c.at, c.end = start+latency/2, start+latency
		if c.lost {
			c.end = start + timeout
			process[w] += workers
		}
		free[w] = c.end
		calls = append(calls, c)
	}
	return calls
}

// apply lets every call that took effect do so at its moment.
func apply(calls []call) {
	order := make([]*call, len(calls))
	for i := range calls {
		order[i] = &calls[i]
	}
	slices.SortStableFunc(order, func(a, b *call) int { return cmp.Compare(a.at, b.at) })
	values := map[string]any{}
	for _, c := range order {
		switch {
		case c.f == "read":
			c.output = values[c.key]
		case c.took:
			values[c.key] = c.value
		}
	}
}

// makeStale changes a read in the middle so that it returns the value before
// the last one, and returns its place.
func makeStale(calls []call) int {
	for i := len(calls) / 2; i < len(calls); i++ {
		read := &calls[i]
		if read.f != "read" || read.lost {
			continue
		}
		writes := writesBefore(calls, read)
		if len(writes) < 2 {
			continue
		}
		read.output = writes[len(writes)-2].value
		return i
	}
	panic("sample: no read can be made stale")
}

// writesBefore are the acknowledged writes of the key that ended before the
// read began, one after the other.
func writesBefore(calls []call, read *call) []call {
	var writes []call
	for _, c := range calls {
		if c.f != "write" || c.key != read.key || c.lost || c.end >= read.start {
			continue
		}
		if len(writes) == 0 || writes[len(writes)-1].end < c.start {
			writes = append(writes, c)
		}
	}
	return writes
}

// eventsOf puts calls, faults and phases in the order of their stamps, and says
// where each call's invocation is.
func eventsOf(calls []call, faults []plan.Fault, span time.Duration, o Options) (events []history.Event, calledAt map[int]int) {
	ref := func(c call) string { return fmt.Sprintf("w%d.%d", c.worker, c.ordinal) }
	for _, c := range calls {
		node := fmt.Sprintf("n%d", c.worker%3+1)
		events = append(events, history.Event{
			Time: c.start, Kind: history.Invoke, Process: c.process, F: c.f, Key: c.key, Value: c.input, Node: node, Ref: ref(c),
		})
		done := history.Event{Time: c.end, Kind: history.Complete, Process: c.process, F: c.f, Key: c.key, Node: node, Ref: ref(c)}
		if c.lost {
			done.Error = "timeout: 200ms" + o.Text
		} else {
			done.Outcome, done.Value = history.OK, c.output
		}
		events = append(events, done)
	}
	for i, fault := range faults {
		events = append(events, faultEvents(fault, i, o)...)
	}
	last := calls[len(calls)-1].end
	for at, name := range map[time.Duration]string{
		0: "set-up", 1: "warm-up", span / settled: "faults", max(span, last) + timeout: "heal", max(span, last) + timeout + 1: "final",
	} {
		events = append(events, history.Event{Time: at, Kind: history.Phase, Process: history.NoProcess, F: name})
	}
	slices.SortStableFunc(events, func(a, b history.Event) int { return cmp.Compare(a.Time, b.Time) })
	calledAt = map[int]int{}
	for i, e := range events {
		if e.Kind == history.Invoke {
			var worker, ordinal int
			if _, err := fmt.Sscanf(e.Ref, "w%d.%d", &worker, &ordinal); err != nil {
				panic(err)
			}
			calledAt[ordinal] = i
		}
	}
	return events, calledAt
}

func faultEvents(fault plan.Fault, number int, o Options) []history.Event {
	count := int64(10*number + 7)
	if o.Toothless && fault.Kind == "lost-ack" {
		count = 0
	}
	what := map[string]string{
		"lost-ack": fmt.Sprintf("%d replies swallowed", count), "kill": fmt.Sprintf("%d processes killed", count), "partition": fmt.Sprintf("%d messages dropped", count),
	}[fault.Kind]
	event := history.Event{
		Kind: history.Nemesis, Process: history.NoProcess, F: fault.Kind, Ref: fault.Ref, Time: fault.At,
		Value: map[string]any{"stage": "inject", "target": fault.Target},
	}
	heal := event
	heal.Time = fault.At + fault.For
	heal.Value = map[string]any{
		"stage": "heal", "target": fault.Target, "count": count, "what": what + o.Text, "where": []any{fmt.Sprintf("n%d%s", number+1, o.Text)},
	}
	return []history.Event{event, heal}
}

func reportsOf(h *history.History, calls []call, calledAt map[int]int, culprit int, o Options) []verdict.Report {
	linearizable := verdict.Report{
		Checker: "linearizable", Property: "every key is linearizable as a register" + o.Text,
		Verdict: verdict.Valid, Cause: "8 keys" + o.Text, Method: "zones: all writes are unique", Judged: len(calls),
	}
	if culprit >= 0 {
		read := calls[culprit]
		writes := writesBefore(calls, &read)
		older, newer := writes[len(writes)-2], writes[len(writes)-1]
		linearizable.Verdict = verdict.Invalid
		linearizable.Cause = fmt.Sprintf("key %s is not linearizable: a read returned %d after the write of %d had been acknowledged", read.key, older.value, newer.value)
		operations := []int{calledAt[older.ordinal], calledAt[newer.ordinal], calledAt[read.ordinal]}
		slices.Sort(operations)
		linearizable.Findings = []verdict.Finding{{
			Anomaly: "nonlinearizable", Key: read.key, Summary: linearizable.Cause + o.Text,
			Steps: []string{
				fmt.Sprintf("Process %d wrote %d and was told so.", older.process, older.value),
				fmt.Sprintf("Then process %d wrote %d over it and was told so.%s", newer.process, newer.value, o.Text),
				fmt.Sprintf("Process %d read after that and got %d, which was no longer there.", read.process, older.value),
			},
			Operations: operations, Culprit: calledAt[read.ordinal],
		}}
	}
	return []verdict.Report{
		linearizable,
		{
			Checker: "availability", Property: "the service comes back after every fault", Verdict: verdict.Valid,
			Cause: "longest gap 0.2 s", Judged: len(h.Operations()),
			Figures: []verdict.Figure{{Name: "longest gap", Value: 0.2, Unit: "s"}, {Name: "recovery", Value: 0.05, Unit: "s"}},
		},
	}
}
