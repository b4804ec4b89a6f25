package life_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/nemeses/internal/fake"
	"github.com/tertium-dev/tertium/nemeses/internal/life"
)

func TestKillNamesWhoDied(t *testing.T) {
	w := fake.New(3)
	w.C.N("n2").Crash()
	require.NoError(t, w.C.N("n3").Pause())
	dead, err := life.Kill(w.C.Nodes())
	require.NoError(t, err)
	require.Equal(t, []string{"n1", "n3"}, dead, "n2 was dead already")
	for _, node := range w.C.Nodes() {
		require.Equal(t, cluster.Down, node.State())
	}
}

func TestKillBelievesTheSystemOnly(t *testing.T) {
	w := fake.New(2)
	w.C.N("n2").IgnoreSignals()
	dead, err := life.Kill(w.C.Nodes())
	require.EqualError(t, err, "n2 was killed and is still running")
	require.Equal(t, []string{"n1"}, dead)
}

func TestReviveWhateverState(t *testing.T) {
	w := fake.New(3)
	w.C.N("n1").Crash()
	require.NoError(t, w.C.N("n2").Pause())
	for range 2 {
		require.NoError(t, life.Revive(t.Context(), w.C.Nodes()))
		for _, node := range w.C.Nodes() {
			require.Equal(t, cluster.Running, node.State(), node.Name())
		}
	}
	require.Equal(t, 1, w.C.N("n1").Starts())
	require.Zero(t, w.C.N("n3").Starts())
}

func TestReviveStartsAllAtOnce(t *testing.T) {
	w := fake.New(2)
	// Each is ready once the other has begun to start, as in a quorum.
	begun := map[string]chan struct{}{"n1": make(chan struct{}), "n2": make(chan struct{})}
	for name, other := range map[string]string{"n1": "n2", "n2": "n1"} {
		w.C.N(name).Crash()
		w.C.N(name).OnStart(func(ctx context.Context) error {
			close(begun[name])
			select {
			case <-begun[other]:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}
	require.NoError(t, life.Revive(t.Context(), w.C.Nodes()))
}

func TestReviveSaysWhoStaysDown(t *testing.T) {
	w := fake.New(2)
	for _, name := range []string{"n1", "n2"} {
		w.C.N(name).Crash()
	}
	w.C.N("n2").OnStart(func(context.Context) error { return errors.New("disk full") })
	require.EqualError(t, life.Revive(t.Context(), w.C.Nodes()), "starting n2 again: disk full")
	require.Equal(t, cluster.Running, w.C.N("n1").State())
}
