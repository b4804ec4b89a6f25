package longfork_test

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

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

var one = int64(1)

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		checker longfork.Checker
		history *history.History
		want    verdict.Verdict
	}{
		"one order":        {longfork.Checker{}, done(read(nil, nil), read(one, nil), read(one, one)), verdict.Valid},
		"fork":             {longfork.Checker{}, done(read(one, nil), read(nil, one)), verdict.Invalid},
		"fork of three":    {longfork.Checker{GroupSize: 3}, done(write(0), read(one, one, nil), read(nil, one, nil), read(nil, nil, one)), verdict.Invalid},
		"two groups":       {longfork.Checker{}, done(read(one, nil), read(nil, one, one)), verdict.Valid},
		"wrong group":      {longfork.Checker{GroupSize: 2}, done(read(one, nil, nil)), verdict.Unknown},
		"written twice":    {longfork.Checker{}, done(write(1), write(1), read(one, nil)), verdict.Unknown},
		"two values":       {longfork.Checker{}, done(read(one, nil), read(int64(2), one)), verdict.Unknown},
		"nothing but writ": {longfork.Checker{}, done(write(1)), verdict.Unknown},
		"malformed":        {longfork.Checker{}, &history.History{Events: []history.Event{{Kind: history.Complete}}}, verdict.Unknown},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			report := test.checker.Check(context.Background(), test.history, verdict.Budget{})
			require.Equal(t, test.want, report.Verdict, report.Cause)
			require.NotEmpty(t, report.Cause)
			require.Equal(t, test.want == verdict.Invalid, len(report.Findings) > 0)
			require.Equal(t, test.want != verdict.Unknown, report.Judged > 0)
		})
	}
}

// TestAgainstAllPairs compares random reads each with each.
func TestAgainstAllPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	forks := 0
	for range 20_000 {
		n := 1 + r.IntN(4)
		var all [][]any
		var saw [][]bool
		for range r.IntN(5) + 1 {
			values, bits := make([]any, n), make([]bool, n)
			for k := range values {
				if bits[k] = r.IntN(2) == 0; bits[k] {
					values[k] = one
				}
			}
			all, saw = append(all, read(values...)), append(saw, bits)
		}
		forked := false
		for _, a := range saw {
			for _, b := range saw {
				more, less := false, false
				for k := range a {
					more, less = more || a[k] && !b[k], less || b[k] && !a[k]
				}
				forked = forked || more && less
			}
		}
		if forked {
			forks++
		}
		report := longfork.Checker{}.Check(context.Background(), done(all...), verdict.Budget{})
		require.Equal(t, forked, report.Verdict == verdict.Invalid, all)
	}
	require.Greater(t, forks, 1000)
}

func TestRecordedHistory(t *testing.T) {
	h, err := history.ReadFile(filepath.Join(corpora.Dir(t), "jepsen", "long-fork.edn"))
	require.NoError(t, err)
	report := longfork.Checker{GroupSize: 3}.Check(context.Background(), h, verdict.Budget{})
	require.Equal(t, verdict.Invalid, report.Verdict, report.Cause)
	require.Equal(t, []int{0, 2}, report.Findings[0].Operations)
}
