package kafkalog

import (
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
)

// dense returns a small history: sends to one log or two and polls of them, with
// few mistakes, in an order that may not fit.
func dense(r *rand.Rand) *history.History {
	var ops []checktest.Op
	logs := map[string][]any{}
	next := map[string]int64{}
	fresh := int64(0)
	for range 1 + r.IntN(4) {
		key := checktest.Pick(r, "p", "p", "p", "p", "p", "q")
		fresh++
		op := checktest.Op{F: "send", Key: key, Process: -1, Input: fresh, Outcome: checktest.Outcome(r)}
		if r.IntN(4) > 0 {
			op.Process = 2
		}
		next[key] += checktest.Pick[int64](r, 1, 1, 1, 1, 2)
		if op.Outcome == history.OK && r.IntN(3) > 0 {
			op.Output = next[key]
			if r.IntN(8) == 0 {
				op.Output = r.Int64N(5)
			}
		}
		if op.Outcome == history.OK && r.IntN(12) > 0 || op.Outcome == history.Unknown && r.IntN(2) > 0 || r.IntN(6) == 0 {
			logs[key] = append(logs[key], []any{next[key], fresh})
		}
		ops = append(ops, op)
	}
	at := map[string]int{}
	for range r.IntN(7) {
		process := r.IntN(2)
		if r.IntN(12) == 0 {
			ops = append(ops, checktest.Op{F: checktest.Pick(r, "assign", "assign", "subscribe"), Process: process, Outcome: checktest.Outcome(r)})
		}
		key := checktest.Pick(r, "p", "p", "p", "p", "p", "q")
		who := key + string(rune('0'+process))
		from := at[who]
		if r.IntN(10) == 0 {
			from = r.IntN(len(logs[key]) + 1)
		}
		to := from + r.IntN(len(logs[key])-from+1)
		at[who] = to
		list := slices.Clone(logs[key][from:to])
		if len(list) > 0 && r.IntN(8) == 0 {
			switch i := r.IntN(len(list)); r.IntN(4) {
			case 0, 1:
				list = slices.Delete(list, i, i+1)
			case 2:
				list = slices.Insert(list, i, list[i])
			default:
				list[i] = []any{r.Int64N(5), 1 + r.Int64N(fresh+1)}
			}
		}
		op := checktest.Op{F: "poll", Key: key, Process: process, Outcome: checktest.Outcome(r)}
		if op.Outcome == history.OK {
			op.Output = append([]any{}, list...)
		}
		ops = append(ops, op)
	}
	if r.IntN(3) == 0 {
		// One after the other, sends among polls, so that order matters.
		sends := slices.IndexFunc(ops, func(op checktest.Op) bool { return op.F != "send" })
		for range r.IntN(4) {
			if sends > 0 && sends < len(ops) {
				from, to := r.IntN(sends), sends+r.IntN(len(ops)-sends)
				op := ops[from]
				ops = slices.Insert(slices.Delete(ops, from, from+1), to, op)
				sends--
			}
		}
		return checktest.InOrder(ops...)
	}
	return checktest.Weave(r, ops)
}

// twin is a second checker, which shares nothing with the first: it looks for a
// log that explains everything, and tries each place for a message of which no
// place is known.
type twin struct {
	ops        []history.Operation
	anyStart   bool
	duplicates bool
}

// copied is a message at a place, given four times its offset so that there is
// room between.
type copied struct {
	place int64
	send  *history.Operation
	// certain is when the reply to the send says that it is there, or Never.
	certain int
}

func possible(h *history.History, anyStart, duplicates bool) bool {
	t := twin{h.Operations(), anyStart, duplicates}
	return t.explained("p") && t.explained("q")
}

// polls are the ok polls of a log.
func (t *twin) polls(key string) []*history.Operation {
	var polls []*history.Operation
	for i := range t.ops {
		if op := &t.ops[i]; op.F == "poll" && op.Key == key && op.Outcome == history.OK {
			polls = append(polls, op)
		}
	}
	return polls
}

