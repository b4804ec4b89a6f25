package longfork_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/checkers/internal/corpora"
	"github.com/tertium-dev/tertium/checkers/longfork"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// read is a transaction that read the keys 0, 1, 2 …
func read(values ...any) []any {
	var list []any
	for key, value := range values {
		list = append(list, []any{"r", int64(key), value})
	}
	return list
}

func write(key int64) []any { return []any{[]any{"w", key, int64(1)}} }

// done is a history of transactions of one process.
func done(values ...[]any) *history.History {
	var events []history.Event
	for _, value := range values {
		events = append(events,
			history.Event{Kind: history.Invoke, F: "txn", Value: value},
			history.Event{Kind: history.Complete, F: "txn", Outcome: history.OK, Value: value})
	}
	return history.New(events)
}

// unanswered is a history whose last outcome nobody knows, whatever its value says.
func unanswered(h *history.History) *history.History {
	h.Events[len(h.Events)-1].Outcome = history.Unknown
	return h
}

var one = int64(1)

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		checker longfork.Checker
		history *history.History
		want    verdict.Verdict
	}{
		"one order":     {longfork.Checker{}, done(read(nil, nil), read(one, nil), read(one, one)), verdict.Valid},
		"fork":          {longfork.Checker{}, done(read(one, nil), read(nil, one)), verdict.Invalid},
		"fork of three": {longfork.Checker{GroupSize: 3}, done(write(0), read(one, one, nil), read(nil, one, nil), read(nil, nil, one)), verdict.Invalid},
		"two groups":    {longfork.Checker{}, done(read(one, nil), read(nil, one, one)), verdict.Valid},
		"wrong group":   {longfork.Checker{GroupSize: 2}, done(read(one, nil, nil)), verdict.Unknown},
		"written twice": {longfork.Checker{}, done(write(1), write(1), read(one, nil)), verdict.Unknown},
		"two values":    {longfork.Checker{}, done(read(one, nil), read(int64(2), one)), verdict.Unknown},
		"a key and its name": {longfork.Checker{}, done(
			[]any{[]any{"r", int64(1), one}, []any{"r", "1", nil}}, []any{[]any{"r", int64(1), one}, []any{"r", "1", one}}), verdict.Valid},
		"one key and its name": {longfork.Checker{}, done(
			[]any{[]any{"r", int64(1), one}, []any{"r", "1", nil}}, []any{[]any{"r", int64(1), nil}, []any{"r", "1", one}}), verdict.Invalid},
		"written twice, beside":    {longfork.Checker{}, done([]any{[]any{"w", "x", one}, []any{"w", int64(1), one}}, write(1), read(one, nil), read(nil, one)), verdict.Unknown},
		"written in a mixed one":   {longfork.Checker{}, done([]any{[]any{"r", "x", nil}, []any{"w", int64(1), one}}, write(1), read(one, nil), read(nil, one)), verdict.Unknown},
		"overwritten with nil":     {longfork.Checker{}, done([]any{[]any{"w", int64(0), nil}}, read(one, nil), read(nil, one)), verdict.Unknown},
		"read as something else":   {longfork.Checker{}, done(write(0), read(int64(7), nil), read(nil, one)), verdict.Unknown},
		"other keys may be judged": {longfork.Checker{}, done(write(2), write(2), read(one, nil, nil), read(one, nil), read(nil, one)), verdict.Invalid},
		"the last read counts":     {longfork.Checker{}, done([]any{[]any{"r", int64(0), nil}, []any{"r", int64(1), one}, []any{"r", int64(0), one}}, read(one, nil)), verdict.Valid},
		"no transaction":           {longfork.Checker{}, done(read(one, nil), []any{"w", int64(0), one}), verdict.Unknown},
		"unanswered":               {longfork.Checker{}, unanswered(done(read(one, nil), read(nil, one))), verdict.Valid},
		"no function":              {longfork.Checker{}, done(read(one, nil), []any{[]any{"x", int64(0), one}}), verdict.Unknown},
		"nothing but writ":         {longfork.Checker{}, done(write(1)), verdict.Unknown},
		"malformed":                {longfork.Checker{}, &history.History{Events: []history.Event{{Kind: history.Complete}}}, verdict.Unknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := test.checker.Check(context.Background(), test.history, verdict.Budget{})
			require.Equal(t, test.want, report.Verdict, report.Cause)
			require.NotEmpty(t, report.Cause)
			require.Equal(t, test.want == verdict.Invalid, len(report.Findings) > 0)
			require.True(t, test.want == verdict.Unknown || report.Judged > 0)
		})
	}
}

