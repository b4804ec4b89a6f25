package counterbounds

import (
	"cmp"
	"math/big"
	"math/bits"
)

// sum is an integer of 128 bits: high·2⁶⁴ + low.
type sum struct {
	high int64
	low  uint64
}

func sumOf(n int64) sum { return sum{n >> 63, uint64(n)} }

func (s sum) plus(t sum) sum {
	low, carry := bits.Add64(s.low, t.low, 0)
	return sum{s.high + t.high + int64(carry), low}
}

func (s sum) compare(t sum) int {
	return cmp.Or(cmp.Compare(s.high, t.high), cmp.Compare(s.low, t.low))
}

func (s sum) String() string {
	n := new(big.Int).Lsh(big.NewInt(s.high), 64)
	return n.Add(n, new(big.Int).SetUint64(s.low)).String()
}
