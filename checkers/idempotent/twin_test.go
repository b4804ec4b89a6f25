package idempotent

import (
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/checkers/internal/words"
	"github.com/tertium-dev/tertium/harness/history"
)

// twin is a second checker, which shares nothing with the first but the words:
// it runs every service that keeps its promises side by side through the
// history, and drops each that cannot have said what the history says. A history
// is invalid if none is left.
//
// A service's state is kept for each key by itself. That is exact but for ids,
// which two keys must not share, and which are compared at the end.
type twin struct {
	ops    []history.Operation
	events []history.Event
	strong bool
	// byCall and byReturn find the operation of an event.
	byCall, byReturn map[int]int
	copied           func(op *history.Operation) bool
	// entries are what each read-back shows.
	entries [][]entryOf
}

func newTwin(h *history.History, strong bool) *twin {
	t := &twin{
		ops: h.Operations(), events: h.Events, strong: strong,
		byCall: make(map[int]int), byReturn: make(map[int]int),
	}
	for i := range t.ops {
		t.entries = append(t.entries, entriesOf(&t.ops[i]))
		t.byCall[t.ops[i].Call] = i
		if t.ops[i].Outcome != history.Unknown {
			t.byReturn[t.ops[i].Return] = i
		}
	}
	var windows [][2]int
	for i := range h.Events {
		e := &h.Events[i]
		switch {
		case e.Kind != history.Nemesis:
		case e.Value.(map[string]any)["stage"] == "inject":
			windows = append(windows, [2]int{i, len(h.Events)})
		default:
			windows[len(windows)-1][1] = i
		}
	}
	t.copied = func(op *history.Operation) bool {
		return slices.ContainsFunc(windows, func(w [2]int) bool { return op.Return > w[0] && op.Call < w[1] })
	}
	return t
}

// service is the state of one possible service, as far as one key goes. Sets of
// operations and nodes are bits, so that services are cheap to compare.
type service struct {
	// called are the operations that have begun.
	called uint16
	// looked are the read-backs that have looked at the books, and saw those
	// that saw the effect.
	looked, saw uint16
	// refused are the attempts that have been refused as a conflict.
	refused uint16
	// visible are the nodes that have shown the effect; everyNode says that all
	// have it.
	visible uint8
	// resolved is 'd' once done and 'r' once refused for good, by the payload
	// of attempt by.
	resolved byte
	by       int8
	// told and shown are the first operations that said what came of it, or -1.
	told, shown int8
}

var nodeBits = map[string]uint8{"n1": 2, "n2": 4}

const everyNode = 1

// possible reports whether the history can be that of a service that keeps its
// promises.
func (t *twin) possible() bool {
	keys := map[string]bool{}
	for _, op := range t.ops {
		if op.Idem != "" {
			keys[op.Idem] = true
		}
	}
	for i := range t.ops {
		for _, e := range t.entries[i] {
			if !keys[e.idem] {
				return false
			}
		}
	}
	owners := map[any]string{}
	for key := range keys {
		id, possible := t.run(key)
		if !possible {
			return false
		}
		tenant, _, _ := strings.Cut(key, "/")
		effect := [2]any{tenant, id}
		if _, taken := owners[effect]; taken && id != nil {
			return false
		}
		owners[effect] = key
	}
	return true
}

type entryOf struct {
	idem   string
	id     any
	fields map[string]any
}

func entriesOf(op *history.Operation) []entryOf {
	if op.F != "entries" || op.Outcome != history.OK {
		return nil
	}
	var entries []entryOf
	for _, e := range op.Output.([]any) {
		m := e.(map[string]any)
		entries = append(entries, entryOf{
			idem: op.Key + "/" + m["operation"].(string) + "/" + m["key"].(string), id: m["id"], fields: m,
		})
	}
	return entries
}

// run runs the services for one key and returns an id that the key is known to
// have had.
func (t *twin) run(key string) (id any, possible bool) {
	services := []service{{by: -1, told: -1, shown: -1}}
	var next []service
	for i := range t.events {
		services = t.closure(services)
		next = next[:0]
		for _, s := range services {
			if after, ok := t.event(key, s, i); ok {
				next = include(next, after)
			}
		}
		services, next = next, services
	}
	for _, s := range services {
		if known := t.knownID(key, s); known != nil {
			id = known
		}
		possible = true
	}
	return id, possible
}

func include(set []service, s service) []service {
	if slices.Contains(set, s) {
		return set
	}
	return append(set, s)
}

// closure adds the services that come of those given by doing something
// unseen.
func (t *twin) closure(services []service) []service {
	for next := 0; next < len(services); next++ {
		s := services[next]
		for i := range t.ops {
			bit := uint16(1) << i
			op := &t.ops[i]
			if s.called&bit == 0 {
				continue
			}
			if op.F == "entries" {
				if s.looked&bit == 0 {
					services = t.look(services, s, i)
				}
				continue
			}
			if s.resolved == 0 {
				after := s
				after.by = int8(i)
				if t.arrives(op) {
					after.resolved = 'd'
					services = include(services, after)
				}
				if t.arrives(op) || isRefusal(op) {
					after.resolved = 'r'
					services = include(services, after)
				}
			}
			if s.refused&bit == 0 && code(op.Error) == "conflict" && t.conflicts(s, op) {
				after := s
				after.refused |= bit
				services = include(services, after)
			}
		}
	}
	return services
}