// dense returns a small history of writes and of reads of which most saw the
// writes in the order of the keys.
func dense(r *rand.Rand) *history.History {
	n := 1 + r.IntN(4)
	var ops []checktest.Op
	add := func(value []any) {
		op := checktest.Op{F: checktest.Pick(r, "txn", "txn", ""), Process: -1, Input: value, Outcome: checktest.Outcome(r)}
		if op.Outcome == history.OK {
			op.Output = value
		}
		ops = append(ops, op)
	}
	for key := range n {
		if r.IntN(2) == 0 {
			add(write(int64(key)))
		}
	}
	for range r.IntN(5) {
		size := max(1, n-r.IntN(2))
		values, seen := make([]any, size), r.IntN(n+1)
		for k := range values {
			if (k < seen) == (r.IntN(8) > 0) {
				values[k] = one
			}
		}
		add(read(values...))
	}
	return checktest.Weave(r, ops)
}

// possible looks for an order of the keys such that each read of a group saw some
// first ones of them.
func possible(h *history.History) bool {
	groups := make(map[int][][]any)
	for _, op := range h.Operations() {
		list, _ := op.Output.([]any)
		if op.Outcome == history.OK && list[0].([]any)[0] == "r" {
			groups[len(list)] = append(groups[len(list)], list)
		}
	}
	for n, reads := range groups {
		ordered := false
		permute(n, func(order []int) {
			ordered = ordered || !slices.ContainsFunc(reads, func(list []any) bool {
				seen := 0
				for seen < n && list[order[seen]].([]any)[2] != nil {
					seen++
				}
				return slices.ContainsFunc(order[seen:], func(k int) bool { return list[k].([]any)[2] != nil })
			})
		})
		if !ordered {
			return false
		}
	}
	return true
}

// permute yields all orders of the numbers below n.
func permute(n int, yield func([]int)) {
	var place func(order []int)
	place = func(order []int) {
		if len(order) == n {
			yield(order)
			return
		}
		for k := range n {
			if !slices.Contains(order, k) {
				place(append(slices.Clone(order), k))
			}
		}
	}
	place(nil)
}

// subject is the checker and its definition. There is one rule, so what Agree takes out of the checker is the checker.
func subject() checktest.Subject {
	return checktest.Subject{
		Histories: 100_000,
		Random:    dense,
		Possible:  possible,
		Check: func(h *history.History, rules uint32) verdict.Report {
			if rules == 0 {
				return verdict.Report{}
			}
			return longfork.Checker{}.Check(context.Background(), h, verdict.Budget{})
		},
		Rules: 1,
	}
}

func TestAgreesWithTheTwin(t *testing.T) { checktest.Agree(t, subject()) }

func TestFinding(t *testing.T) {
	h := done(write(0), write(1), read(one, nil), read(nil, one))
	report := longfork.Checker{}.Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, []verdict.Finding{{
		Anomaly: "long-fork", Key: "0",
		Summary: "the read called at event 4 saw the write of 0 and not that of 1; the read called at event 6 saw that of 1 and not that of 0",
		Steps: []string{
			`[0s to 0s] process 0 asked for txn [["r",0,1],["r",1,null]] and was told ok [["r",0,1],["r",1,null]]`,
			`[0s to 0s] process 0 asked for txn [["r",0,null],["r",1,1]] and was told ok [["r",0,null],["r",1,1]]`,
		},
		Operations: []int{4, 6}, Culprit: -1,
	}}, report.Findings)
}

func TestRecordedHistory(t *testing.T) {
	h, err := history.ReadFile(filepath.Join(corpora.Dir(t), "jepsen", "long-fork.edn"))
	require.NoError(t, err)
	report := longfork.Checker{GroupSize: 3}.Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, verdict.Invalid, report.Verdict, report.Cause)
	require.Equal(t, []int{0, 2}, report.Findings[0].Operations)
}
