package columns_test

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/history/columns"
	"github.com/tertium-dev/tertium/harness/history/internal/historytest"
)

func TestPickedOperationsAreThoseOfTheHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historytest.AnyHistory().Draw(t, "history")
		view, err := columns.Of(h)
		require.NoError(t, err)
		picked := []uint32{}
		want := []history.Operation{}
		for i, op := range h.Operations() {
			if rapid.Bool().Draw(t, "wanted") {
				op.Ref = ""
				picked, want = append(picked, uint32(i)), append(want, op)
			}
		}
		require.Equal(t, want, view.Pick(picked))
	})
}

func TestOtherEventsAreThoseOfTheHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := historytest.AnyHistory().Draw(t, "history")
		view, err := columns.Of(h)
		require.NoError(t, err)
		want := []history.Event{}
		for _, e := range h.Events {
			require.Equal(t, e.Time, view.Time(e.Index))
			if e.Kind == history.Nemesis || e.Kind == history.Phase {
				want = append(want, e)
			}
		}
		require.Equal(t, want, view.Others())
	})
}
