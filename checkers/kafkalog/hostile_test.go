package kafkalog

import (
	"context"
	"slices"
	"testing"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// pollOf is a poll of so many messages that are their offsets, but for some.
func pollOf(n int, without ...int) checktest.Op {
	all := make([]any, 0, n)
	for i := range n {
		if !slices.Contains(without, i) {
			all = append(all, []any{int64(i), int64(i)})
		}
	}
	return checktest.Op{F: "poll", Key: "p", Output: all, Outcome: history.OK}
}

func TestHostile(t *testing.T) {
	checktest.Hostile(t, checktest.Sizes{
		Op: func(i, n int) checktest.Op {
			if i%2 == 0 {
				return send(int64(i), int64(i))
			}
			return checktest.Op{F: "poll", Key: "p", Output: []any{[]any{int64(i - 1), int64(i - 1)}}, Outcome: history.OK}
		},
		Keyed: func(i, n int) checktest.Op {
			op := []checktest.Op{send("m1", int64(1)), poll(1)}[i%2]
			op.Key = checktest.Key(i / 2)
			return op
		},
		Long: func(i, n int) checktest.Op {
			if i < n-1 {
				return send(int64(i), int64(i))
			}
			return pollOf(n - 1)
		},
		Broken:   func(n int) checktest.Op { return pollOf(n-1, n/2) },
		BrokenIs: verdict.Invalid,
		OneKey:   verdict.Invalid, ManyKeys: verdict.Valid, ManyProcesses: verdict.Valid, Together: verdict.Valid,
	}, func(h *history.History) verdict.Report {
		return New().Check(context.Background(), h, verdict.Budget{})
	})
}
