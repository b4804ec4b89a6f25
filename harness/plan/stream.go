package plan

import (
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// Stream is an endless sequence of random integers. It is not safe for use by
// several goroutines, and there is no reason to share one: a stream costs one
// hash.
type Stream struct{ source *rand.ChaCha8 }

// NewStream returns the stream that a seed has for a purpose and a name. Its
// draws depend on nothing else.
func NewStream(seed uint64, purpose, name string) *Stream {
	// Lengths go before the texts, so that ("ab", "c") and ("a", "bc") differ.
	key := []byte("tertium/plan/stream/1")
	key = binary.BigEndian.AppendUint64(key, seed)
	for _, text := range []string{purpose, name} {
		key = binary.BigEndian.AppendUint64(key, uint64(len(text)))
		key = append(key, text...)
	}
	return &Stream{rand.NewChaCha8(sha256.Sum256(key))}
}

// Uint64 draws from all 64-bit numbers.
func (s *Stream) Uint64() uint64 { return s.source.Uint64() }

// Below draws from [0, n). It is 0 if n is not positive.
func (s *Stream) Below(n int64) int64 {
	if n <= 0 {
		return 0
	}
	return int64(s.below(uint64(n)))
}

// Between draws from [lo, hi], both included. It is lo if hi is below lo.
func (s *Stream) Between(lo, hi int64) int64 {
	if hi <= lo {
		return lo
	}
	span := uint64(hi) - uint64(lo)
	if span+1 == 0 {
		return int64(s.Uint64())
	}
	return int64(uint64(lo) + s.below(span+1))
}

// Index draws a position in something of length n.
func (s *Stream) Index(n int) int { return int(s.Below(int64(n))) }

// Weighted draws a position in weights, each as often as its weight says. It is
// -1 if no weight is positive.
func (s *Stream) Weighted(weights []int) int {
	var total int64
	for _, weight := range weights {
		total += max(0, int64(weight))
	}
	at := s.Below(total)
	for i, weight := range weights {
		if at -= max(0, int64(weight)); at < 0 {
			return i
		}
	}
	return -1
}

// Shuffled returns the numbers from 0 to n-1 in random order.
func (s *Stream) Shuffled(n int) []int {
	order := make([]int, n)
	for i := range order {
		j := s.Index(i + 1)
		order[i], order[j] = order[j], i
	}
	return order
}

// below reduces a draw to [0, n) without bias (Lemire, "Fast random integer
// generation in an interval", 2019). The standard library's own reduction takes
// another path on 32-bit machines, and so may draw other numbers there.
func (s *Stream) below(n uint64) uint64 {
	high, low := bits.Mul64(s.Uint64(), n)
	if low < n {
		for least := -n % n; low < least; {
			high, low = bits.Mul64(s.Uint64(), n)
		}
	}
	return high
}

// Pick draws one of the choices. It is the zero value if there are none.
func Pick[T any](s *Stream, choices []T) T {
	if len(choices) == 0 {
		var none T
		return none
	}
	return choices[s.Index(len(choices))]
}
