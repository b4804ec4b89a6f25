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
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// expiryTwin is the twin for one key that a service may forget some time after
// it was resolved. Time counts here, so between two events a service may do
// something at any of a few moments; bounds are thousands and one apart, so that
// the moments between them are enough.
type expiryTwin struct {
	*twin
	ttl time.Duration
}

// forgetful is the state of one possible service that may forget.
type forgetful struct {
	called uint16
	// epochs are the resolutions so far, n of them, and since is when the last
	// one began.
	epochs [mostResolutions]resolved
	n      int8
	since  int64
	// by is the epoch that each open attempt was answered with, and must are
	// those, as bits, that each open read-back must show. Whatever else has come
	// by its end it may show, because it comes in pages.
	by   [12]int8
	must [12]uint8
	// visible are the epochs that every node has, and those that each one has
	// shown.
	visible [3]uint8
}

// resolved is one resolution: 'd' or 'r', by the payload of an attempt. told is
// the first attempt that was answered with it, and shown the first entry, of the
// read-back before it, that was, or -1.
type resolved struct {
	kind                byte
	by, told, in, shown int8
}

// mostResolutions is how many epochs the twin can follow in reasonable time.
const mostResolutions = 3

// resolutions is how many epochs a history shows at most.
func resolutions(h *history.History) int {
	ids, refusals := map[any]bool{}, 0
	for _, op := range h.Operations() {
		if isRefusal(&op) {
			refusals++
		}
		if output, ok := op.Output.(map[string]any); ok {
			ids[output["id"]] = true
		}
		for _, e := range entriesOf(&op) {
			ids[e.id] = true
		}
	}
	return len(ids) + refusals
}

// second is what the stamps of events are multiples of, in these tests. Expiry
// is one more than a multiple of it. So a service that begins its n-th epoch n
// quarters past a second misses no chance.
const second = 1000

func (t *expiryTwin) possible() bool {
	services := []forgetful{{}}
	for i := range t.events {
		if i > 0 {
			for base := t.events[i-1].Time; base < t.events[i].Time; base += second {
				for m := 1; m <= mostResolutions; m++ {
					services = t.closure(services, int64(base)+int64(m)*second/(mostResolutions+1))
				}
			}
		}
		var next []forgetful
		known := make(map[forgetful]bool)
		for _, s := range services {
			for _, after := range t.event(s, i) {
				if !known[after] {
					known[after] = true
					next = append(next, after)
				}
			}
		}
		services = next
	}
	return slices.ContainsFunc(services, t.distinct)
}

// distinct reports whether no two epochs of a service have the same effect.
func (t *expiryTwin) distinct(s forgetful) bool {
	ids := map[any]bool{}
	for i := range s.epochs[:s.n] {
		id := t.idOf(&s.epochs[i])
		if id != nil && ids[id] {
			return false
		}
		ids[id] = true
	}
	return true
}

func (t *expiryTwin) idOf(e *resolved) any {
	if e.shown >= 0 {
		return t.entries[e.in][e.shown].id
	}
	if e.told >= 0 && e.kind == 'd' {
		return t.ops[e.told].Output.(map[string]any)["id"]
	}
	return nil
}

// closure adds what services may do at a moment.
func (t *expiryTwin) closure(services []forgetful, now int64) []forgetful {
	// Of two services that differ only in when they last resolved the key, the
	// one that did so earlier can do whatever the other can.
	known := make(map[forgetful]bool, len(services))
	timeless := func(s forgetful) forgetful {
		s.since = 0
		return s
	}
	for _, s := range services {
		known[timeless(s)] = true
	}
	add := func(s forgetful) {
		if !known[timeless(s)] {
			known[timeless(s)] = true
			services = append(services, s)
		}
	}
	for next := 0; next < len(services); next++ {
		s := services[next]
		for i := range t.ops {
			op := &t.ops[i]
			if s.called&(1<<i) == 0 {
				continue
			}
			if op.F == "entries" {
				continue
			}
			if int(s.n) < len(s.epochs) && (s.n == 0 || now-s.since >= int64(t.ttl)) {
				after := s
				after.n++
				after.since = now
				after.epochs[s.n] = resolved{kind: 'd', by: int8(i), told: -1, in: -1, shown: -1}
				if t.arrives(op) {
					add(after)
				}
				after.epochs[s.n].kind = 'r'
				if t.arrives(op) || isRefusal(op) {
					add(after)
				}
			}
			if s.n > 0 && s.by[i] == 0 {
				last := s.epochs[s.n-1]
				kind := byte('d')
				if isRefusal(op) {
					kind = 'r'
				}
				if last.kind == kind && samePayload(op, &t.ops[last.by]) {
					s := s
					s.by[i] = s.n
					add(s)
				}
			}
		}
	}
	return services
}

// event returns what becomes of a service that has caused an event, which is
// nothing if it cannot have.
func (t *expiryTwin) event(s forgetful, i int) []forgetful {
	if op, found := t.byCall[i]; found {
		s.called |= 1 << op
		if t.ops[op].F == "entries" {
			s.must[op] = s.visible[0] | s.visible[nodeBits[t.ops[op].Node]/2]
		}
		return []forgetful{s}
	}
	if e := &t.events[i]; e.Kind == history.Phase {
		if e.F == "final" && e.Error == "" {
			for k := range s.epochs[:s.n] {
				if s.epochs[k].kind == 'd' {
					s.visible[0] |= 1 << k
				}
			}
		}
		return []forgetful{s}
	}
	at, found := t.byReturn[i]
	if !found {
		return []forgetful{s}
	}
	op := &t.ops[at]
	switch {
	case op.F == "entries":
		s.called &^= 1 << at
		return t.showed(s, at, 0, 0)
	case op.Outcome == history.OK || isRefusal(op):
		if s.by[at] == 0 || !t.answered(&s, at) {
			return nil
		}
	case code(op.Error) == "conflict":
		rival := slices.ContainsFunc(t.ops, func(other history.Operation) bool {
			return other.Call < op.Return && other.F != "entries" && !samePayload(op, &other) &&
				(t.arrives(&other) || isRefusal(&other) || code(other.Error) == "conflict")
		})
		if !rival {
			return nil
		}
	}
	return []forgetful{s}
}

