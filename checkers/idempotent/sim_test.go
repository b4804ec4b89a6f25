package idempotent

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/checkers/internal/hostile"
	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// sim is a service that keeps its promises, on a network that does not: it
// loses, delays and copies requests and replies, nodes lag, leaders are unknown,
// and clients give up and try again.
type sim struct {
	choose hostile.Chooser
	keys   int
	events []history.Event
	// clients are what each waiting process asked for; requests are what is on
	// its way, and replies what is on its way back.
	clients  map[int]history.Event
	requests []int
	replies  map[int]history.Event
	sent     []history.Event
	next     int
	copying  bool
	// log is what was done, in order, and table what was answered, by key.
	log   []any
	table map[string]answer
	// applied is how much of the log each node has applied.
	applied map[string]int
}

type answer struct {
	payload  string
	complete history.Event
}

var simNodes = []string{"n1", "n2"}

func newSim(choose hostile.Chooser, keys int) *sim {
	return &sim{
		choose: choose, keys: keys, clients: make(map[int]history.Event), replies: make(map[int]history.Event),
		table: make(map[string]answer), applied: make(map[string]int),
	}
}

func (s *sim) record(e history.Event) {
	e.Time = time.Duration(len(s.events)+1) * time.Second
	s.events = append(s.events, e)
}

// run takes some steps, then settles and reads everything back while what is
// still on its way may still arrive.
func (s *sim) run(steps int) *history.History {
	for range steps {
		s.step()
	}
	for range 2 {
		for _, node := range simNodes {
			s.applied[node] = len(s.log)
		}
		s.record(history.Event{Kind: history.Phase, Process: history.NoProcess, F: "final"})
		for _, node := range simNodes {
			s.read(node)
			s.step()
		}
	}
	return history.New(s.events)
}

func (s *sim) step() {
	switch s.choose(12) {
	case 0, 1, 2:
		s.invoke()
	case 3, 4, 5, 6:
		if len(s.requests) > 0 {
			s.deliver(s.choose(len(s.requests)))
		}
	case 7, 8:
		if processes := slices.Sorted(maps.Keys(s.replies)); len(processes) > 0 {
			s.reply(processes[s.choose(len(processes))])
		}
	case 9:
		if processes := slices.Sorted(maps.Keys(s.clients)); len(processes) > 0 {
			s.giveUp(processes[s.choose(len(processes))])
		}
	case 10:
		node := simNodes[s.choose(len(simNodes))]
		s.applied[node] += s.choose(len(s.log) - s.applied[node] + 1)
		if s.choose(3) == 0 {
			s.read(node)
		}
	case 11:
		s.copying = !s.copying
		stage := "heal"
		if s.copying {
			stage = "inject"
		}
		s.record(history.Event{
			Kind: history.Nemesis, Process: history.NoProcess, F: "duplicate", Value: map[string]any{"stage": stage},
		})
		for process := range s.clients {
			s.copy(process)
		}
	}
}

func (s *sim) invoke() {
	operation := []string{"deposit", "transfer"}[s.choose(2)]
	key := fmt.Sprint("k", s.choose(s.keys))
	// The amount belongs to the key, but for probes.
	input := map[string]any{"tenant": "t1", "amount": int64(1 + s.choose(7)/6)}
	if operation == "deposit" {
		input["account"] = "a"
	} else {
		input["from"], input["to"] = "a", "b"
	}
	e := history.Event{
		Kind: history.Invoke, Process: s.next, F: operation, Key: "t1/a", Idem: "t1/" + operation + "/" + key,
		Node: simNodes[s.choose(2)], Value: input,
	}
	s.next++
	s.record(e)
	s.sent = append(s.sent, e)
	s.clients[e.Process] = e
	s.requests = append(s.requests, e.Process)
	s.copy(e.Process)
}

// copy copies a request that is under way, if the network does so now.
func (s *sim) copy(process int) {
	if s.copying && s.choose(2) == 0 {
		s.requests = append(s.requests, process)
	}
}

// deliver lets a node work on a request, and reply to it once.
func (s *sim) deliver(at int) {
	process := s.requests[at]
	s.requests = slices.Delete(s.requests, at, at+1)
	request := s.sent[process]
	var complete history.Event
	switch s.choose(8) {
	case 0:
		complete = history.Event{Outcome: history.Fail, Error: "no-leader"}
	case 1:
		if !slices.ContainsFunc(s.requests, func(other int) bool { return s.sent[other].Idem == request.Idem }) {
			return // lost
		}
		complete = history.Event{Outcome: history.Fail, Error: "in-flight"}
	default:
		complete = s.apply(request)
	}
	if _, waiting := s.clients[process]; waiting {
		s.replies[process] = complete
	}
}

func (s *sim) apply(request history.Event) history.Event {
	payload := words.Value(request.Value)
	if known, used := s.table[request.Idem]; used {
		if known.payload != payload {
			return history.Event{Outcome: history.Fail, Error: "conflict"}
		}
		return known.complete
	}
	complete := history.Event{Outcome: history.Fail, Error: "insufficient-funds"}
	if request.F == "deposit" || s.choose(3) > 0 {
		id := int64(len(s.log) + 1)
		entry := map[string]any{"id": id, "operation": request.F, "key": request.Idem[len("t1/"+request.F+"/"):]}
		reply := map[string]any{"id": id, "balance": int64(s.choose(100))}
		for field, value := range request.Value.(map[string]any) {
			if field != "tenant" {
				entry[field], reply[field] = value, value
			}
		}
		s.log = append(s.log, entry)
		complete = history.Event{Outcome: history.OK, Value: reply}
	}
	s.table[request.Idem] = answer{payload, complete}
	return complete
}

