package stats

import (
	"math"
	"slices"
	"sort"
	"time"
)

// Quantiles describe a set of durations. All are 0 if it is empty.
type Quantiles struct {
	P50  time.Duration `json:"p50_ns"`
	P90  time.Duration `json:"p90_ns"`
	P99  time.Duration `json:"p99_ns"`
	P999 time.Duration `json:"p999_ns"`
	Max  time.Duration `json:"max_ns"`
}

// manyParts is from how many parts on it is cheaper to sort them as one than to
// look into each.
const manyParts = 64

// sample is a set of durations in sorted parts. Rows of a summary overlap (a
// phase, a function, the total), so each part is sorted once and sums are not made
// but of many small parts.
type sample [][]time.Duration

func (s sample) quantiles() Quantiles {
	n := 0
	for _, part := range s {
		n += len(part)
	}
	if n == 0 {
		return Quantiles{}
	}
	if len(s) > manyParts {
		merged := slices.Concat(s...)
		slices.Sort(merged)
		s = sample{merged}
	}
	return Quantiles{
		P50: s.quantile(500, n), P90: s.quantile(900, n), P99: s.quantile(990, n),
		P999: s.quantile(999, n), Max: s.quantile(1000, n),
	}
}

// quantile returns the ⌈n·permille/1000⌉-th smallest of the n durations. It
// halves the range of values instead of merging the parts.
func (s sample) quantile(permille, n int) time.Duration {
	rank := int((int64(n)*int64(permille) + 999) / 1000)
	low, high := time.Duration(math.MaxInt64), time.Duration(math.MinInt64)
	for _, part := range s {
		if len(part) > 0 {
			low, high = min(low, part[0]), max(high, part[len(part)-1])
		}
	}
	for low < high {
		middle := low + (high-low)/2
		if s.upTo(middle) >= rank {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// upTo counts the durations that are not longer than d.
func (s sample) upTo(d time.Duration) int {
	n := 0
	for _, part := range s {
		n += sort.Search(len(part), func(i int) bool { return part[i] > d })
	}
	return n
}
