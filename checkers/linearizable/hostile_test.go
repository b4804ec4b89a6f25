package linearizable_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/checkers/linearizable"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// pair is two operations by turns, of which the second sees what the first did.
func pair(first string, put func(i int) any, second string, ask, got func(i int) any) func(i int) checktest.Op {
	return func(i int) checktest.Op {
		if i%2 == 0 {
			return checktest.Op{F: first, Input: put(i), Outcome: history.OK}
		}
		return checktest.Op{F: second, Input: ask(i), Output: got(i - 1), Outcome: history.OK}
	}
}

// Every model stands sizes that hurt an algorithm with a square in it. Of those
// that are left to the search only a few operations overlap.
func TestHostile(t *testing.T) {
	number := func(i int) any { return int64(i) }
	nothing := func(int) any { return nil }
	yes := func(int) any { return true }
	text := func(i int) any { return checktest.Key(i) }
	// listed is operations of which only the last reads, all that was done.
	listed := func(f string, output func(n int) any) func(i, n int) checktest.Op {
		return func(i, n int) checktest.Op {
			if i < n-1 {
				return checktest.Op{F: f, Input: int64(i), Outcome: history.OK}
			}
			return checktest.Op{F: "read", Output: output(n - 1), Outcome: history.OK}
		}
	}
	numbers := func(n int) any { return checktest.Numbers(n) }
	for _, test := range []struct {
		model string
		op    func(i int) checktest.Op
		// all is op where it depends on how many there are.
		all func(i, n int) checktest.Op
		// overlapping is how many operations are looked at that all overlap, or 0.
		overlapping int
	}{
		{model: "register", op: pair("write", number, "read", nothing, number)},
		{model: "cas-register", op: func(i int) checktest.Op {
			if i == 0 {
				return checktest.Op{F: "write", Input: int64(0), Outcome: history.OK}
			}
			return checktest.Op{F: "cas", Input: []any{int64(i - 1), int64(i)}, Outcome: history.OK}
		}},
		{model: "multi-register", overlapping: 16, op: pair("write", func(i int) any { return map[string]any{"x": int64(i)} },
			"read", func(int) any { return map[string]any{"x": nil} }, func(i int) any { return map[string]any{"x": int64(i)} })},
		{model: "kv", overlapping: 16, op: pair("put", text, "get", nothing, text)},
		{model: "mutex", op: pair("acquire", nothing, "release", nothing, nothing)},
		{model: "queue", op: pair("enqueue", number, "dequeue", nothing, number)},
		{model: "stack", op: pair("push", number, "pop", nothing, number)},
		{model: "set", op: func(i int) checktest.Op {
			f := []string{"add", "contains"}[i%2]
			return checktest.Op{F: f, Input: int64(i / 2), Output: yes(i), Outcome: history.OK}
		}},
		{model: "set", all: listed("add", numbers)},
		{model: "counter", all: func(i, n int) checktest.Op {
			if i < n-1 {
				return checktest.Op{F: "increment", Outcome: history.OK}
			}
			return checktest.Op{F: "read", Output: int64(n - 1), Outcome: history.OK}
		}},
		{model: "log", all: listed("append", numbers)},
	} {
		t.Run(test.model, func(t *testing.T) {
			model, err := linearizable.ModelNamed(test.model, linearizable.Options{})
			require.NoError(t, err)
			op := test.all
			if op == nil {
				op = func(i, _ int) checktest.Op { return test.op(i) }
			}
			checktest.Hostile(t, checktest.Sizes{
				Most: 30_000, Overlapping: test.overlapping,
				Op: op,
				// An object each has two operations, or all.
				Keyed: func(i, _ int) checktest.Op {
					o := op(i%2, 2)
					o.Key = checktest.Key(i / 2)
					return o
				},
				OneKey: verdict.Valid, ManyKeys: verdict.Valid, ManyProcesses: verdict.Valid, Together: verdict.Valid,
			}, func(h *history.History) verdict.Report {
				return linearizable.New(model).Check(context.Background(), h, verdict.Budget{})
			})
		})
	}
}
