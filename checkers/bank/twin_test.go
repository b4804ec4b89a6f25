package bank

import (
	"cmp"
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/verdict"
)

// dense returns a small history of which most reads are of one bank.
func dense(r *rand.Rand) *history.History {
	var ops []checktest.Op
	sum := r.Int64N(4)
	for range r.IntN(5) {
		op := checktest.Op{F: checktest.Pick(r, "read", "read", "read", "transfer"), Process: -1, Outcome: checktest.Outcome(r)}
		if op.F == "read" && op.Outcome == history.OK {
			a := r.Int64N(sum + 1)
			balances := map[string]any{"a": a, "b": sum - a}
			switch r.IntN(12) {
			case 0:
				balances["c"] = r.Int64N(2)
			case 1:
				delete(balances, checktest.Pick(r, "a", "b"))
			case 2:
				balances["b"] = nil
			case 3:
				balances["a"], balances["b"] = sum+1, int64(-1)
			case 4:
				balances["a"] = a + 1
			}
			op.Output = balances
		}
		ops = append(ops, op)
	}
	return checktest.Weave(r, ops)
}

// possible tries all transfers of a unit, one after the other, from what the read
// that was answered first saw.
func possible(h *history.History) bool {
	reads := slices.DeleteFunc(h.Operations(), func(op history.Operation) bool { return op.F != "read" || op.Outcome != history.OK })
	if len(reads) == 0 {
		return true
	}
	slices.SortFunc(reads, func(a, b history.Operation) int { return cmp.Compare(a.Return, b.Return) })
	start := make(map[string]int64)
	for name, balance := range reads[0].Output.(map[string]any) {
		n, ok := balance.(int64)
		if !ok || n < 0 {
			return false
		}
		start[name] = n
	}
	states := []map[string]int64{start}
	known := map[string]bool{fmt.Sprint(start): true}
	for at := 0; at < len(states); at++ {
		for from := range start {
			for to := range start {
				next := make(map[string]int64)
				for name, n := range states[at] {
					next[name] = n
				}
				next[from]--
				next[to]++
				if next[from] >= 0 && !known[fmt.Sprint(next)] {
					known[fmt.Sprint(next)] = true
					states = append(states, next)
				}
			}
		}
	}
	return !slices.ContainsFunc(reads, func(read history.Operation) bool {
		return !slices.ContainsFunc(states, func(state map[string]int64) bool { return gives(state, read.Output.(map[string]any)) })
	})
}

// gives reports whether a read sees a state. It may leave out empty accounts.
func gives(state map[string]int64, balances map[string]any) bool {
	for name, balance := range balances {
		if held, there := state[name]; !there || balance != held {
			return false
		}
	}
	for name, held := range state {
		if _, shown := balances[name]; !shown && held != 0 {
			return false
		}
	}
	return true
}

func subject() checktest.Subject {
	return checktest.Subject{
		Histories: 100_000,
		Random:    dense,
		Possible:  possible,
		Check: func(h *history.History, mask uint32) verdict.Report {
			return Checker{without: allRules &^ rules(mask)}.Check(context.Background(), h, verdict.Budget{})
		},
		Rules: allRules,
	}
}

func TestAgreesWithTheTwin(t *testing.T) { checktest.Agree(t, subject()) }

// Sums are those of big rationals, whole or not.
func TestTotals(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sum, want := total{}, new(big.Rat)
		for range rapid.IntRange(0, 8).Draw(t, "terms") {
			before := sum
			var term *big.Rat
			if rapid.Bool().Draw(t, "whole") {
				n := rapid.Int64().Draw(t, "n")
				term = new(big.Rat).SetInt64(n)
				balance, ok := number(n)
				require.True(t, ok)
				sum = sum.plus(balance)
			} else {
				cents := rapid.Int64Range(-100_000, 100_000).Draw(t, "cents")
				term = big.NewRat(cents, 100)
				balance, ok := number(float64(cents) / 100)
				require.True(t, ok)
				sum = sum.plus(balance)
			}
			want.Add(want, term)
			require.Zero(t, want.Cmp(sum.rat()))
			require.Equal(t, term.Sign(), sum.compare(before))
		}
		shown, ok := new(big.Rat).SetString(sum.String())
		require.True(t, ok)
		require.Zero(t, want.Cmp(shown))
	})
}
