package judgement_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/judgement"
	"github.com/tertium-dev/tertium/harness/history"
)

func TestWitness(t *testing.T) {
	var ops []history.Operation
	var all []int32
	for i := range 30 {
		ops = append(ops, history.Operation{F: "read", Call: 2 * i, Return: 2*i + 1, Outcome: history.OK, Output: int64(i)})
		all = append(all, int32(i))
	}
	f := judgement.Witness("k", ops, []int32{3, 1, 3}, "it is wrong", "that is all")
	require.Equal(t, "k", f.Key)
	require.Equal(t, "it is wrong", f.Summary)
	require.Equal(t, []int{2, 6}, f.Operations)
	require.Equal(t, 6, f.Culprit)
	require.Equal(t, []string{
		"[0s to 0s] process 0 asked for read and was told ok 1",
		"[0s to 0s] process 0 asked for read and was told ok 3",
		"that is all",
	}, f.Steps)

	f = judgement.Witness("", ops, all, "they are many")
	require.Len(t, f.Operations, 30)
	require.Len(t, f.Steps, 25)
	require.Equal(t, "and so on: 6 more operations", f.Steps[24])

	require.Equal(t, -1, judgement.Witness("", ops, nil, "nobody did it").Culprit)
}
