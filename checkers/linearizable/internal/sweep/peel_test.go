package sweep

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/checktest"
)

// TestTreesPeelLikeFew peels stretches of all sizes with trees, with trees down
// to some size, and without. They must get stuck at the same values.
func TestTreesPeelLikeFew(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 11))
	var p peeler
	stuckOnes, peeled := 0, 0
	for n := range 3000 {
		h := simulateEnds(20+n%400, 2+n%12, 0.05, true)
		for range 3 * (n % 3) { // takes of two values change places
			i := r.IntN(len(h.Ops))
			j := min(i+r.IntN(10), len(h.Ops)-1)
			if h.Ops[i].Kind == Take && h.Ops[j].Kind == Take {
				h.Ops[i], h.Ops[j] = h.Ops[j], h.Ops[i]
			}
		}
		room := new(endsRoom)
		spans, twice, witness := h.pair(room)
		require.False(t, twice)
		if len(witness) > 0 {
			continue
		}
		s := stackCheck{Ends: h, endsRoom: room, end: int32(len(h.Timeline))}
		s.findStays(spans)
		for from := 0; from < len(s.stays); {
			size, finish := stretch(s.stays[from:])
			stays := s.stays[from : from+size]
			want := peelFew(slices.Clone(stays))
			for _, few := range []int{0, 3, 20} {
				got := p.peel(stays, s.endsWithin(stays[0], finish), int32(from), few)
				if !slices.Equal(want, got) {
					require.Equal(t, want, got, "the trees are wrong: history %d, stretch from value %d, at most %d without trees", n, from, few)
				}
			}
			if from += size; want != nil {
				stuckOnes++
			} else if size > 10 {
				peeled++
			}
		}
	}
	require.Greater(t, stuckOnes, 100)
	require.Greater(t, peeled, 300)
}

// Without any one of the rules of the trees that comparison fails.
func TestMutantsOfTreesAreCaught(t *testing.T) {
	const peel = "peel.go"
	checktest.Mutants(t, "TestTreesPeelLikeFew", "the trees are wrong", "soak", []checktest.Mutant{
		{Name: "a bottom may be taken within the stretch", File: peel, Rule: "if ret == least || ret <= finish {", Without: "if ret == least {"},
		{Name: "a bottom may be put within the stretch", File: peel, Rule: "if call == least || -call >= begin {", Without: "if call == least {"},
		{Name: "what is taken out still covers", File: peel, Rule: "c.least[node] += amount\n\t\tc.added[node] += amount", Without: "_ = amount"},
		{Name: "the cover of a part is that of all", File: peel, Rule: "above += c.added[node]", Without: "above += 0"},
	})
}
