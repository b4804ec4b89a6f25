package micro_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/systems/internal/micro"
)

func TestParseAndAnswer(t *testing.T) {
	ops, err := micro.Parse([]any{[]any{"r", "x", nil}, []any{"append", "y", int64(3)}, []any{"r", "y", nil}})
	require.NoError(t, err)
	require.Equal(t, []micro.Op{{F: "r", Key: "x"}, {F: "append", Key: "y", Value: int64(3)}, {F: "r", Key: "y"}}, ops)
	require.True(t, ops[0].Read())
	require.False(t, ops[1].Read())
	seen := map[int]any{0: nil, 2: []any{int64(3)}}
	require.Equal(t,
		[]any{[]any{"r", "x", nil}, []any{"append", "y", int64(3)}, []any{"r", "y", []any{int64(3)}}},
		micro.Answer(ops, func(i int) any { return seen[i] }))
}

func TestWhatIsNoTransaction(t *testing.T) {
	for _, value := range []any{
		nil, "r", []any{}, []any{"r"}, []any{[]any{"r", "x"}}, []any{[]any{1, "x", nil}}, []any{[]any{"r", nil, nil}},
	} {
		_, err := micro.Parse(value)
		require.ErrorContains(t, err, "a transaction", "%v", value)
	}
}
