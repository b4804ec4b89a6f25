package failover_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/failover"
	"github.com/tertium-dev/tertium/nemeses/internal/fake"
)

// operated is a system in which the world's leader is who was promoted last.
type operated struct {
	fake.System
	world *fake.World
	// refuses has the errors of nodes that are not to be promoted.
	refuses map[string]error
	// asked are the nodes that were to be promoted, with the state of the old
	// leader at that moment.
	asked []string
	old   []cluster.State
	// then is called at every promotion.
	then func()
}

func (o *operated) Promote(_ context.Context, c cluster.Cluster, node string) error {
	o.asked = append(o.asked, node)
	o.old = append(o.old, c.Node("n1").State())
	if o.then != nil {
		o.then()
	}
	if err := o.refuses[node]; err != nil {
		return err
	}
	o.world.Lead(node)
	return nil
}

func world(n int) (*fake.World, *operated) {
	w := fake.New(n)
	w.Lead("n1")
	o := &operated{world: w}
	w.S = o
	return w, o
}

// watched is a world that tells who watches it.
type watched struct {
	*fake.World
	see func(history.Event)
}

func (w *watched) Watch(f func(history.Event)) (stop func()) {
	w.see = f
	return func() { w.see = nil }
}

func fault(t *testing.T, w harness.World, fenced int64) harness.Fault {
	t.Helper()
	f, err := failover.Kinds()[0].New(plan.Fault{
		Kind: "failover", Target: "leader", For: 2 * time.Second, Salt: 3, Args: map[string]int64{"stay_ms": 1500, "fenced": fenced},
	}, w)
	require.NoError(t, err)
	return f
}

func TestFailover(t *testing.T) {
	for fenced, test := range map[int64]struct {
		old  cluster.State
		what string
	}{
		0: {cluster.Running, "n3 was promoted in place of n1, which was killed after that; 1 operations succeeded meanwhile, and 2 messages between them were lost"},
		1: {cluster.Down, "n3 was promoted in place of n1, which was killed before that; 1 operations succeeded meanwhile, and 2 messages between them were lost"},
	} {
		synctest.Test(t, func(t *testing.T) {
			inner, o := world(3)
			w := &watched{World: inner}
			o.then = func() {
				for _, name := range []string{"n2", "n3"} {
					require.Equal(t, 1, w.C.L("n1", name).Rules())
					require.Equal(t, 1, w.C.L(name, "n1").Rules())
				}
				require.True(t, w.C.L("n1", "n2").Dial().Drop)
				require.True(t, w.C.L("n2", "n1").Send(cluster.Message{}).Drop)
				require.Equal(t, 4, w.C.Rules(), "clients and the others are left alone")
				w.see(history.Event{Outcome: history.OK})
				w.see(history.Event{Outcome: history.Fail})
			}
			f := fault(t, w, fenced)
			require.Equal(t, harness.Evidence{What: "nobody was promoted"}, f.Evidence())
			began := time.Now()
			require.NoError(t, f.Inject(t.Context()))
			require.Equal(t, 1500*time.Millisecond, time.Since(began))
			require.Equal(t, []string{"n3"}, o.asked)
			require.Equal(t, []cluster.State{test.old}, o.old)
			require.Equal(t, cluster.Down, w.C.N("n1").State())
			require.Nil(t, w.see)
			for range 2 {
				require.Equal(t, harness.Evidence{Count: 1, Where: []string{"n1", "n3"}, What: test.what}, f.Evidence())
				require.NoError(t, f.Heal(t.Context()))
				require.Zero(t, w.C.Rules())
				require.Equal(t, cluster.Running, w.C.N("n1").State())
			}
			require.Equal(t, 1, w.C.N("n1").Starts())
		})
	}
}

// The operator takes another node if one is refused.
func TestRefusedPromotions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w, o := world(3)
		o.refuses = map[string]error{"n3": errors.New("n2 has more")}
		f := fault(t, w, 0)
		require.NoError(t, f.Inject(t.Context()))
		require.Equal(t, []string{"n3", "n2"}, o.asked)
		require.Equal(t, []string{"n1", "n2"}, f.Evidence().Where)

		// A refusal may be a lost reply, so the old leader must not go on beside
		// whom it may have been meant for.
		w, o = world(3)
		o.refuses = map[string]error{"n2": errors.New("n3 has more"), "n3": errors.New("no reply")}
		f = fault(t, w, 0)
		require.ErrorContains(t, f.Inject(t.Context()), "nobody was promoted: no reply\nn3 has more")
		require.Zero(t, f.Evidence().Count)
		require.Equal(t, cluster.Running, w.C.N("n1").State())
		require.NoError(t, f.Heal(t.Context()))
		require.Len(t, w.C.N("n1").Exits(), 1)
		require.Equal(t, cluster.Running, w.C.N("n1").State())
		require.Zero(t, w.C.Rules())
	})
}

func TestFailedInjectionIsHealed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Nobody leads.
		w, _ := world(3)
		w.Lead("")
		f := fault(t, w, 0)
		require.ErrorContains(t, f.Inject(t.Context()), "failover: no leader")
		require.NoError(t, f.Heal(t.Context()))

		// The run ends while clients go on.
		w, o := world(2)
		f = fault(t, w, 1)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		require.ErrorIs(t, f.Inject(ctx), context.DeadlineExceeded)
		require.Empty(t, o.asked)
		require.NoError(t, f.Heal(t.Context()))
		require.Empty(t, w.C.N("n1").Exits(), "nobody was to lead in its place")
		require.Zero(t, w.C.Rules())

		// The old leader cannot be killed.
		w, o = world(2)
		w.C.N("n1").IgnoreSignals()
		f = fault(t, w, 1)
		require.ErrorContains(t, f.Inject(t.Context()), "n1 was killed and is still running")
		require.Empty(t, o.asked, "nobody is promoted beside it")
		require.NoError(t, f.Heal(t.Context()))

		w, _ = world(1)
		require.ErrorContains(t, fault(t, w, 0).Inject(t.Context()), "there is no link between n1 and another node")
	})
}

func TestRefusals(t *testing.T) {
	kind := failover.Kinds()[0]
	w, o := world(3)
	require.NoError(t, kind.Available(o, w.Config()))
	plain := fake.New(3)
	require.ErrorContains(t, kind.Available(plain.S, plain.Config()), "decide by themselves")
	o.Alone = true
	require.ErrorContains(t, kind.Available(o, w.Config()), "no connections to each other")
	require.Equal(t, 2, kind.Nodes)

	for want, f := range map[string]plan.Fault{
		"no argument":      {Target: "leader", For: time.Second, Args: map[string]int64{"speed": 1}},
		`not on "n2"`:      {Target: "n2", For: time.Second},
		"give it at least": {Target: "leader", For: time.Second, Args: map[string]int64{"stay_ms": 1001}},
	} {
		_, err := kind.New(f, w)
		require.ErrorContains(t, err, want)
	}
	_, err := kind.New(plan.Fault{Target: "leader", For: 5 * time.Second}, plain)
	require.ErrorContains(t, err, "decide by themselves")
	require.True(t, slices.Contains(kind.Targets, "leader"))
	require.LessOrEqual(t, kind.Args["stay_ms"][1], kind.Length.Milliseconds())
}
