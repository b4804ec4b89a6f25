// Package hostile makes histories for fuzz tests of checkers.
package hostile

import (
	"time"

	"github.com/tertium-dev/tertium/harness/history"
)

// Chooser draws a number from 0 to n-1.
type Chooser func(n int) int

// Bytes draws numbers from bytes, and zeros once they are used up.
func Bytes(data []byte) Chooser {
	return func(n int) int {
		if len(data) == 0 {
			return 0
		}
		drawn := int(data[0]) % n
		data = data[1:]
		return drawn
	}
}

// value returns what a history may hold, whether it makes sense or not.
func value(choose Chooser, depth int) any {
	fields := []string{"tenant", "account", "amount", "from", "to", "id", "operation", "key", "balance", "stage"}
	switch choose(9) {
	case 0:
		return nil
	case 1:
		return true
	case 2:
		return []string{"t", "a", "b", "deposit", "transfer", "k", "inject", "", "/"}[choose(9)]
	case 3:
		return 1.5
	case 4:
		return []int64{-1 << 63, 1<<63 - 1, -1, 0}[choose(4)]
	case 5, 6:
		return int64(choose(4))
	case 7:
		list := []any{}
		for range choose(4) {
			if depth > 0 {
				list = append(list, value(choose, depth-1))
			}
		}
		return list
	}
	object := map[string]any{}
	for range choose(10) {
		if depth > 0 {
			object[fields[choose(len(fields))]] = value(choose, depth-1)
		}
	}
	return object
}

// ledger are the functions of the ledger workload, and some that it has not.
var ledger = []string{"deposit", "transfer", "entries", "accounts", "balance", "total", "final", "duplicate", ""}

// History returns up to 40 events, which need not be a history, nor make sense.
// Their functions are those named, or those of the ledger workload if none is.
func History(choose Chooser, functions ...string) *history.History {
	if len(functions) == 0 {
		functions = ledger
	}
	h := &history.History{}
	for i := range choose(40) {
		e := history.Event{
			Index:   i,
			Time:    time.Duration(i),
			Kind:    history.Kind(choose(6)),
			Outcome: history.Outcome(choose(4)),
			Process: choose(5) - 1,
			F:       functions[choose(len(functions))],
			Key:     []string{"t", "t/a", "", "/"}[choose(4)],
			Idem:    []string{"t/deposit/k", "t/transfer/k", "", "k"}[choose(4)],
			Node:    []string{"n1", "n2", ""}[choose(3)],
			Error:   []string{"", "conflict", "in-flight", "no-leader: n1", "insufficient-funds", "timeout"}[choose(6)],
			Value:   value(choose, 3),
		}
		if choose(16) == 0 {
			e.Index = []int{-1, 0, 1 << 30, 7}[choose(4)]
		}
		h.Events = append(h.Events, e)
	}
	return h
}
