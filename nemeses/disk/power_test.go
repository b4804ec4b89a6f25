package disk_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/nemeses/disk"
	"github.com/tertium-dev/tertium/nemeses/internal/fake"
)

func TestPowerLoss(t *testing.T) {
	w := fake.New(3)
	fault, err := find(t, "power-loss").New(plan.Fault{
		Kind: "power-loss", Target: "all", Salt: 3, Args: map[string]int64{"torn": 1, "age": 5, "strict": 1},
	}, w)
	require.NoError(t, err)
	require.Zero(t, fault.Evidence().Count)
	require.NoError(t, fault.Inject(t.Context()))
	salts := map[uint64]bool{}
	for _, name := range []string{"n1", "n2", "n3"} {
		require.Equal(t, cluster.Down, w.C.N(name).State())
		losses := w.C.N(name).D().Losses()
		require.Len(t, losses, 1)
		salts[losses[0].Salt] = true
		losses[0].Salt = 0
		require.Equal(t, cluster.PowerLoss{Strict: true, Age: 5 * time.Second, Tear: true}, losses[0])
	}
	require.Len(t, salts, 3, "each disk loses in its own way")
	const lost = "2 writes with 20 bytes and 1 changes of names lost, 5 of the 10 bytes written last to log kept"
	require.Equal(t, harness.Evidence{
		Count: 3, Where: []string{"n1", "n2", "n3"}, What: "n1: " + lost + "; n2: " + lost + "; n3: " + lost,
	}, fault.Evidence())
	for range 2 {
		require.NoError(t, fault.Heal(t.Context()))
	}
	require.Equal(t, cluster.Running, w.C.N("n2").State())
}

// A disk that the node does not use proves nothing.
func TestDiskThatIsNotUsed(t *testing.T) {
	for _, name := range []string{"power-loss", "bit-flip"} {
		w := fake.New(1)
		w.C.N("n1").D().Idle()
		fault, err := find(t, name).New(plan.Fault{Kind: name, Target: "all"}, w)
		require.NoError(t, err)
		require.ErrorContains(t, fault.Inject(t.Context()), "never asked anything of its disk")
		require.Zero(t, fault.Evidence().Count)
		require.NoError(t, fault.Heal(t.Context()))
		require.Equal(t, cluster.Running, w.C.N("n1").State())
	}
}

func TestRequests(t *testing.T) {
	reading := cluster.DiskRequest{Op: cluster.DiskRead}
	writing := cluster.DiskRequest{Op: cluster.DiskWrite}
	growing := cluster.DiskRequest{Op: cluster.DiskWrite, Grows: true}
	syncing := cluster.DiskRequest{Op: cluster.DiskSync}
	slow, eio := cluster.DiskAction{Delay: 70 * time.Millisecond}, cluster.DiskAction{Err: syscall.EIO}
	for name, test := range map[string]struct {
		kind string
		args map[string]int64
		want map[cluster.DiskRequest]cluster.DiskAction
	}{
		"slow":        {"slow-fsync", map[string]int64{"millis": 70}, map[cluster.DiskRequest]cluster.DiskAction{syncing: slow}},
		"reads fail":  {"disk-eio", map[string]int64{"ops": 0}, map[cluster.DiskRequest]cluster.DiskAction{reading: eio}},
		"writes fail": {"disk-eio", map[string]int64{"ops": 1}, map[cluster.DiskRequest]cluster.DiskAction{writing: eio, growing: eio}},
		"fsyncs fail": {"disk-eio", map[string]int64{"ops": 2}, map[cluster.DiskRequest]cluster.DiskAction{syncing: eio}},
		"all fail": {"disk-eio", map[string]int64{"ops": 3}, map[cluster.DiskRequest]cluster.DiskAction{
			reading: eio, writing: eio, growing: eio, syncing: eio,
		}},
		"full": {"disk-full", nil, map[cluster.DiskRequest]cluster.DiskAction{growing: {Err: syscall.ENOSPC}}},
	} {
		t.Run(name, func(t *testing.T) {
			w := fake.New(2)
			fault, err := find(t, test.kind).New(plan.Fault{Kind: test.kind, Target: "n1", Args: test.args}, w)
			require.NoError(t, err)
			require.NoError(t, fault.Inject(t.Context()))
			require.Zero(t, w.C.N("n2").D().Rules())
			for _, request := range []cluster.DiskRequest{reading, writing, growing, syncing} {
				require.Equal(t, test.want[request], w.C.N("n1").D().Ask(request), "%+v", request)
			}
			require.EqualValues(t, len(test.want), fault.Evidence().Count)
			require.Equal(t, []string{"n1"}, fault.Evidence().Where)
			w.C.N("n1").Crash() // as some do when their disk fails
			for range 2 {
				require.NoError(t, fault.Heal(t.Context()))
			}
			require.Zero(t, w.C.N("n1").D().Rules())
			require.Equal(t, cluster.Running, w.C.N("n1").State())
		})
	}
}

// durableSystem promises to survive a loss of power.
type durableSystem struct{ fake.System }

func (durableSystem) Durable(plan.Config) bool { return true }

// What a system does not promise to survive accuses nobody.
func TestPromises(t *testing.T) {
	kind := find(t, "power-loss")
	require.False(t, kind.Promised(&fake.System{}, plan.Config{}))
	require.True(t, kind.Promised(&durableSystem{}, plan.Config{}))
	for _, kind := range disk.Kinds() {
		if kind.Name != "power-loss" && kind.Name != "torn-write" {
			require.True(t, kind.OptIn, kind.Name)
		}
	}
}

// An engine on another machine cannot use a disk of this one.
func TestEngineElsewhere(t *testing.T) {
	t.Setenv("DOCKER_HOST", "tcp://10.0.0.1:2375")
	err := find(t, "power-loss").Available(&fake.System{}, plan.Config{Runtime: "docker"})
	require.EqualError(t, err, "the Docker Engine at tcp://10.0.0.1:2375 cannot use a disk of this machine")
}
