package linearizable

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// TestUnansweredPopsAgreeWithTheDefinition draws what it takes to be wrong about
// them: one push after the other, then pops, half of them without an answer.
func TestUnansweredPopsAgreeWithTheDefinition(t *testing.T) {
	r := rand.New(rand.NewPCG(17, 1))
	m := named(t, "stack", Options{})
	s := scenario{model: m}
	seen := map[verdict.Verdict]int{}
	for range soakUpTo(t, 3000, 1_000_000) {
		var all []history.Operation
		pushes := 3 + r.IntN(3)
		for i := range 9 {
			op := ok("push", int64(i), nil)
			if i >= pushes && r.IntN(5) > 0 {
				op = ok("pop", nil, r.Int64N(int64(pushes)))
			}
			op.Process, op.Call, op.Return = i, 10*i+r.IntN(12), 10*i+12+r.IntN(10)
			op.Call, op.Return = op.Call*16+i, op.Return*16+i // positions are unique
			if op.F == "pop" && r.IntN(2) == 0 {
				op = unanswered(op)
			}
			all = append(all, op)
		}
		ops := s.parsed(t, all)
		want := verdict.Invalid
		if linearizable(&m, ops) {
			want = verdict.Valid
		}
		seen[want]++
		got := New(m).decider(0).decide(context.Background(), ops)
		if got.verdict != want {
			t.Fatalf("%s says %s, the definition says %s:%s", got.method, got.verdict, want, describe(&m, ops))
		}
	}
	require.Greater(t, seen[verdict.Valid], 100)
	require.Greater(t, seen[verdict.Invalid], 100)
}