func pairs(poll *history.Operation) [][2]int64 {
	var pairs [][2]int64
	for _, e := range poll.Output.([]any) {
		pair := e.([]any)
		pairs = append(pairs, [2]int64{pair[0].(int64), pair[1].(int64)})
	}
	return pairs
}

func (t *twin) explained(key string) bool {
	var log []copied
	var free []*history.Operation
	known := make(map[int64]bool)
	for i := range t.ops {
		op := &t.ops[i]
		if op.F != "send" || op.Key != key || op.Outcome == history.Fail {
			continue
		}
		places := make(map[int64]bool)
		if op.Outcome == history.OK && op.Output != nil {
			places[op.Output.(int64)] = true
		}
		for _, poll := range t.polls(key) {
			for _, pair := range pairs(poll) {
				if pair[1] == op.Input {
					places[pair[0]] = true
				}
			}
		}
		for place := range places {
			c := copied{4 * place, op, history.Never}
			if op.Output == place || op.Output == nil && place == slices.Min(slices.Collect(maps.Keys(places))) {
				c.certain = op.Return
			}
			log = append(log, c)
		}
		if len(places) > 1 && !t.duplicates {
			return false
		}
		if len(places) == 0 && op.Outcome == history.OK && !t.anyStart {
			free = append(free, op)
		}
		known[op.Input.(int64)] = true
	}
	for _, poll := range t.polls(key) {
		for _, pair := range pairs(poll) {
			if !known[pair[1]] {
				return false
			}
		}
	}
	return t.try(key, log, free)
}

// try tries all places for the messages that have none.
func (t *twin) try(key string, log []copied, free []*history.Operation) bool {
	if len(free) == 0 {
		return t.fits(key, log)
	}
	for place := int64(-4); place < 48; place++ {
		if place%4 != 0 && t.try(key, append(slices.Clone(log), copied{place, free[0], free[0].Return}), free[1:]) {
			return true
		}
	}
	return false
}

// fits reports whether a log explains what was polled from it.
func (t *twin) fits(key string, log []copied) bool {
	slices.SortFunc(log, func(a, b copied) int { return int(a.place - b.place) })
	polls := t.polls(key)
	last := int64(-100)
	given := make(map[any]bool)
	for _, poll := range polls {
		for _, pair := range pairs(poll) {
			last = max(last, 4*pair[0])
			given[pair[1]] = true
		}
	}
	for i := range log {
		if i > 0 && log[i-1].place == log[i].place {
			return false
		}
		if !t.anyStart && log[i].place <= last && !given[log[i].send.Input] {
			return false
		}
		certain := log[i].certain
		for _, poll := range polls {
			for _, pair := range pairs(poll) {
				if 4*pair[0] == log[i].place {
					certain = min(certain, poll.Return)
				}
			}
		}
		if certain < log[i].send.Call {
			return false
		}
		for _, before := range log[:i] {
			if before.send.Call > certain {
				return false
			}
		}
	}
	for i, poll := range polls {
		known := slices.ContainsFunc(polls[:i], func(op *history.Operation) bool { return op.Process == poll.Process })
		if !known && !t.follows(key, poll.Process, log) {
			return false
		}
	}
	return true
}

// follows reports whether what a process was given is, between its assignments,
// a stretch of the log.
func (t *twin) follows(key string, process int, log []copied) bool {
	index := func(offset int64) int {
		return slices.IndexFunc(log, func(c copied) bool { return c.place == 4*offset })
	}
	at, loose := -1, false
	for i := range t.ops {
		op := &t.ops[i]
		if op.Process != process || op.Outcome == history.Fail {
			continue
		}
		switch {
		case op.F == "assign" || op.F == "subscribe":
			at, loose = -1, op.F == "subscribe"
		case op.F == "poll" && op.Key == key && op.Outcome == history.OK:
			if loose {
				at = -1
			}
			for _, pair := range pairs(op) {
				now := index(pair[0])
				if at >= 0 && now != at+1 {
					return false
				}
				at = now
			}
		}
	}
	return true
}
