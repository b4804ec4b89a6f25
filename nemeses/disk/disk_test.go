package disk_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/disk"
	"github.com/tertium-dev/tertium/nemeses/internal/fake"
)

// world returns three nodes with data folders, whose logs are torn by a
// function that also notes the salts.
func world(t *testing.T, tear func(data string) error) (*fake.World, map[string]uint64) {
	t.Helper()
	w := fake.New(3)
	w.Lead("n1")
	salts := map[string]uint64{}
	for _, node := range w.C.Nodes() {
		w.C.N(node.Name()).SetData("/data/" + node.Name())
	}
	w.S = &fake.TearableSystem{TearFunc: func(data string, salt uint64) (string, error) {
		node := w.C.N(data[len("/data/"):])
		require.Equal(t, cluster.Down, node.State(), "a log is torn only while its node is down")
		salts[node.Name()] = salt
		return fmt.Sprintf("7 of 30 bytes in %s/log", data), tear(data)
	}}
	return w, salts
}

func find(t *testing.T, name string) harness.FaultKind {
	t.Helper()
	kinds := disk.Kinds()
	i := slices.IndexFunc(kinds, func(k harness.FaultKind) bool { return k.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return kinds[i]
}

func tornWrite(t *testing.T, w *fake.World, target string) harness.Fault {
	t.Helper()
	fault, err := find(t, "torn-write").New(plan.Fault{Kind: "torn-write", Target: target, Salt: 5}, w)
	require.NoError(t, err)
	require.Equal(t, harness.Evidence{What: "no log was torn"}, fault.Evidence())
	return fault
}

func TestTornWrite(t *testing.T) {
	w, salts := world(t, func(string) error { return nil })
	fault := tornWrite(t, w, "all")
	require.NoError(t, fault.Inject(t.Context()))
	const torn = "n1: 7 of 30 bytes in /data/n1/log; n2: 7 of 30 bytes in /data/n2/log; n3: 7 of 30 bytes in /data/n3/log"
	require.Equal(t, harness.Evidence{
		Count: 3, Where: []string{"n1", "n2", "n3"}, What: torn + "; running again: none",
	}, fault.Evidence())
	require.Len(t, map[uint64]bool{salts["n1"]: true, salts["n2"]: true, salts["n3"]: true}, 3, "each log is torn in its own way")
	for range 2 {
		require.NoError(t, fault.Heal(t.Context()))
		require.Equal(t, torn+"; running again: n1, n2, n3", fault.Evidence().What)
	}
	require.Equal(t, 1, w.C.N("n1").Starts())
}

func TestNodeThatDoesNotComeBack(t *testing.T) {
	w, _ := world(t, func(string) error { return nil })
	w.C.N("n1").OnStart(func(context.Context) error { return errors.New("checksum mismatch") })
	fault := tornWrite(t, w, "leader")
	require.NoError(t, fault.Inject(t.Context()))
	require.EqualError(t, fault.Heal(t.Context()), "starting n1 again: checksum mismatch")
	require.Equal(t, "n1: 7 of 30 bytes in /data/n1/log; running again: none", fault.Evidence().What)
	require.EqualValues(t, 1, fault.Evidence().Count)
}

func TestInjectionThatFails(t *testing.T) {
	for name, test := range map[string]struct {
		prepare func(*fake.World)
		want    string
	}{
		"no folder":      {func(w *fake.World) { w.C.N("n1").SetData("") }, "tearing the log of n1: its runtime shows no data folder"},
		"no log":         {func(*fake.World) {}, "tearing the log of n1: no log there"},
		"not to be shot": {func(w *fake.World) { w.C.N("n1").IgnoreSignals() }, "n1 was killed and is still running"},
		"strange leader": {func(w *fake.World) { w.Lead("n9") }, `torn-write: the system says that "n9" leads`},
	} {
		t.Run(name, func(t *testing.T) {
			w, _ := world(t, func(string) error { return errors.New("no log there") })
			test.prepare(w)
			fault := tornWrite(t, w, "leader")
			require.ErrorContains(t, fault.Inject(t.Context()), test.want)
			require.Zero(t, fault.Evidence().Count)
			require.NoError(t, fault.Heal(t.Context()))
			require.Equal(t, cluster.Running, w.C.N("n1").State())
		})
	}
}

func TestRefusals(t *testing.T) {
	kind := find(t, "torn-write")
	w, _ := world(t, func(string) error { return nil })
	require.NoError(t, kind.Available(w.S, w.Config()))
	contained := w.Config()
	contained.Runtime = "docker"
	require.ErrorContains(t, kind.Available(w.S, contained), "volume")
	_, err := kind.New(plan.Fault{Target: "majority"}, w)
	require.ErrorContains(t, err, "is not one of")
	_, err = kind.New(plan.Fault{Target: "n1", Args: map[string]int64{"percent": 1}}, w)
	require.ErrorContains(t, err, "no argument")
	plain := fake.New(3)
	require.ErrorContains(t, kind.Available(plain.S, plain.Config()), "fake cannot tear its logs")
	_, err = kind.New(plan.Fault{Target: "n1"}, plain)
	require.ErrorContains(t, err, "cannot tear")
}
