package idempotent

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
)

// token is an event whose place in the history is still open. A call has the
// return that must follow it.
type token struct {
	event history.Event
	op    int
	ends  bool
}

// weave puts events in a random order that keeps calls before returns and the
// beginnings of faults before their ends.
func weave(r *rand.Rand, tokens []token) *history.History {
	r.Shuffle(len(tokens), func(i, j int) { tokens[i], tokens[j] = tokens[j], tokens[i] })
	begun := make(map[int]int)
	for i := range tokens {
		t := &tokens[i]
		at, waiting := begun[t.op]
		switch {
		case !waiting:
			begun[t.op] = i
		case tokens[at].ends:
			tokens[at], tokens[i] = tokens[i], tokens[at]
		}
	}
	events := make([]history.Event, len(tokens))
	for i := range tokens {
		events[i] = tokens[i].event
		events[i].Time = time.Duration(i+1) * time.Second
	}
	return history.New(events)
}

// dense returns a small history of which nothing is sure: most are invalid, and
// many only just.
func dense(r *rand.Rand) *history.History {
	var tokens []token
	op := 0
	add := func(call, complete history.Event) {
		call.Kind, call.Process = history.Invoke, op
		complete.Kind, complete.Process, complete.F = history.Complete, op, call.F
		tokens = append(tokens, token{event: call, op: op})
		if complete.Outcome != history.Unknown || r.IntN(3) > 0 {
			tokens = append(tokens, token{event: complete, op: op, ends: true})
		}
		op++
	}
	keys := checktest.Pick(r, 1, 1, 2)
	amounts := checktest.Pick(r, 1, 1, 2, 3)
	for range 1 + r.IntN(4) {
		add(denseAttempt(r, keys, amounts))
	}
	for range r.IntN(4) {
		add(denseRead(r, keys, amounts))
	}
	for range checktest.Pick(r, 0, 1, 1, 2) {
		e := history.Event{Kind: history.Phase, Process: history.NoProcess, F: checktest.Pick(r, "final", "final", "final", "heal")}
		e.Error = checktest.Pick(r, "", "", "", "the nodes did not settle")
		tokens = append(tokens, token{event: e, op: op})
		op++
	}
	if r.IntN(3) == 0 {
		nemesis := func(stage string) history.Event {
			return history.Event{
				Kind: history.Nemesis, Process: history.NoProcess, F: "duplicate", Value: map[string]any{"stage": stage},
			}
		}
		tokens = append(tokens, token{event: nemesis("inject"), op: op})
		if r.IntN(3) > 0 {
			tokens = append(tokens, token{event: nemesis("heal"), op: op, ends: true})
		}
	}
	return weave(r, tokens)
}

func denseAttempt(r *rand.Rand, keys, amounts int) (call, complete history.Event) {
	key := fmt.Sprint("k", r.IntN(keys))
	amount := int64(1 + r.IntN(amounts))
	call = history.Event{
		F: "deposit", Key: "t1/a", Idem: "t1/deposit/" + key, Node: checktest.Pick(r, "n1", "n2"),
		Value: map[string]any{"tenant": "t1", "account": "a", "amount": amount},
	}
	switch r.IntN(10) {
	case 0, 1, 2, 3:
		if r.IntN(6) == 0 {
			amount = int64(1 + r.IntN(amounts))
		}
		complete.Outcome = history.OK
		complete.Value = map[string]any{
			"account": "a", "amount": amount, "id": checktest.Pick[int64](r, 1, 1, 1, 2), "balance": checktest.Pick[int64](r, 1, 1, 1, 1, 1, 2),
		}
	case 4, 5, 6:
		complete.Error = "timeout"
	default:
		complete.Outcome = history.Fail
		complete.Error = checktest.Pick(r, "insufficient-funds", "insufficient-funds", "balance-limit", "conflict", "conflict",
			"conflict", "in-flight", "no-leader", "no-leader", "timeout")
	}
	return call, complete
}

func denseRead(r *rand.Rand, keys, amounts int) (call, complete history.Event) {
	call = history.Event{F: "entries", Key: "t1", Node: checktest.Pick(r, "n1", "n1", "n2", "")}
	complete = history.Event{Outcome: history.OK}
	entries := []any{}
	for key := range keys {
		for range checktest.Pick(r, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2) {
			entries = append(entries, map[string]any{
				"operation": "deposit", "key": fmt.Sprint("k", key), "account": "a",
				"amount": int64(1 + r.IntN(amounts)), "id": checktest.Pick[int64](r, 1+int64(key), 1+int64(key), 1+int64(key), 1, 2),
			})
		}
	}
	if r.IntN(40) == 0 {
		entries = append(entries, map[string]any{
			"operation": "transfer", "key": "k0", "account": "a", "amount": int64(1), "id": int64(9),
		})
	}
	complete.Value = entries
	return call, complete
}
