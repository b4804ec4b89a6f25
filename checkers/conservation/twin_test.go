package conservation

import (
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
)

// twin runs every service that keeps its promises side by side through a small
// history of one tenant, accounts "a" and "b" and nodes "n1" and "n2", and drops
// each that cannot have said what the history says. It is more lenient than a
// service of one's own would be: ids mean nothing, and pages of accounts are
// read in any order.
type twin struct {
	ops              []history.Operation
	events           []history.Event
	byCall, byReturn map[int]int
	keys             map[string]int8
	// adds is what each operation would add to accounts "a" and "b".
	adds [][2]int64
	seen map[service]bool
}

func newTwin(h *history.History) *twin {
	t := &twin{
		ops: h.Operations(), events: h.Events,
		byCall: make(map[int]int), byReturn: make(map[int]int), keys: make(map[string]int8),
		seen: make(map[service]bool),
	}
	for i := range t.ops {
		op := &t.ops[i]
		t.byCall[op.Call] = i
		if op.Outcome != history.Unknown {
			t.byReturn[op.Return] = i
		}
		if _, known := t.keys[op.Idem]; !known && op.Idem != "" {
			t.keys[op.Idem] = int8(len(t.keys))
		}
		var adds [2]int64
		if isMutation(op) {
			input := op.Input.(map[string]any)
			for at, account := range []string{"a", "b"} {
				if input["account"] == account || input["to"] == account {
					adds[at] += input["amount"].(int64)
				}
				if input["from"] == account {
					adds[at] -= input["amount"].(int64)
				}
			}
		}
		t.adds = append(t.adds, adds)
	}
	return t
}

// service is the state of one possible service.
type service struct {
	called uint16
	// satisfied are the reads that have seen what they were told; pages are
	// those that have seen what they were told of account b.
	satisfied, pages uint16
	// log are the attempts that were done, in order.
	log  [6]int8
	done int8
	// applied is how much of the log each node has applied.
	applied [2]int8
	// refused are the keys that were refused for good, as bits.
	refused uint16
}

func (t *twin) possible() bool {
	services := []service{{}}
	t.seen[services[0]] = true
	var next []service
	for i := range t.events {
		services = t.closure(services)
		next = next[:0]
		clear(t.seen)
		for _, s := range services {
			if after, ok := t.event(s, i); ok {
				next = t.include(next, after)
			}
		}
		services, next = next, services
	}
	return len(services) > 0
}

// include adds a service to the set that was begun last.
func (t *twin) include(set []service, s service) []service {
	if t.seen[s] {
		return set
	}
	t.seen[s] = true
	return append(set, s)
}

// closure adds the services that come of those given by doing something unseen.
func (t *twin) closure(services []service) []service {
	for next := 0; next < len(services); next++ {
		s := services[next]
		for i := range t.ops {
			if s.called&(1<<i) != 0 {
				services = t.advance(services, s, i)
			}
		}
		for node := range s.applied {
			if s.applied[node] < s.done {
				after := s
				after.applied[node]++
				services = t.include(services, after)
			}
		}
	}
	return services
}

// advance lets one open operation make progress.
func (t *twin) advance(services []service, s service, i int) []service {
	op := &t.ops[i]
	if !isMutation(op) && op.Outcome != history.OK {
		return services
	}
	bit := uint16(1) << i
	a, b := t.balances(s, int(s.done))
	switch op.F {
	case "balance":
		value := map[string]int64{"t/a": a, "t/b": b}[op.Key]
		if op.Output == value {
			s.satisfied |= bit
		}
		return t.include(services, s)
	case "entries":
		if t.showsPrefix(s, op) {
			s.satisfied |= bit
		}
		return t.include(services, s)
	case "accounts":
		a, b := t.balances(s, int(s.applied[nodeOf(op)]))
		first := s
		if saidOf(op, "a") == a {
			first.satisfied |= bit
		}
		services = t.include(services, first)
		if saidOf(op, "b") == b {
			s.pages |= bit
		}
		return t.include(services, s)
	}
	if t.resolved(s, op.Idem) || !arrives(op) {
		return services
	}
	if adds := t.adds[i]; a+adds[0] < 0 || b+adds[1] < 0 {
		s.refused |= 1 << t.keys[op.Idem]
		return t.include(services, s)
	}
	if op.Outcome == history.Fail && op.Error == "insufficient-funds" {
		return services // it would have been done
	}
	s.log[s.done] = int8(i)
	s.done++
	return t.include(services, s)
}

