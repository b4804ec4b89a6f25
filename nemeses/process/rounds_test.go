package process_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

func TestCrashLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, fault := make3(t, plan.Fault{Kind: "crash-loop", Target: "leader"})
		require.Equal(t, harness.Evidence{What: "killed: none"}, fault.Evidence())
		require.NoError(t, fault.Inject(t.Context()))
		require.Equal(t, cluster.Down, w.C.N("n2").State())
		time.Sleep(950 * time.Millisecond)
		require.Equal(t, harness.Evidence{Count: 10, Where: []string{"n2"}, What: "killed 10 times: n2"}, fault.Evidence())
		for range 2 {
			require.NoError(t, fault.Heal(t.Context()))
			require.Equal(t, allRunning, states(w))
		}
		time.Sleep(time.Minute)
		require.Equal(t, allRunning, states(w), "it is over")
		require.Len(t, w.C.N("n2").Exits(), 10)
	})
}

func TestRollingRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, fault := make3(t, plan.Fault{Kind: "rolling-restart", Target: "all"})
		for _, name := range []string{"n1", "n2", "n3"} {
			w.C.N(name).OnStart(func(context.Context) error {
				down := 0
				for _, state := range states(w) {
					if state != cluster.Running {
						down++
					}
				}
				require.Equal(t, 1, down, "one at a time")
				time.Sleep(time.Second)
				return nil
			})
		}
		require.NoError(t, fault.Inject(t.Context()))
		time.Sleep(10 * time.Second)
		require.Equal(t, harness.Evidence{Count: 3, Where: []string{"n1", "n2", "n3"}, What: "restarted 3 times: n1, n2, n3"}, fault.Evidence())
		require.NoError(t, fault.Heal(t.Context()))
		require.Equal(t, allRunning, states(w))
		require.Equal(t, 1, w.C.N("n3").Starts())
	})
}

// What ends a round for good is told, and the nodes are brought back.
func TestRoundsThatFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, fault := make3(t, plan.Fault{Kind: "crash-loop", Target: "n1"})
		broken := true
		w.C.N("n1").OnStart(func(context.Context) error {
			if broken {
				broken = false
				return errors.New("out of disk")
			}
			return nil
		})
		require.NoError(t, fault.Inject(t.Context()))
		time.Sleep(time.Second)
		require.NoError(t, fault.Heal(t.Context()))
		require.EqualValues(t, 1, fault.Evidence().Count)
		require.Equal(t, "killed 1 times: n1; not again: starting n1 again: out of disk", fault.Evidence().What)
		require.Equal(t, allRunning, states(w))
	})
	w, fault := make3(t, plan.Fault{Kind: "rolling-restart", Target: "all"})
	w.C.N("n1").IgnoreSignals()
	require.ErrorContains(t, fault.Inject(t.Context()), "n1 was stopped and is still running")
	require.Zero(t, fault.Evidence().Count)
	require.NoError(t, fault.Heal(t.Context()))
	require.Equal(t, allRunning, states(w))
}

// A start that hangs does not keep the fault from being healed.
func TestRoundsAreHealedWhileANodeStarts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, fault := make3(t, plan.Fault{Kind: "crash-loop", Target: "n3"})
		hang := true
		w.C.N("n3").OnStart(func(ctx context.Context) error {
			if hang {
				hang = false
				<-ctx.Done()
				return ctx.Err()
			}
			return nil
		})
		require.NoError(t, fault.Inject(t.Context()))
		time.Sleep(time.Second)
		require.NoError(t, fault.Heal(t.Context()))
		require.Equal(t, allRunning, states(w))
	})
}
