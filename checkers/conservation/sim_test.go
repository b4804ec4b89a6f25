package conservation

import (
	"context"
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
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

func check(h *history.History, options ...Option) verdict.Report {
	return New(options...).Check(context.Background(), h, verdict.Budget{})
}

// sim is a ledger that keeps its promises, on a network that does not.
type sim struct {
	choose hostile.Chooser
	keys   int
	events []history.Event
	sent   []history.Event
	// clients wait; requests and replies are on their way.
	clients  map[int]bool
	requests []int
	replies  map[int]history.Event
	// log is what was done, with the balances after it; table is what was
	// answered, by key.
	log      []any
	balances []map[string]int64
	table    map[string]history.Event
	applied  map[string]int
}

var simNodes = []string{"n1", "n2"}

func newSim(choose hostile.Chooser, keys int) *sim {
	return &sim{
		choose: choose, keys: keys, clients: make(map[int]bool), replies: make(map[int]history.Event),
		balances: []map[string]int64{{}}, table: make(map[string]history.Event), applied: make(map[string]int),
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
	for _, node := range simNodes {
		s.applied[node] = len(s.log)
	}
	s.record(history.Event{Kind: history.Phase, Process: history.NoProcess, F: "final"})
	order := [][]string{{"entries", "accounts"}, {"accounts", "entries"}, {"entries", "accounts", "entries"}}
	for _, node := range simNodes {
		for _, f := range order[s.choose(len(order))] {
			s.read(f, node)
		}
	}
	return history.New(s.events)
}

func (s *sim) step() {
	switch s.choose(10) {
	case 0, 1, 2:
		s.invoke()
	case 3, 4, 5:
		if len(s.requests) > 0 {
			at := s.choose(len(s.requests))
			process := s.requests[at]
			s.requests = slices.Delete(s.requests, at, at+1)
			s.deliver(process)
		}
	case 6, 7:
		if processes := slices.Sorted(maps.Keys(s.replies)); len(processes) > 0 {
			process := processes[s.choose(len(processes))]
			complete := s.replies[process]
			complete.Kind, complete.Process, complete.F = history.Complete, process, s.sent[process].F
			s.end(complete)
		}
	case 8:
		if processes := slices.Sorted(maps.Keys(s.clients)); len(processes) > 0 {
			process := processes[s.choose(len(processes))]
			s.end(history.Event{Kind: history.Complete, Process: process, F: s.sent[process].F, Error: "timeout"})
		}
	case 9:
		node := simNodes[s.choose(2)]
		s.applied[node] += s.choose(len(s.log) - s.applied[node] + 1)
		if s.choose(3) == 0 {
			s.read([]string{"entries", "accounts"}[s.choose(2)], node)
		}
	}
}

func (s *sim) end(e history.Event) {
	delete(s.replies, e.Process)
	delete(s.clients, e.Process)
	s.record(e)
}

func (s *sim) invoke() {
	e := history.Event{Kind: history.Invoke, Process: len(s.sent), Node: simNodes[s.choose(2)]}
	key := s.choose(s.keys + 1)
	switch {
	case key == s.keys:
		e.F, e.Key = "balance", "t/"+[]string{"a", "b"}[s.choose(2)]
	case key%2 == 0:
		e.F, e.Key, e.Idem = "deposit", "t/a", fmt.Sprint("t/deposit/k", key)
		e.Value = map[string]any{"tenant": "t", "account": "a", "amount": int64(1 + key)}
	default:
		e.F, e.Key, e.Idem = "transfer", "t/a", fmt.Sprint("t/transfer/k", key)
		e.Value = map[string]any{"tenant": "t", "from": "a", "to": "b", "amount": int64(key)}
	}
	s.record(e)
	s.sent = append(s.sent, e)
	s.clients[e.Process] = true
	s.requests = append(s.requests, e.Process)
	if e.Idem != "" && s.choose(6) == 0 {
		s.requests = append(s.requests, e.Process) // a copy
	}
}

func (s *sim) deliver(process int) {
	request := s.sent[process]
	var complete history.Event
	now := s.balances[len(s.balances)-1]
	switch {
	case s.choose(8) == 0:
		return // lost
	case s.choose(8) == 0:
		complete = history.Event{Outcome: history.Fail, Error: "no-leader"}
	case request.F == "balance":
		complete = history.Event{Outcome: history.OK, Value: now[request.Key[2:]]}
	default:
		complete = s.apply(request, now)
	}
	if s.clients[process] {
		s.replies[process] = complete
	}
}

func (s *sim) apply(request history.Event, now map[string]int64) history.Event {
	if known, used := s.table[request.Idem]; used {
		return known
	}
	input := request.Value.(map[string]any)
	amount := input["amount"].(int64)
	next, account := maps.Clone(now), "a"
	if request.F == "deposit" {
		next["a"] += amount
	} else {
		if now["a"] < amount {
			s.table[request.Idem] = history.Event{Outcome: history.Fail, Error: "insufficient-funds"}
			return s.table[request.Idem]
		}
		next["a"] -= amount
		next["b"] += amount
	}
	id := int64(len(s.log) + 1)
	entry := map[string]any{"id": id, "operation": request.F, "key": request.Idem[len("t/"+request.F+"/"):]}
	reply := map[string]any{"id": id, "balance": next[account]}
	for field, value := range input {
		if field != "tenant" {
			entry[field], reply[field] = value, value
		}
	}
	s.log, s.balances = append(s.log, entry), append(s.balances, next)
	s.table[request.Idem] = history.Event{Outcome: history.OK, Value: reply}
	return s.table[request.Idem]
}

// read reads something back; accounts come in pages, between which a node may
// go on.
func (s *sim) read(f, node string) {
	process := 1_000_000 + len(s.events)
	s.record(history.Event{Kind: history.Invoke, Process: process, F: f, Key: "t", Node: node})
	value := []any{}
	if f == "entries" {
		value = append(value, s.log[:s.applied[node]]...)
	} else {
		for _, account := range []string{"a", "b"} {
			if s.choose(4) == 0 && len(s.requests) > 0 {
				s.deliver(s.requests[0])
				s.requests = s.requests[1:]
				s.applied[node] = len(s.log)
			}
			balance := s.balances[s.applied[node]][account]
			if balance != 0 || s.choose(2) == 0 {
				value = append(value, map[string]any{"account": account, "balance": balance})
			}
		}
	}
	s.record(history.Event{Kind: history.Complete, Process: process, F: f, Outcome: history.OK, Value: value})
}

// No ledger that keeps its promises is ever accused.
func TestCorrectLedgerIsNeverInvalid(t *testing.T) {
	valid := 0
	rapid.Check(t, func(t *rapid.T) {
		choose := func(n int) int { return rapid.IntRange(0, n-1).Draw(t, "choice") }
		h := newSim(choose, 1+choose(8)).run(choose(200))
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

// small returns a history that is small enough for the twin, of a correct ledger
// or with a few things changed.
func small(r *rand.Rand) *history.History {
	for {
		h := newSim(r.IntN, 1+r.IntN(4)).run(r.IntN(24))
		for range r.IntN(3) {
			corrupt(r, h)
		}
		if len(h.Operations()) <= 14 {
			return h
		}
	}
}

func checkBy(h *history.History, some uint32) verdict.Report {
	c := New()
	c.rules = rules(some)
	return c.Check(context.Background(), h, verdict.Budget{})
}

// Whatever is called invalid, no service that keeps its promises can have done.
func TestIsSoundByTheTwin(t *testing.T) {
	checktest.Agree(t, checktest.Subject{
		Histories: 100_000,
		Random:    small,
		Possible: func(h *history.History) bool {
			// The conditions are necessary and no more, so that only what they
			// condemn is compared.
			return check(h).Verdict != verdict.Invalid || newTwin(h).possible()
		},
		Check: checkBy,
		Rules: uint32(allRules),
		Excuses: func(f *verdict.Finding, op *history.Operation) bool {
			switch f.Anomaly {
			case phantomEntry:
				return isMutation(op)
			case unbalanced:
				// They show that nothing came between that was under way.
				return op.F == "entries"
			}
			return false
		},
	})
}

// Of what no service can have done, most is found.
func TestFindsMostOfWhatTheTwinFinds(t *testing.T) {
	found, impossible := 0, 0
	for seed := range checktest.Rounds(5_000) {
		h := small(rand.New(rand.NewPCG(uint64(seed), 4)))
		if newTwin(h).possible() {
			continue
		}
		impossible++
		if check(h).Verdict == verdict.Invalid {
			found++
		}
	}
	t.Logf("found %d of %d", found, impossible)
	require.Greater(t, found*10, impossible*9)
}

// corrupt changes one number in a history, or takes one thing out.
func corrupt(r *rand.Rand, h *history.History) {
	e := &h.Events[r.IntN(len(h.Events))]
	if e.Kind != history.Complete {
		return
	}
	wrong := func(n any) int64 {
		if r.IntN(16) == 0 {
			return -1
		}
		return max(0, n.(int64)+int64(r.IntN(5)-2))
	}
	switch value := e.Value.(type) {
	case int64:
		e.Value = wrong(value)
	case map[string]any:
		value = maps.Clone(value)
		value["balance"] = wrong(value["balance"])
		e.Value = value
	case []any:
		if len(value) == 0 {
			return
		}
		value = slices.Clone(value)
		at := r.IntN(len(value))
		row := maps.Clone(value[at].(map[string]any))
		switch r.IntN(6) {
		case 0, 1:
			e.Value = slices.Delete(value, at, at+1)
			return
		case 2:
			if e.F == "entries" {
				e.Value = append(value, row)
				return
			}
		}
		if n, found := row["balance"]; found {
			row["balance"] = wrong(n)
		}
		if n, found := row["amount"]; found {
			row["amount"] = max(0, wrong(n))
		}
		value[at] = row
		e.Value = value
	default:
		if e.Outcome == history.Fail {
			e.Error = []string{"insufficient-funds", "timeout"}[r.IntN(2)]
		}
	}
}
