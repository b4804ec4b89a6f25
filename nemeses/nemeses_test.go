package nemeses_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses"
	"github.com/tertium-dev/tertium/nemeses/internal/fake"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestAll(t *testing.T) {
	var text strings.Builder
	for _, kind := range nemeses.All() {
		fmt.Fprintf(&text, "%s/%s: %s\n", kind.Family, kind.Name, kind.Doc)
		fmt.Fprintf(&text, "\ttargets %s; at least %d nodes; %v\n", strings.Join(kind.Targets, ", "), kind.Nodes, kind.Length)
		for _, name := range slices.Sorted(maps.Keys(kind.Args)) {
			fmt.Fprintf(&text, "\t%s from %d to %d\n", name, kind.Args[name][0], kind.Args[name][1])
		}
	}
	const golden = "testdata/kinds.golden"
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(text.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), text.String(), "run the test with -update if this is meant")
}

func TestKindsAreWhole(t *testing.T) {
	names := map[string]bool{}
	for _, kind := range nemeses.All() {
		require.NotContains(t, names, kind.Name, "two kinds of one name")
		names[kind.Name] = true
		require.NotEmpty(t, kind.Targets, kind.Name)
		require.Positive(t, kind.Length, kind.Name)
		require.NotContains(t, kind.Doc, "\n", kind.Name)
		for arg, span := range kind.Args {
			require.GreaterOrEqual(t, span[0], int64(0), "%s %s", kind.Name, arg)
			require.GreaterOrEqual(t, span[1], span[0], "%s %s", kind.Name, arg)
		}
		found, ok := nemeses.Find(kind.Name)
		require.True(t, ok)
		require.Equal(t, kind.Doc, found.Doc)
	}
	_, ok := nemeses.Find("gremlins")
	require.False(t, ok)
}

// waits are the faults of the disk that take effect when nodes ask something of it.
var waits = map[string]bool{"slow-fsync": true, "disk-eio": true, "disk-full": true}

// able is a system that does whatever faults may ask of one.
type able struct {
	fake.TearableSystem
	world *fake.World
}

func (a *able) Promote(_ context.Context, _ cluster.Cluster, node string) error {
	a.world.Lead(node)
	return nil
}

// Defragment is never done before the node is killed.
func (*able) Defragment(ctx context.Context, node cluster.Node) error {
	for node.State() != cluster.Down && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	return errors.New("the connection ended")
}

// Whatever the planner may draw, a fault of it can be made, injected, healed,
// and healed again; and it claims no effect on messages that never came.
func TestWhatThePlannerDrawsWorks(t *testing.T) {
	for _, kind := range nemeses.All() {
		for _, target := range kind.Targets {
			for end := range 2 {
				t.Run(fmt.Sprintf("%s on %s, end %d of its arguments", kind.Name, target, end), func(t *testing.T) {
					w := fake.New(max(3, kind.Nodes))
					w.Lead("n2")
					w.S = &able{world: w, TearableSystem: fake.TearableSystem{
						System:   fake.System{Proto: "http/1.1", Once: "once"},
						TearFunc: func(string, uint64) (string, error) { return "torn", nil },
					}}
					for _, node := range w.C.Nodes() {
						w.C.N(node.Name()).SetData("/data")
					}
					if !kind.Disk { // which needs more than a fake world
						named := w.Config()
						named.Faults = []string{kind.Name}
						require.NoError(t, kind.Available(w.S, named))
					}
					args := map[string]int64{}
					for name, span := range kind.Args {
						args[name] = span[end]
					}
					fault, err := kind.New(plan.Fault{Ref: "f1", Kind: kind.Name, Target: target, For: kind.Length, Args: args}, w)
					require.NoError(t, err)
					require.Zero(t, fault.Evidence().Count)
					require.NoError(t, fault.Inject(t.Context()))
					if kind.Family == "wire" || kind.Family == "link" || kind.Name == "kill-at-ack" || waits[kind.Name] {
						require.Zero(t, fault.Evidence().Count)
					} else {
						require.Positive(t, fault.Evidence().Count)
						require.NotEmpty(t, fault.Evidence().Where)
					}
					for range 2 {
						require.NoError(t, fault.Heal(t.Context()))
					}
					require.Zero(t, w.C.Rules())
					for _, node := range w.C.Nodes() {
						require.Equal(t, "running", node.State().String())
					}
				})
			}
		}
	}
}

func TestIdleDoesNothingAndSaysSo(t *testing.T) {
	all := nemeses.All()
	idle := nemeses.Idle(all)
	require.Len(t, idle, len(all))
	for i, kind := range idle {
		require.Equal(t, all[i].Name, kind.Name)
		w := fake.New(3)
		fault, err := kind.New(plan.Fault{Target: kind.Targets[0]}, w)
		require.NoError(t, err)
		require.NoError(t, fault.Inject(t.Context()))
		require.Zero(t, w.C.Rules())
		for _, node := range w.C.Nodes() {
			require.Empty(t, node.Exits())
			require.Equal(t, "running", node.State().String())
		}
		require.NoError(t, fault.Heal(t.Context()))
		require.Equal(t, harness.Evidence{What: "nothing was done"}, fault.Evidence())
	}
	real, err := all[0].New(plan.Fault{Target: "all"}, fake.New(1))
	require.NoError(t, err)
	require.NotEqual(t, "nothing was done", real.Evidence().What, "the kinds given are left as they are")
}

func TestFramers(t *testing.T) {
	for name, framer := range nemeses.Framers() {
		require.Equal(t, name, framer.Name())
	}
	require.Contains(t, nemeses.Framers(), "http/1.1")
}
