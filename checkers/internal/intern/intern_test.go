package intern_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/checkers/internal/intern"
)

func TestEqualValues(t *testing.T) {
	table := intern.New(0)
	different := []any{
		nil, true, "", "1", int64(1), int64(-1), int64(1 << 40), 1.5, math.Inf(1), math.NaN(), int32(1), math.NaN(),
		[]any{int64(1)}, []any{"1"}, map[string]any{"a": int64(1), "b": nil}, int64(1023), int64(1024), int64(math.MaxInt64),
	}
	for id, value := range different {
		require.EqualValues(t, id, table.ID(value), "%v", value)
	}
	require.Equal(t, len(different), table.Len())
	require.Equal(t, int64(-1), table.Value(5))
	require.EqualValues(t, 4, table.ID(1.0))
	require.EqualValues(t, 5, table.ID(-1.0))
	require.EqualValues(t, 12, table.ID([]any{1.0}))
	require.EqualValues(t, 14, table.ID(map[string]any{"b": nil, "a": int64(1)}))
	require.EqualValues(t, 6, table.ID(int64(1<<40)))
}

// What JSON cannot tell apart is told apart: bytes that are no UTF-8 are alike to it.
func TestBytes(t *testing.T) {
	table := intern.New(0)
	for id, value := range []any{
		[]any{"\xff"}, []any{"\xfe"}, []any{"\ufffd"}, []any{`\xff`}, map[string]any{"\xff": nil}, map[string]any{"\xfe": nil},
		[]any{"a", "b"}, []any{`a","b`}, []any{[]any{}, nil}, []any{[]any{nil}}, []any{math.NaN()}, []any{math.NaN()},
	} {
		require.EqualValues(t, id, table.ID(value), "%q", value)
	}
	require.EqualValues(t, 0, table.ID([]any{"\xff"}))
}

func TestIntegers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := intern.New(rapid.IntRange(0, 100).Draw(t, "n"))
		ids := make(map[int64]int32)
		for _, v := range rapid.SliceOf(rapid.OneOf(rapid.Int64Range(-5, 2000), rapid.Int64())).Draw(t, "values") {
			id := table.ID(v)
			if known, seen := ids[v]; seen {
				require.Equal(t, known, id)
			} else {
				require.EqualValues(t, len(ids), id)
			}
			ids[v] = id
			require.Equal(t, v, table.Value(id))
		}
	})
}
