package link_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/internal/fake"
	"github.com/tertium-dev/tertium/nemeses/link"
)

var (
	there = cluster.Message{Bytes: []byte("chunk")}
	back  = cluster.Message{Bytes: []byte("chunk"), Reply: true}
)

func kind(t *testing.T, name string) harness.FaultKind {
	t.Helper()
	kinds := link.Kinds()
	i := slices.IndexFunc(kinds, func(k harness.FaultKind) bool { return k.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return kinds[i]
}

func inject(t *testing.T, w *fake.World, f plan.Fault) harness.Fault {
	t.Helper()
	fault, err := kind(t, f.Kind).New(f, w)
	require.NoError(t, err)
	require.NoError(t, fault.Inject(t.Context()))
	return fault
}

// passing lists the ways that still pass, seen from the links: "n1→n2" if what
// n1 sends reaches n2 on connections of n1, "n2←n1" if it does on those of n2,
// and "n1⇢n2" if n1 can open connections.
func passing(w *fake.World) []string {
	var ways []string
	for _, l := range w.C.Links() {
		link := w.C.L(l.From(), l.To())
		if !link.Send(there).Drop {
			ways = append(ways, l.From()+"→"+l.To())
		}
		if !link.Send(back).Drop {
			ways = append(ways, l.From()+"←"+l.To())
		}
		if !link.Dial().Drop {
			ways = append(ways, l.From()+"⇢"+l.To())
		}
	}
	return slices.DeleteFunc(ways, func(w string) bool { return w[0] == 'c' })
}

func TestPartitions(t *testing.T) {
	for name, test := range map[string]struct {
		fault   plan.Fault
		passing []string
		where   []string
		what    string
	}{
		"whole": {
			plan.Fault{Kind: "partition", Target: "n2"},
			[]string{"n3→n1", "n3←n1", "n3⇢n1", "n1→n3", "n1←n3", "n1⇢n3"},
			[]string{"n1→n2", "n2→n1", "n2→n3", "n3→n2"},
			"8 messages lost and 4 connections left unanswered between nodes",
		},
		"leader": {
			plan.Fault{Kind: "partition-leader", Target: "leader"},
			[]string{"n3→n2", "n3←n2", "n3⇢n2", "n2→n3", "n2←n3", "n2⇢n3"},
			[]string{"n1→n2", "n1→n3", "n2→n1", "n3→n1"},
			"8 messages lost and 4 connections left unanswered between nodes",
		},
		"not heard": {
			plan.Fault{Kind: "partition-one-way", Target: "n2", Args: map[string]int64{"deaf": 0}},
			[]string{
				"n2←n1", "n3→n1", "n3←n1", "n3⇢n1", "n1→n2", "n1⇢n2", "n3→n2", "n3⇢n2",
				"n1→n3", "n1←n3", "n1⇢n3", "n2←n3",
			},
			[]string{"n2→n1", "n2→n3"},
			"4 messages lost and 2 connections left unanswered between nodes",
		},
		"hearing nothing": {
			plan.Fault{Kind: "partition-one-way", Target: "n2", Args: map[string]int64{"deaf": 1}},
			[]string{
				"n2→n1", "n2⇢n1", "n3→n1", "n3←n1", "n3⇢n1", "n1←n2", "n3←n2",
				"n1→n3", "n1←n3", "n1⇢n3", "n2→n3", "n2⇢n3",
			},
			[]string{"n1→n2", "n3→n2"},
			"4 messages lost and 2 connections left unanswered between nodes",
		},
		"bridge": {
			plan.Fault{Kind: "partition-bridge", Target: "n3"},
			[]string{"n3→n1", "n3←n1", "n3⇢n1", "n3→n2", "n3←n2", "n3⇢n2", "n1→n3", "n1←n3", "n1⇢n3", "n2→n3", "n2←n3", "n2⇢n3"},
			[]string{"n1→n2", "n2→n1"},
			"4 messages lost and 2 connections left unanswered between nodes",
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := fake.New(3)
			w.Lead("n1")
			whole := passing(w)
			fault := inject(t, w, test.fault)
			require.Equal(t, harness.Evidence{
				Where: test.where, What: "0 messages lost and 0 connections left unanswered between nodes",
			}, fault.Evidence(), "nothing is lost before something is sent")

			require.Equal(t, test.passing, passing(w))
			require.Equal(t, test.what, fault.Evidence().What)
			require.EqualValues(t, len(whole)-len(test.passing), fault.Evidence().Count)
			for _, node := range w.C.Nodes() {
				require.Zero(t, w.C.L(cluster.Client, node.Name()).Rules(), "clients reach every node")
			}

			for range 2 {
				require.NoError(t, fault.Heal(t.Context()))
				require.Equal(t, whole, passing(w))
			}
		})
	}
}

func TestRingCutsFive(t *testing.T) {
	w := fake.New(5)
	fault := inject(t, w, plan.Fault{Kind: "partition-ring", Target: "all", Salt: 9})
	require.Len(t, fault.Evidence().Where, 10, "each of five nodes does not reach two")
	require.NoError(t, fault.Heal(t.Context()))
	require.Zero(t, w.C.Rules())
}

func TestLatency(t *testing.T) {
	w := fake.New(3)
	fault := inject(t, w, plan.Fault{
		Kind: "link-latency", Target: "n1", Salt: 3, Args: map[string]int64{"delay_ms": 10, "jitter_ms": 5},
	})
	require.Equal(t, harness.Evidence{
		Where: []string{"n2→n1", "n3→n1", "n1→n2", "n1→n3"}, What: "0 messages between nodes delayed",
	}, fault.Evidence())
	var delays []time.Duration
	for range 100 {
		for _, m := range []cluster.Message{there, back} {
			delay := w.C.L("n1", "n3").Send(m).Delay
			require.GreaterOrEqual(t, delay, 10*time.Millisecond)
			require.LessOrEqual(t, delay, 15*time.Millisecond)
			delays = append(delays, delay)
		}
	}
	slices.Sort(delays)
	require.Greater(t, len(slices.Compact(delays)), 150, "delays differ")
	require.Zero(t, w.C.L("n2", "n3").Send(there).Delay)
	require.Zero(t, w.C.L("n1", "n2").Dial())
	require.EqualValues(t, 200, fault.Evidence().Count)
	for range 2 {
		require.NoError(t, fault.Heal(t.Context()))
		require.Zero(t, w.C.Rules())
	}
}

func TestLatencyOfNothingIsNoEvidence(t *testing.T) {
	w := fake.New(2)
	fault := inject(t, w, plan.Fault{
		Kind: "link-latency", Target: "all", Args: map[string]int64{"delay_ms": 0, "jitter_ms": 0},
	})
	require.Zero(t, w.C.L("n1", "n2").Send(there).Delay)
	require.Zero(t, fault.Evidence().Count)
}

func TestInjectionThatFails(t *testing.T) {
	for _, kind := range link.Kinds() {
		w := fake.New(1)
		w.Lead("n1")
		fault, err := kind.New(plan.Fault{Target: kind.Targets[0]}, w)
		require.NoError(t, err)
		require.ErrorContains(t, fault.Inject(t.Context()), "no link between nodes", kind.Name)
		require.NoError(t, fault.Heal(t.Context()))

		w.Lead("n9")
		fault, err = kind.New(plan.Fault{Target: kind.Targets[0]}, w)
		require.NoError(t, err)
		require.Error(t, fault.Inject(t.Context()), kind.Name)
		require.NoError(t, fault.Heal(t.Context()))
	}
}

func TestRefusals(t *testing.T) {
	w := fake.New(3)
	for name, test := range map[string]struct {
		fault plan.Fault
		want  string
	}{
		"target":        {plan.Fault{Kind: "partition", Target: "all"}, `"all" is not one of leader, follower, random, n1, n2, n3`},
		"fixed target":  {plan.Fault{Kind: "partition-leader", Target: "n1"}, `only be put on "leader", not on "n1"`},
		"argument":      {plan.Fault{Kind: "partition", Target: "n1", Args: map[string]int64{"deaf": 1}}, "no argument"},
		"delay's words": {plan.Fault{Kind: "link-latency", Target: "majority"}, "is not one of"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := kind(t, test.fault.Kind).New(test.fault, w)
			require.ErrorContains(t, err, test.want)
		})
	}
}

type broken struct{ fake.System }

func (broken) Nodes(plan.Config) ([]cluster.Spec, error) { return nil, errors.New("no such number") }

func TestAvailable(t *testing.T) {
	config := fake.New(3).Config()
	for _, kind := range link.Kinds() {
		require.NoError(t, kind.Available(&fake.System{}, config))
		require.ErrorContains(t, kind.Available(&fake.System{Alone: true}, config), "no connections to each other")
		require.ErrorContains(t, kind.Available(&broken{}, config), "no such number")
	}
}
