// Package checktest has what the tests of checkers share: random small
// histories, recorded ones, and tests that hold for all checkers.
package checktest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// Rounds is how many random histories a test takes: a hundred times as many
// with TERTIUM_SOAK.
func Rounds(n int) int {
	if os.Getenv("TERTIUM_SOAK") != "" {
		return 100 * n
	}
	return n
}

// Pick returns one of some values.
func Pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

// Outcome returns ok most of the time.
func Outcome(r *rand.Rand) history.Outcome {
	return Pick(r, history.OK, history.OK, history.OK, history.OK, history.Unknown, history.Fail)
}

// Op is an operation of a history in the making.
type Op struct {
	F, Key  string
	Idem    string
	Input   any
	Output  any
	Outcome history.Outcome
	Error   string
	// Process is the one that calls it; operations of one process follow each
	// other. A negative one is a process of its own.
	Process int
}

// Weave puts operations into a random history. Those of one process stay in the
// order given, and an unknown outcome ends it: what follows is left out.
// Unknown outcomes have a completion or not.
func Weave(r *rand.Rand, ops []Op) *history.History {
	fresh := 0
	for i := range ops {
		fresh = max(fresh, ops[i].Process+1)
	}
	queues := make(map[int][]history.Event)
	var order []int
	for i := range ops {
		op := &ops[i]
		process := op.Process
		if process < 0 {
			process, fresh = fresh, fresh+1
		}
		if q := queues[process]; len(q) > 0 {
			if last := q[len(q)-1]; last.Kind == history.Invoke || last.Outcome == history.Unknown {
				continue
			}
		}
		events := []history.Event{{Kind: history.Invoke, Process: process, F: op.F, Key: op.Key, Idem: op.Idem, Value: op.Input}}
		if op.Outcome != history.Unknown || r.IntN(2) == 0 {
			events = append(events, history.Event{
				Kind: history.Complete, Process: process, F: op.F, Key: op.Key, Value: op.Output,
				Outcome: op.Outcome, Error: op.Error,
			})
		}
		for range events {
			order = append(order, process)
		}
		queues[process] = append(queues[process], events...)
	}
	r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	if r.IntN(4) == 0 {
		settle(r, order)
	}
	events := make([]history.Event, len(order))
	for i, process := range order {
		events[i] = queues[process][0]
		events[i].Time = time.Duration(i+1) * time.Second
		queues[process] = queues[process][1:]
	}
	return history.New(events)
}

// settle lets the events of a process follow each other more often than chance
// does, so that there are operations one after another.
func settle(r *rand.Rand, order []int) {
	for range len(order) {
		i := r.IntN(len(order))
		for j := i + 2; j < len(order); j++ {
			if order[j] == order[i] {
				order[i+1], order[j] = order[j], order[i+1]
				break
			}
		}
	}
}

// Keep returns the history without the operations whose call is not among
// these.
func Keep(h *history.History, calls []int) *history.History {
	kept := make(map[int]bool)
	for _, call := range calls {
		kept[call] = true
	}
	open := make(map[int]bool)
	var events []history.Event
	for _, e := range h.Events {
		switch e.Kind {
		case history.Invoke:
			open[e.Process] = kept[e.Index]
		case history.Complete:
		default:
			events = append(events, e)
			continue
		}
		if open[e.Process] {
			events = append(events, e)
		}
	}
	return history.New(events)
}

// Show prints a history for a failing test.
func Show(h *history.History) string {
	var text strings.Builder
	for _, e := range h.Events {
		kind := "call"
		switch e.Kind {
		case history.Complete:
			kind = e.Outcome.String()
		case history.Phase:
			kind = "phase"
		}
		fmt.Fprintf(&text, "%3d process %d %-7s %s %s %v %s\n", e.Index, e.Process, kind, e.F, e.Key, e.Value, e.Error)
	}
	return text.String()
}

// InOrder returns a history of operations one after another, without
// concurrency. An unknown outcome has a completion, and what its process does
// later is done by another; one that is negative is another each time.
func InOrder(ops ...Op) *history.History {
	events := make([]history.Event, 0, 2*len(ops))
	fresh := 0
	for i := range ops {
		fresh = max(fresh, ops[i].Process+1)
	}
	heirs := make(map[int]int)
	for i := range ops {
		op := &ops[i]
		process, replaced := heirs[op.Process]
		if !replaced {
			process = op.Process
		}
		if process < 0 {
			process, fresh = fresh, fresh+1
		}
		stamp := time.Duration(2*i+1) * time.Second
		events = append(events,
			history.Event{Kind: history.Invoke, Process: process, F: op.F, Key: op.Key, Idem: op.Idem, Value: op.Input, Time: stamp},
			history.Event{
				Kind: history.Complete, Process: process, F: op.F, Key: op.Key, Value: op.Output, Outcome: op.Outcome,
				Error: op.Error, Time: stamp + time.Second,
			})
		if op.Outcome == history.Unknown && op.Process >= 0 {
			heirs[op.Process], fresh = fresh, fresh+1
		}
	}
	return history.New(events)
}

// lapsing is a context that is cancelled once it has been asked some times.
type lapsing struct {
	context.Context
	left *int
}

func (c lapsing) Err() error {
	if *c.left--; *c.left < 0 {
		return context.Canceled
	}
	return nil
}

// CancelledAfter returns a context that is cancelled when its Err was called n
// times.
func CancelledAfter(n int) context.Context { return lapsing{context.Background(), &n} }
