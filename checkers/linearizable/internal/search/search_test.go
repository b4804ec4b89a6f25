package search_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/linearizable/internal/search"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// words is a string that is put, appended to and seen.
func words(ops []search.Op, steps ...string) *search.Problem {
	all := make([]any, len(steps))
	for i, s := range steps {
		all[i] = s
	}
	is := func(kind byte) func(any) bool { return func(s any) bool { return s.(string)[0] == kind } }
	return &search.Problem{
		Ops: ops, Steps: all, Init: "",
		Apply: func(state, step any) (any, bool) {
			held, word := state.(string), step.(string)[1:]
			switch step.(string)[0] {
			case '=':
				return word, true
			case '+':
				return held + word, true
			}
			return held, held == word
		},
		ReadOnly:   is('?'),
		Overwrites: is('='),
		Total:      func(s any) bool { return s.(string)[0] != '?' },
	}
}

// TestTheLaterOfEqualsMayGoFirst: the first of two equal appends is lost in a
// put, though it returns late, and the second is the one that is seen.
func TestTheLaterOfEqualsMayGoFirst(t *testing.T) {
	p := words([]search.Op{
		{Call: 0, Return: 9, Step: 0},
		{Call: 1, Return: 2, Step: 1},
		{Call: 3, Return: 4, Step: 2},
		{Call: 5, Return: 10, Step: 0},
		{Call: 6, Return: 7, Step: 3},
		{Call: 11, Return: 12, Step: 3},
	}, "+a", "=b", "?b", "?ba")
	require.NoError(t, search.Check(p))
	require.Equal(t, verdict.Valid, search.Run(context.Background(), p, search.Budget{}).Verdict)
	p.Ops[4].Return, p.Ops[4].Call = 4, 3 // before the second was called: it is one more
	p.Ops[2].Call, p.Ops[2].Return = 6, 7
	got := search.Run(context.Background(), p, search.Budget{})
	require.Equal(t, verdict.Invalid, got.Verdict)
}

// TestBudgets: what is used up is said, and what was begun is given up.
func TestBudgets(t *testing.T) {
	var ops []search.Op
	var steps []string
	for i := range 24 {
		ops = append(ops, search.Op{Call: i, Return: 100 + i, Step: int32(i)})
		steps = append(steps, "+"+string(rune('a'+i)))
	}
	ops = append(ops, search.Op{Call: 30, Return: 50, Step: int32(len(steps))})
	p := words(ops, append(steps, "?no")...)
	got := search.Run(context.Background(), p, search.Budget{Memory: 1 << 20})
	require.Equal(t, verdict.Unknown, got.Verdict)
	require.Contains(t, got.Reason, "memory budget")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	got = search.Run(ctx, p, search.Budget{})
	require.Equal(t, verdict.Unknown, got.Verdict)
	require.Contains(t, got.Reason, "time budget")
}

// TestShapes: what makes no sense is refused.
func TestShapes(t *testing.T) {
	require.Error(t, search.Check(words([]search.Op{{Call: 1, Return: 1}}, "=a")))
	require.Error(t, search.Check(words([]search.Op{{Call: 1, Return: 2, Step: 1}}, "=a")))
}
