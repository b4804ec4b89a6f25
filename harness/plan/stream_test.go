package plan_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/plan"
)

// The first draws of a stream are a promise: plans of older versions depend on
// them.
func TestStreamGolden(t *testing.T) {
	r := plan.NewStream(42, "operations", "main@3")
	var all []uint64
	for range 3 {
		all = append(all, r.Uint64())
	}
	require.Equal(t, []uint64{7235624814020201950, 5465856527058601355, 15272561278226232222}, all)

	r = plan.NewStream(42, "fault", "lost-ack.1")
	var below, between []int64
	for range 8 {
		below = append(below, r.Below(100))
		between = append(between, r.Between(-5, 5))
	}
	require.Equal(t, []int64{68, 2, 5, 67, 59, 12, 62, 64}, below)
	require.Equal(t, []int64{0, 2, -3, 2, 5, -1, -4, -3}, between)
	require.Equal(t, []int{4, 2, 1, 5, 3, 0}, r.Shuffled(6))
}

func TestStreamsDiffer(t *testing.T) {
	seen := map[uint64]bool{}
	for _, stream := range []*plan.Stream{
		plan.NewStream(1, "ab", "c"), plan.NewStream(2, "ab", "c"),
		plan.NewStream(1, "a", "bc"), plan.NewStream(1, "abc", ""), plan.NewStream(1, "", "abc"),
		plan.NewStream(1, "c", "ab"), plan.NewStream(1, "ab\x00", "c"),
	} {
		first := stream.Uint64()
		require.False(t, seen[first], "two streams begin with %d", first)
		seen[first] = true
	}
}

func TestStreamBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := plan.NewStream(rapid.Uint64().Draw(t, "seed"), "test", "bounds")
		lo, hi := rapid.Int64().Draw(t, "lo"), rapid.Int64().Draw(t, "hi")
		for range 10 {
			n := r.Between(lo, hi)
			require.True(t, n >= lo && (n <= hi || n == lo), "%d from [%d, %d]", n, lo, hi)
			if hi > 0 {
				m := r.Below(hi)
				require.True(t, m >= 0 && m < hi, "%d below %d", m, hi)
			}
		}
	})
}

func TestStreamOddArguments(t *testing.T) {
	r := plan.NewStream(1, "test", "odd")
	require.Zero(t, r.Below(0))
	require.Zero(t, r.Below(-3))
	require.Equal(t, int64(7), r.Between(7, 7))
	require.Equal(t, int64(7), r.Between(7, -7))
	require.Equal(t, -1, r.Weighted(nil))
	require.Equal(t, -1, r.Weighted([]int{0, -2}))
	require.Equal(t, "", plan.Pick[string](r, nil))
	require.Empty(t, r.Shuffled(0))
	var high, low int
	for range 100 {
		if r.Between(math.MinInt64, math.MaxInt64) > 0 {
			high++
		} else {
			low++
		}
	}
	require.Greater(t, min(high, low), 30)
}

func TestStreamIsUniform(t *testing.T) {
	r := plan.NewStream(7, "test", "uniform")
	counts := make([]int, 10)
	weighted := make([]int, 3)
	for range 10_000 {
		counts[r.Below(10)]++
		weighted[r.Weighted([]int{1, 0, 3})]++
	}
	require.Greater(t, slices.Min(counts), 900)
	require.Less(t, slices.Max(counts), 1100)
	require.InDelta(t, 2500, weighted[0], 150)
	require.Zero(t, weighted[1])

	shuffled := r.Shuffled(100)
	require.NotEqual(t, slices.Sorted(slices.Values(shuffled)), shuffled)
	require.Equal(t, 99, slices.Max(shuffled))
	require.Len(t, slices.Compact(slices.Sorted(slices.Values(shuffled))), 100)
}
