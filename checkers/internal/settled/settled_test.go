package settled_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/checkers/internal/settled"
	"github.com/tertium-dev/tertium/harness/history"
)

func TestPoints(t *testing.T) {
	phase := func(name, trouble string) history.Event {
		return history.Event{Kind: history.Phase, Process: history.NoProcess, F: name, Error: trouble}
	}
	h := history.New([]history.Event{
		phase("warm-up", ""), phase("drain", ""), phase("faults", ""), phase("final", "the nodes did not settle"), phase("final", ""),
	})
	points := settled.Of(h, settled.Phases())
	require.Equal(t, settled.Points{1, 4}, points)
	for event, want := range []int{-1, -1, 1, 1, 1, 4, 4} {
		require.Equal(t, want, points.Before(event), "before event %d", event)
	}
	require.Equal(t, -1, settled.Points(nil).Before(7))
}