// answered lets a service give the reply of the epoch that an attempt was
// answered with.
func (t *expiryTwin) answered(s *forgetful, at int) bool {
	op := &t.ops[at]
	e := &s.epochs[s.by[at]-1]
	s.by[at] = -1
	if isRefusal(op) {
		if e.told >= 0 && code(t.ops[e.told].Error) != code(op.Error) {
			return false
		}
		e.told = int8(at)
		return true
	}
	output := op.Output.(map[string]any)
	if output["amount"] != op.Input.(map[string]any)["amount"] {
		return false
	}
	if e.told >= 0 && !equal(t.ops[e.told].Output, op.Output) {
		return false
	}
	if id := t.idOf(e); id != nil && id != output["id"] {
		return false
	}
	if e.told < 0 {
		e.told = int8(at)
	}
	return true
}

// showed lets a service answer a read-back from its k-th entry on. Each is one
// of the effects that were not yet used for an entry.
func (t *expiryTwin) showed(s forgetful, at, k int, used uint8) []forgetful {
	if k == len(t.entries[at]) {
		if s.must[at]&^used != 0 {
			return nil
		}
		s.must[at] = 0
		if node := nodeBits[t.ops[at].Node] / 2; node > 0 {
			s.visible[node] |= used
		}
		return []forgetful{s}
	}
	entry := t.entries[at][k]
	var after []forgetful
	for i := range s.epochs[:s.n] {
		e := &s.epochs[i]
		id, amount := t.idOf(e), t.ops[e.by].Input.(map[string]any)["amount"]
		if used&(1<<i) != 0 || e.kind != 'd' || id != nil && id != entry.id || amount != entry.fields["amount"] {
			continue
		}
		next := s
		if e.shown < 0 {
			next.epochs[i].in, next.epochs[i].shown = int8(at), int8(k)
		}
		after = append(after, t.showed(next, at, k+1, used|1<<i)...)
	}
	return after
}

// longLived returns a small history of one key over a long time.
func longLived(r *rand.Rand) *history.History {
	var tokens []token
	amounts := checktest.Pick(r, 1, 1, 2)
	ops := 0
	add := func(call, complete history.Event) {
		call.Kind, call.Process = history.Invoke, ops
		complete.Kind, complete.Process, complete.F = history.Complete, ops, call.F
		tokens = append(tokens, token{event: call, op: ops}, token{event: complete, op: ops, ends: true})
		ops++
	}
	for range 1 + r.IntN(3) {
		call, complete := denseAttempt(r, 1, amounts)
		if complete.Outcome == history.OK {
			complete.Value.(map[string]any)["balance"] = int64(1)
			complete.Value.(map[string]any)["amount"] = call.Value.(map[string]any)["amount"]
		}
		add(call, complete)
	}
	for range r.IntN(3) {
		call := history.Event{F: "entries", Key: "t1", Node: checktest.Pick(r, "n1", "n2", "")}
		entries := []any{}
		for id := range int64(r.IntN(3)) {
			entries = append(entries, map[string]any{
				"operation": "deposit", "key": "k0", "account": "a", "amount": int64(1 + r.IntN(amounts)), "id": id + checktest.Pick[int64](r, 1, 1, 1, 2),
			})
		}
		add(call, history.Event{Outcome: history.OK, Value: entries})
	}
	if r.IntN(2) == 0 {
		tokens = append(tokens, token{event: history.Event{Kind: history.Phase, Process: history.NoProcess, F: "final"}, op: ops})
	}
	h := weave(r, tokens)
	now := time.Duration(0)
	for i := range h.Events {
		now += time.Duration(1+r.IntN(3)) * second
		h.Events[i].Time = now
	}
	return h
}

func TestAgreesWithTheExpiryTwin(t *testing.T) {
	t.Parallel()
	verdicts := make(map[verdict.Verdict]int)
	excused, tooSoon := 0, 0
	for seed := range checktest.Rounds(1_500) {
		r := rand.New(rand.NewPCG(uint64(seed), 5))
		h := longLived(r)
		if resolutions(h) > mostResolutions {
			continue
		}
		ttl := time.Duration(checktest.Pick(r, 1, 2, 3, 5))*second + 1
		twin := expiryTwin{newTwin(h, false), ttl}
		possible := twin.possible()
		report := check(h, Expiry(ttl))
		verdicts[report.Verdict]++
		if possible == (report.Verdict == verdict.Invalid) {
			t.Fatalf("seed %d: with keys kept for %d a service that keeps its promises is possible: %v, but the verdict is %v: %s\n%s",
				seed, ttl, possible, report.Verdict, report.Cause, checktest.Show(h))
		}
		if possible && check(h).Verdict == verdict.Invalid {
			excused++
		}
		if report.Verdict == verdict.Invalid && checkBy(h, allRules&^ruleExpiry, Expiry(ttl)).Verdict != verdict.Invalid {
			tooSoon++
		}
	}
	t.Log(verdicts, fmt.Sprintf("excused %d, too soon %d", excused, tooSoon))
	require.Greater(t, excused, 100, "histories that only expiry excuses")
	require.Greater(t, tooSoon, 10, "histories that only the time between epochs condemns")
}