// look lets an open read-back look at the books. Nodes learn of an effect at a
// time of their own, each at the latest when it is first seen there.
func (t *twin) look(services []service, s service, i int) []service {
	node := nodeBits[t.ops[i].Node]
	sees, misses := s.resolved == 'd', s.visible&(node|everyNode) == 0
	if t.strong {
		misses = !sees
	}
	s.looked |= 1 << i
	if misses {
		services = include(services, s)
	}
	if sees {
		s.saw |= 1 << i
		s.visible |= node
		services = include(services, s)
	}
	return services
}

// arrives reports whether a request may have come to be worked on, by itself or
// by a copy of it.
func (t *twin) arrives(op *history.Operation) bool {
	switch op.Outcome {
	case history.OK, history.Unknown:
		return true
	}
	switch code(op.Error) {
	case "in-flight":
		return true
	case "no-leader", "no-key", "conflict":
		return t.copied(op)
	}
	return false
}

func isRefusal(op *history.Operation) bool {
	return op.Outcome == history.Fail && (code(op.Error) == "insufficient-funds" || code(op.Error) == "balance-limit")
}

// conflicts reports whether an attempt may be refused as a conflict now.
func (t *twin) conflicts(s service, op *history.Operation) bool {
	if s.resolved != 0 && samePayload(op, &t.ops[s.by]) {
		return false
	}
	for i := range t.ops {
		other := &t.ops[i]
		if s.called&(1<<i) == 0 || other.F == "entries" || samePayload(op, other) {
			continue
		}
		if t.arrives(other) || isRefusal(other) || code(other.Error) == "conflict" {
			return true
		}
	}
	return false
}

// event lets a service see an event, and reports whether it can have caused it.
func (t *twin) event(key string, s service, i int) (service, bool) {
	if op, found := t.byCall[i]; found {
		if t.ops[op].Idem == key || t.ops[op].F == "entries" && strings.HasPrefix(key, t.ops[op].Key+"/") {
			s.called |= 1 << op
		}
		return s, true
	}
	if t.events[i].Kind == history.Phase {
		if t.events[i].F == "final" && t.events[i].Error == "" && s.resolved == 'd' {
			s.visible |= everyNode
		}
		return s, true
	}
	at, found := t.byReturn[i]
	if !found || s.called&(1<<at) == 0 {
		return s, true
	}
	op := &t.ops[at]
	switch {
	case op.F == "entries" && op.Outcome == history.OK:
		return t.showed(key, s, at)
	case op.F == "entries":
		return s, true
	case op.Outcome == history.OK:
		return t.acknowledged(key, s, at)
	case isRefusal(op):
		if s.resolved != 'r' || !samePayload(op, &t.ops[s.by]) || s.told >= 0 && code(t.ops[s.told].Error) != code(op.Error) {
			return s, false
		}
		s.told = int8(at)
	case code(op.Error) == "conflict":
		return s, s.refused&(1<<at) != 0
	}
	return s, true
}

// acknowledged lets a service give an ok reply.
func (t *twin) acknowledged(key string, s service, at int) (service, bool) {
	op := &t.ops[at]
	if s.resolved != 'd' || !samePayload(op, &t.ops[s.by]) {
		return s, false
	}
	output := op.Output.(map[string]any)
	for field, value := range op.Input.(map[string]any) {
		if said, told := output[field]; told && said != value {
			return s, false
		}
	}
	if s.told >= 0 && words.Value(t.ops[s.told].Output) != words.Value(output) {
		return s, false
	}
	if known := t.knownID(key, s); known != nil && known != output["id"] {
		return s, false
	}
	if s.told < 0 {
		s.told = int8(at)
	}
	return s, true
}

// showed lets a service answer a read-back.
func (t *twin) showed(key string, s service, at int) (service, bool) {
	saw := s.saw&(1<<at) != 0
	shown := 0
	for _, e := range t.entries[at] {
		if e.idem != key {
			continue
		}
		shown++
		if shown > 1 || !saw {
			return s, false
		}
		for field, value := range t.ops[s.by].Input.(map[string]any) {
			if field != "tenant" && e.fields[field] != value {
				return s, false
			}
		}
		if known := t.knownID(key, s); known != nil && known != e.id {
			return s, false
		}
		if s.shown < 0 {
			s.shown = int8(at)
		}
	}
	return s, s.looked&(1<<at) != 0 && (shown == 1) == saw
}

// knownID is the id that the key's effect was said to have.
func (t *twin) knownID(key string, s service) any {
	if s.shown >= 0 {
		for _, e := range t.entries[s.shown] {
			if e.idem == key {
				return e.id
			}
		}
	}
	if s.told >= 0 && s.resolved == 'd' {
		return t.ops[s.told].Output.(map[string]any)["id"]
	}
	return nil
}
