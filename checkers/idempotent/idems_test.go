package idempotent

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/history/columns"
)

// Wherever requests of entries are looked for, the one with the name is found, or
// none if there is no such name.
func TestRequestsOfEntriesAreFound(t *testing.T) {
	view, err := columns.Of(stretched(true))
	require.NoError(t, err)
	l := newLedgerColumns(t.Context(), view, true)
	require.NoError(t, l.ready())
	ids := make(map[uint32]ident) // by idem, what some reply told
	for op, id := range l.told {
		ids[l.Idem[op]] = max(ids[l.Idem[op]], id)
	}
	all := make([]lookup, 0, l.Idems.Len())
	for idem := uint32(1); idem < uint32(l.Idems.Len()); idem++ {
		all = append(all, lookup{fact: &entryFact{id: ids[idem]}, name: []byte(l.Idems.At(idem))})
	}
	r := rand.New(rand.NewPCG(5, 6))
	for order, shuffle := range map[string]func(n int, swap func(i, j int)){
		"in order": func(int, func(i, j int)) {},
		"under way together": func(n int, swap func(i, j int)) {
			for i := range n - 20 {
				swap(i, i+r.IntN(20))
			}
		},
		"in any order": r.Shuffle,
	} {
		all := slices.Clone(all)
		shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		for _, strangers := range []int{0, 3, blockSize} {
			t.Run(fmt.Sprint(order, ", strangers ", strangers), func(t *testing.T) {
				near, guessed := nearby{ledgerColumns: l}, 0
				for at := 0; at+blockSize <= len(all); at += blockSize {
					block := make([]lookup, blockSize)
					copy(block, all[at:])
					for range strangers {
						block[r.IntN(blockSize)].name = []byte("t1/deposit/nobody's")
					}
					if near.guess(block) {
						guessed++
					} else {
						l.index.look(block)
					}
					for _, b := range block {
						if string(b.name) == "t1/deposit/nobody's" {
							require.Zero(t, b.idem)
							continue
						}
						require.Equal(t, string(b.name), l.Idems.At(b.idem))
					}
				}
				switch {
				case strangers > 0:
					require.Zero(t, guessed)
				case order == "in order":
					require.Equal(t, len(all)/blockSize, guessed, "no index is needed")
				}
			})
		}
	}
}

// Where it is in vain, it is given up.
func TestGuessingIsGivenUp(t *testing.T) {
	view, err := columns.Of(stretched(true))
	require.NoError(t, err)
	l := newLedgerColumns(t.Context(), view, false)
	require.NoError(t, l.ready())
	near := nearby{ledgerColumns: l}
	for range 2 * patience {
		near.guess([]lookup{{fact: &entryFact{}, name: []byte("nobody's")}})
	}
	require.Equal(t, patience+1, near.spent)
}