func nodeOf(op *history.Operation) int {
	if op.Node == "n2" {
		return 1
	}
	return 0
}

func arrives(op *history.Operation) bool {
	return op.Outcome != history.Fail || op.Error != "timeout"
}

// saidOf is what a reading of accounts says of one.
func saidOf(op *history.Operation, account string) int64 {
	for _, row := range op.Output.([]any) {
		if row := row.(map[string]any); row["account"] == account {
			return row["balance"].(int64)
		}
	}
	return 0
}

// balances are those after a part of the log.
func (t *twin) balances(s service, applied int) (a, b int64) {
	for _, i := range s.log[:applied] {
		a, b = a+t.adds[i][0], b+t.adds[i][1]
	}
	return a, b
}

func (t *twin) resolved(s service, idem string) bool {
	return s.refused&(1<<t.keys[idem]) != 0 || t.doneBy(s, idem) >= 0
}

// doneBy returns the position in the log of a key's effect, or -1.
func (t *twin) doneBy(s service, idem string) int {
	return slices.IndexFunc(s.log[:s.done], func(i int8) bool { return t.ops[i].Idem == idem })
}

// showsPrefix reports whether a reading of entries shows what its node has
// applied.
func (t *twin) showsPrefix(s service, op *history.Operation) bool {
	entries := op.Output.([]any)
	applied := s.log[:s.applied[nodeOf(op)]]
	if len(entries) != len(applied) {
		return false
	}
	var shown []int
	for _, e := range entries {
		entry := e.(map[string]any)
		idem := "t/" + entry["operation"].(string) + "/" + entry["key"].(string)
		at := slices.IndexFunc(applied, func(i int8) bool { return t.ops[i].Idem == idem })
		if at < 0 || slices.Contains(shown, at) {
			return false
		}
		shown = append(shown, at)
		for field, value := range t.ops[applied[at]].Input.(map[string]any) {
			if field != "tenant" && entry[field] != value {
				return false
			}
		}
	}
	return true
}

// event lets a service see an event, and reports whether it can have caused it.
func (t *twin) event(s service, i int) (service, bool) {
	if op, found := t.byCall[i]; found {
		s.called |= 1 << op
		return s, true
	}
	if t.events[i].Kind == history.Phase {
		s.applied = [2]int8{s.done, s.done}
		return s, true
	}
	at, found := t.byReturn[i]
	if !found {
		return s, true
	}
	op := &t.ops[at]
	bit := uint16(1) << at
	switch {
	case !isMutation(op):
		s.called &^= bit
		seen := s.satisfied&bit != 0 && (op.F != "accounts" || s.pages&bit != 0)
		return s, seen || op.Outcome != history.OK
	case op.Outcome == history.OK:
		return s, t.acknowledges(s, op)
	case op.Error == "insufficient-funds":
		return s, s.refused&(1<<t.keys[op.Idem]) != 0
	}
	return s, true
}

func (t *twin) acknowledges(s service, op *history.Operation) bool {
	at := t.doneBy(s, op.Idem)
	if at < 0 || !samePayload(op, &t.ops[s.log[at]]) {
		return false
	}
	a, b := t.balances(s, at+1)
	input := op.Input.(map[string]any)
	account := input["account"]
	if op.F == "transfer" {
		account = input["from"]
	}
	return op.Output.(map[string]any)["balance"] == map[any]int64{"a": a, "b": b}[account]
}

func samePayload(a, b *history.Operation) bool {
	x, y := a.Input.(map[string]any), b.Input.(map[string]any)
	for field, value := range x {
		if y[field] != value {
			return false
		}
	}
	return strings.EqualFold(a.F, b.F)
}
