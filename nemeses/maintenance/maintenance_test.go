package maintenance_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/fake"
	"github.com/tertium-dev/tertium/nemeses/maintenance"
)

// system defragments in so much time, unless its node ends before.
type system struct {
	fake.System
	takes time.Duration
	err   error
}

func (s *system) Defragment(ctx context.Context, node cluster.Node) error {
	done := time.NewTimer(s.takes)
	defer done.Stop()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for {
		select {
		case <-done.C:
			return s.err
		case <-ctx.Done():
			return ctx.Err()
		case <-look.C:
			if node.State() == cluster.Down {
				return errors.New("connection reset")
			}
		}
	}
}

func TestDefragmentKill(t *testing.T) {
	for name, test := range map[string]struct {
		takes time.Duration
		err   error
		says  string
		count int64
		state cluster.State
	}{
		"under way":  {time.Second, nil, "", 1, cluster.Down},
		"too fast":   {100 * time.Millisecond, nil, "n2 was done in less than 300ms", 0, cluster.Running},
		"refused":    {100 * time.Millisecond, errors.New("no space"), "n2 did not: no space", 0, cluster.Running},
		"just there": {400 * time.Millisecond, nil, "", 1, cluster.Down},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := fake.New(3)
				w.S = &system{takes: test.takes, err: test.err}
				fault, err := maintenance.Kinds()[0].New(plan.Fault{Target: "n2", Args: map[string]int64{"delay_ms": 300}}, w)
				require.NoError(t, err)
				require.Zero(t, fault.Evidence().Count)
				require.NoError(t, fault.Heal(t.Context()), "before anything was done")
				err = fault.Inject(t.Context())
				if test.says == "" {
					require.NoError(t, err)
				} else {
					require.ErrorContains(t, err, test.says)
				}
				require.Equal(t, test.state, w.C.N("n2").State())
				evidence := fault.Evidence()
				require.Equal(t, test.count, evidence.Count, evidence.What)
				require.Equal(t, []string{"n2"}, evidence.Where)
				require.NoError(t, fault.Heal(t.Context()))
				require.Equal(t, cluster.Running, w.C.N("n2").State())
			})
		})
	}
}

// Of a node that does not die there is no evidence.
func TestNotDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := fake.New(1)
		w.S = &system{takes: time.Second}
		w.C.N("n1").IgnoreSignals()
		fault, err := maintenance.Kinds()[0].New(plan.Fault{Target: "n1"}, w)
		require.NoError(t, err)
		require.ErrorContains(t, fault.Inject(t.Context()), "was killed and is still running")
		require.Zero(t, fault.Evidence().Count)
	})
}

func TestAvailable(t *testing.T) {
	kind := maintenance.Kinds()[0]
	s := &system{}
	named := plan.Config{Faults: []string{maintenance.Name}}
	scripted := plan.Config{Script: []plan.Injection{{Kind: maintenance.Name}}}
	require.ErrorContains(t, kind.Available(&fake.System{}, named), "cannot be told")
	require.ErrorContains(t, kind.Available(s, plan.Config{}), "name it")
	require.NoError(t, kind.Available(s, named))
	require.NoError(t, kind.Available(s, scripted))
	_, err := kind.New(plan.Fault{Target: "n1"}, fake.New(1))
	require.ErrorContains(t, err, "cannot be told")
	w := fake.New(1)
	w.S = s
	_, err = kind.New(plan.Fault{Target: "all"}, w)
	require.ErrorContains(t, err, `the target "all"`)
	_, err = kind.New(plan.Fault{Target: "n1", Args: map[string]int64{"speed": 1}}, w)
	require.ErrorContains(t, err, "speed")
}
