package online

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A read that lacks an element that all see to come is in all reads to come, too
// if a larger read was answered before it. Chance hardly ever draws this.
func TestSmallerReadsAreSettled(t *testing.T) {
	begin := func() *Growing[string] {
		g := NewGrowing[string]()
		g.Add("f", 0)
		g.Add("e", 1)
		g.Call(2) // sees f
		g.Call(3) // sees both
		g.Added("e", 4)
		g.Call(5) // is judged
		require.Equal(t, None, g.Read([]string{"e", "f"}, 3, 6))
		require.Equal(t, None, g.Read([]string{"f"}, 2, 7))
		return g
	}
	require.Equal(t, None, begin().Read([]string{"e", "f"}, 5, 8))
	require.NotEqual(t, None, begin().Read([]string{"e"}, 5, 8), "another read has f and not e")
	require.NotEqual(t, None, begin().Read([]string{"f"}, 5, 8), "e was there before")
}
