package transactional

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// script is a history of transactions done one after another, or all at once.
type script struct {
	together  bool
	processes int
	values    []any
	outcome   history.Outcome
}

func (s script) history() *history.History {
	var calls, answers, events []history.Event
	for i, value := range s.values {
		process := i % max(1, s.processes)
		if s.outcome == history.Unknown || s.together {
			process = i
		}
		call := history.Event{Kind: history.Invoke, F: "txn", Process: process, Value: value}
		answer := history.Event{Kind: history.Complete, F: "txn", Process: process, Value: value, Outcome: s.outcome}
		calls, answers = append(calls, call), append(answers, answer)
		events = append(events, call, answer)
	}
	if s.together {
		events = append(calls, answers...)
	}
	return history.New(events)
}

func appendTo(key, value int) any { return []any{"append", int64(key), int64(value)} }
func set(key, value int) any      { return []any{"w", int64(key), int64(value)} }
func readOf(key int, saw any) any { return []any{"r", int64(key), saw} }
func list(micros ...any) any      { return micros }
func repeat(n int, f func(i int) any) []any {
	all := make([]any, n)
	for i := range all {
		all[i] = f(i)
	}
	return all
}

// TestHostileSizes checks what takes quadratic time if anything does.
func TestHostileSizes(t *testing.T) {
	const n = 30_000
	everything := repeat(n, func(i int) any { return int64(i) })
	tests := []struct {
		name     string
		workload Workload
		script   script
		want     verdict.Verdict
	}{
		{"one key", ListAppend, script{processes: 20, values: append(repeat(n, func(i int) any { return list(appendTo(0, i)) }), list(readOf(0, everything)))}, verdict.Valid},
		{"a key each", ListAppend, script{processes: 20, values: repeat(n, func(i int) any { return list(appendTo(i, 0), readOf(i, []any{int64(0)})) })}, verdict.Valid},
		{"a process each", ListAppend, script{processes: n, values: repeat(n, func(i int) any { return list(appendTo(i, 0), readOf(i, []any{int64(0)})) })}, verdict.Valid},
		{"nothing answered", ListAppend, script{processes: 1, outcome: history.Unknown, values: repeat(n, func(i int) any { return list(appendTo(0, i)) })}, verdict.Unknown},
		{"one transaction", ListAppend, script{processes: 1, values: []any{append(repeat(n, func(i int) any { return appendTo(0, i) }), readOf(0, everything))}}, verdict.Valid},
		{"one transaction that contradicts itself", ListAppend, script{processes: 1, values: []any{
			append(repeat(n, func(i int) any { return appendTo(0, i) }), repeat(n, func(i int) any { return readOf(0, []any{int64(i)}) })...)}}, verdict.Invalid},
		{"all read nothing and append", ListAppend, script{together: true, values: repeat(n, func(i int) any { return list(readOf(0, nil), appendTo(0, i)) })}, verdict.Invalid},
		{"half read nothing, half append", ListAppend, script{together: true, values: repeat(n, func(i int) any {
			if i%2 == 0 {
				return list(readOf(0, nil))
			}
			return list(appendTo(0, i))
		})}, verdict.Valid},
		{"all stale", ListAppend, script{processes: 20, values: append(repeat(n, func(i int) any { return list(appendTo(0, i)) }), repeat(n, func(i int) any { return list(readOf(0, nil)) })...)}, verdict.Invalid},
		{"all garbage", ListAppend, script{processes: 20, values: []any{list(readOf(0, everything)), list(readOf(0, everything[:n/2]))}}, verdict.Invalid},
		{"all aborted", ListAppend, script{processes: 20, outcome: history.Fail, values: repeat(n, func(i int) any { return list(appendTo(0, i)) })}, verdict.Unknown},
		{"a ring of misses", ListAppend, script{together: true, values: repeat(n, func(i int) any { return list(readOf(i, nil), appendTo((i+1)%n, 0)) })}, verdict.Invalid},
		{"a ring of reads", ListAppend, script{together: true, values: repeat(n, func(i int) any { return list(appendTo(i, 0), readOf((i+1)%n, []any{int64(0)})) })}, verdict.Invalid},

		{"blind writes", RWRegister, script{together: true, values: append(repeat(n, func(i int) any { return list(set(0, i)) }), list(readOf(0, int64(5))))}, verdict.Valid},
		{"blind writes in turn", RWRegister, script{processes: 20, values: repeat(n, func(i int) any { return list(set(0, i), set(1, i)) })}, verdict.Unknown},
		{"one writer, all read", RWRegister, script{processes: 20, values: append([]any{list(set(0, 1))}, repeat(n, func(i int) any { return list(readOf(0, int64(1))) })...)}, verdict.Valid},
		{"all replace nothing", RWRegister, script{together: true, values: repeat(n, func(i int) any { return list(readOf(0, nil), set(0, i)) })}, verdict.Invalid},
		{"a chain", RWRegister, script{processes: 20, values: repeat(n, func(i int) any { return list(readOf(0, int64(i)), set(0, i+1)) })}, verdict.Valid},
		{"one transaction with many keys", RWRegister, script{processes: 1, values: []any{repeat(n, func(i int) any { return readOf(i, nil) })}}, verdict.Valid},
	}
	for _, test := range tests {
		t.Run(fmt.Sprint(test.workload, "/", test.name), func(t *testing.T) {
			if test.script.outcome == history.Unknown && test.name != "nothing answered" {
				test.script.outcome = history.OK
			}
			c, err := New(test.workload)
			require.NoError(t, err)
			report := c.Check(context.Background(), test.script.history(), verdict.Budget{})
			require.Equal(t, test.want, report.Verdict, report.Cause)
		})
	}
}

// TestLongHistories checks histories of keys with a hundred writes each.
func TestLongHistories(t *testing.T) {
	const perKey = 100
	txn := func(micros ...any) checktest.Op {
		return checktest.Op{F: "txn", Input: micros, Output: micros, Outcome: history.OK}
	}
	all := repeat(perKey, func(i int) any { return int64(i) })
	for workload, sizes := range map[Workload]checktest.Sizes{
		ListAppend: {
			// Each list is read whole by the transaction that makes it so.
			Long: func(i, _ int) checktest.Op {
				if i%perKey == perKey-1 {
					return txn(appendTo(i/perKey, perKey-1), readOf(i/perKey, all))
				}
				return txn(appendTo(i/perKey, i%perKey))
			},
			Broken: func(n int) checktest.Op {
				return txn(appendTo((n-1)/perKey, perKey-1), readOf((n-1)/perKey, slices.Concat(all[:50], all[51:])))
			},
			BrokenIs: verdict.Invalid,
		},
		RWRegister: {
			// Each transaction reads what the one before wrote.
			Long: func(i, _ int) checktest.Op {
				if i%perKey == 0 {
					return txn(readOf(i/perKey, nil), set(i/perKey, i+1))
				}
				return txn(readOf(i/perKey, int64(i)), set(i/perKey, i+1))
			},
			Broken:   func(n int) checktest.Op { return txn(readOf((n-1)/perKey, int64(n-6)), set((n-1)/perKey, n)) },
			BrokenIs: verdict.Invalid,
		},
	} {
		t.Run(fmt.Sprint(workload), func(t *testing.T) {
			c, err := New(workload)
			require.NoError(t, err)
			checktest.Long(t, sizes, func(h *history.History) verdict.Report {
				return c.Check(context.Background(), h, verdict.Budget{})
			})
		})
	}
}