func (s *sim) reply(process int) {
	complete := s.replies[process]
	delete(s.replies, process)
	delete(s.clients, process)
	complete.Kind, complete.Process, complete.F = history.Complete, process, s.sent[process].F
	s.record(complete)
}

func (s *sim) giveUp(process int) {
	delete(s.replies, process)
	delete(s.clients, process)
	s.record(history.Event{
		Kind: history.Complete, Process: process, F: s.sent[process].F, Outcome: history.Unknown, Error: "timeout",
	})
}

func (s *sim) read(node string) {
	process := 1_000_000 + len(s.events)
	s.record(history.Event{Kind: history.Invoke, Process: process, F: "entries", Key: "t1", Node: node})
	entries := slices.Clone(s.log[:s.applied[node]])
	s.record(history.Event{
		Kind: history.Complete, Process: process, F: "entries", Outcome: history.OK, Value: entries,
	})
}

// No service that keeps its promises is ever accused.
func TestCorrectServiceIsNeverInvalid(t *testing.T) {
	valid := 0
	rapid.Check(t, func(t *rapid.T) {
		choose := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") }
		h := newSim(choose, 1+choose(6)).run(choose(200))
		require.NoError(t, h.Validate())
		report := check(h)
		require.NotEqual(t, verdict.Invalid, report.Verdict, "%v\n%s", report, checktest.Show(h))
		if report.Verdict == verdict.Valid {
			valid++
			require.Positive(t, report.Judged)
		}
	})
	require.Positive(t, valid)
}

// A history of a correct service in which one thing was changed is judged as
// the twin judges it.
func TestAgreesWithTheTwinOnCorruptedHistories(t *testing.T) {
	verdicts := make(map[verdict.Verdict]int)
	for seed := range checktest.Rounds(20_000) {
		r := rand.New(rand.NewPCG(uint64(seed), 2))
		s := newSim(r.IntN, 1+r.IntN(3))
		h := s.run(r.IntN(30))
		for range r.IntN(3) {
			corrupt(r, h)
		}
		if len(h.Operations()) > 15 || h.Validate() != nil {
			continue
		}
		possible := newTwin(h, false).possible()
		report := check(h)
		verdicts[report.Verdict]++
		if possible == (report.Verdict == verdict.Invalid) {
			t.Fatalf("seed %d: a service that keeps its promises is possible: %v, but the verdict is %v: %s\n%s",
				seed, possible, report.Verdict, report.Cause, checktest.Show(h))
		}
	}
	t.Log(verdicts)
	require.Greater(t, verdicts[verdict.Valid], 2000)
	require.Greater(t, verdicts[verdict.Invalid], 2000)
}

// corrupt changes one thing in a history.
func corrupt(r *rand.Rand, h *history.History) {
	i := r.IntN(len(h.Events))
	e := &h.Events[i]
	if e.Kind != history.Complete {
		if i+1 < len(h.Events) && h.Events[i+1].Process != e.Process {
			// Swap it with the next, but for the stamps.
			next := &h.Events[i+1]
			*e, *next = *next, *e
			e.Index, next.Index = next.Index, e.Index
			e.Time, next.Time = next.Time, e.Time
		}
		return
	}
	if entries, isRead := e.Value.([]any); isRead && len(entries) > 0 {
		e.Value = corruptEntries(r, slices.Clone(entries))
		return
	}
	switch r.IntN(4) {
	case 0:
		if reply, ok := e.Value.(map[string]any); ok {
			reply = maps.Clone(reply)
			field := checktest.Pick(r, "id", "balance", "amount")
			reply[field] = reply[field].(int64)%2 + 1
			e.Value = reply
		}
	case 1:
		e.Outcome, e.Value, e.Error = history.Unknown, nil, "timeout"
	case 2:
		e.Outcome, e.Value = history.Fail, nil
		e.Error = checktest.Pick(r, "insufficient-funds", "conflict", "in-flight", "no-leader", "timeout")
	case 3:
		for j := range h.Events {
			other := &h.Events[j]
			if other.Kind == history.Complete && other.F == e.F && r.IntN(3) == 0 {
				e.Outcome, e.Value, e.Error = other.Outcome, other.Value, other.Error
			}
		}
	}
}

func corruptEntries(r *rand.Rand, entries []any) []any {
	at := r.IntN(len(entries))
	entry := maps.Clone(entries[at].(map[string]any))
	switch r.IntN(4) {
	case 0:
		return slices.Delete(entries, at, at+1)
	case 1:
		return append(entries, entry)
	case 2:
		entry["id"] = entry["id"].(int64)%3 + 1
	case 3:
		entry["amount"] = entry["amount"].(int64)%2 + 1
	}
	entries[at] = entry
	return entries
}
