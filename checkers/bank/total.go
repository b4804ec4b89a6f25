package bank

import (
	"cmp"
	"math/big"
	"strconv"
)

// total is an exact sum of numbers as they stand in a history. Almost all fit in
// whole; those that do not, or are fractions, are in rest, which then is not nil
// and never changed.
type total struct {
	whole int64
	rest  *big.Rat
}

// number reads a balance. A fraction is the shortest decimal that stands for its
// float, as it was written: 0.1 is a tenth.
func number(value any) (total, bool) {
	switch value := value.(type) {
	case int64:
		return total{whole: value}, true
	case float64:
		rest, ok := new(big.Rat).SetString(strconv.FormatFloat(value, 'g', -1, 64))
		if !ok { // no number, or an infinite one
			return total{}, false
		}
		return small(rest), true
	}
	return total{}, false
}

// small returns a number as whole if it can be.
func small(n *big.Rat) total {
	if n.IsInt() && n.Num().IsInt64() {
		return total{whole: n.Num().Int64()}
	}
	return total{rest: n}
}

func (t total) rat() *big.Rat {
	if t.rest != nil {
		return t.rest
	}
	return new(big.Rat).SetInt64(t.whole)
}

func (t total) plus(u total) total {
	if t.rest == nil && u.rest == nil {
		// A sum that wraps around is on the wrong side.
		if sum := t.whole + u.whole; (sum < t.whole) == (u.whole < 0) {
			return total{whole: sum}
		}
	}
	return small(new(big.Rat).Add(t.rat(), u.rat()))
}

func (t total) compare(u total) int {
	if t.rest == nil && u.rest == nil {
		return cmp.Compare(t.whole, u.whole)
	}
	return t.rat().Cmp(u.rat())
}

// float is the nearest float, for figures.
func (t total) float() float64 {
	f, _ := t.rat().Float64()
	return f
}

func (t total) String() string {
	if t.rest == nil {
		return strconv.FormatInt(t.whole, 10)
	}
	if digits, exact := t.rest.FloatPrec(); exact {
		return t.rest.FloatString(digits)
	}
	return t.rest.RatString()
}
