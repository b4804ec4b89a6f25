package rabbitmq

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/nemeses/wire"
)

func TestNodes(t *testing.T) {
	config := planConfig()
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	require.NoError(t, cluster.Check(specs))
	require.Len(t, specs, 3)
	require.Equal(t, []string{"n1", "n3"}, specs[1].Peers)
	place := cluster.Place{Data: "/data", Listen: map[string]string{
		"client": "0.0.0.0:7001", "peer": "0.0.0.0:7002", "management": "0.0.0.0:7003",
	}}
	require.Equal(t, []string{"start.sh", "/data", "7001", "7002", "7003", "n2", "n1 n2 n3", "pause_minority", "quorum"},
		specs[1].Command(place).Args[2:])

	config.Options = map[string]string{"queue": mirrored, "partition_handling": "autoheal", "delivery": "at-least-once"}
	specs, err = System{}.Nodes(config)
	require.NoError(t, err)
	require.Equal(t, []string{"autoheal", "classic-mirrored"}, specs[1].Command(place).Args[9:])

	for name, value := range map[string]string{"queue": "stack", "partition_handling": "hope", "delivery": "exactly-once"} {
		config.Options = map[string]string{name: value}
		_, err = System{}.Nodes(config)
		require.ErrorContains(t, err, "option "+name+" is")
		_, err = System{}.Open("n1", "127.0.0.1:1", config)
		require.ErrorContains(t, err, "option "+name+" is")
	}
	config.Options, config.Runtime = nil, "local"
	_, err = System{}.Nodes(config)
	require.ErrorContains(t, err, "use --runtime docker")
}

// What the client makes of a real cluster, through links that know the protocol.
// It runs in containers; make test-docker asks for that.
func TestRealCluster(t *testing.T) {
	if os.Getenv("TERTIUM_DOCKER") != "1" {
		t.Skip("SKIP: it needs Docker; make test-docker runs it")
	}
	program := os.Getenv("TERTIUM_PROGRAM")
	require.NotEmpty(t, program, "TERTIUM_PROGRAM names a static build of this program")
	for _, kind := range []string{quorum, mirrored} {
		t.Run(kind, func(t *testing.T) {
			config := planConfig()
			config.Options = map[string]string{"queue": kind}
			specs, err := System{}.Nodes(config)
			require.NoError(t, err)
			c, err := docker.Runtime{Program: program}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir(), Framer: wire.AMQP{}})
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, c.Close()) })
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			group, starting := errgroup.WithContext(ctx)
			for _, n := range c.Nodes() {
				group.Go(func() error { return n.Start(starting) })
			}
			require.NoError(t, group.Wait())
			settle := func() {
				t.Helper()
				for {
					err := System{}.Settled(ctx, c)
					if err == nil {
						return
					}
					require.NoError(t, ctx.Err(), "%v", err)
					time.Sleep(200 * time.Millisecond)
				}
			}
			settle()
			try(t, ctx, c, settle)
		})
	}
}

// try does operations on all nodes, one of which is away for a while.
func try(t *testing.T, ctx context.Context, c cluster.Cluster, settle func()) {
	config := planConfig()
	clients := map[string]harness.Client{}
	for _, n := range c.Nodes() {
		client, err := System{}.Open(n.Name(), c.Link(cluster.Client, n.Name()).Addr(), config)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, client.Close()) })
		clients[n.Name()] = client
	}
	do := func(node, f string, value any) harness.Completion {
		return clients[node].Invoke(ctx, harness.Invocation{F: f, Key: "q0", Value: value})
	}
	ok := func(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }
	empty := harness.Completion{Outcome: history.Fail, Error: "empty"}

	require.Equal(t, empty, do("n1", "dequeue", nil))
	require.Equal(t, ok(nil), do("n1", "enqueue", int64(1)))
	require.Equal(t, ok(int64(1)), do("n2", "dequeue", nil))
	require.Equal(t, empty, do("n2", "dequeue", nil))
	var all []any
	for i := range int64(100) {
		require.Equal(t, ok(nil), do("n3", "enqueue", i))
		all = append(all, i)
	}
	require.NoError(t, c.Node("n1").Kill())
	require.Equal(t, history.Fail, do("n1", "enqueue", int64(999)).Outcome, "nobody is there")
	require.Eventually(t, func() bool {
		// What is put in twice may come out twice.
		return do("n3", "enqueue", int64(100)).Outcome == history.OK
	}, 5*time.Minute, time.Second)
	require.NoError(t, c.Node("n1").Start(ctx))
	settle()
	drained := do("n1", "drain", nil)
	require.Equal(t, history.OK, drained.Outcome, drained.Error)
	require.Subset(t, drained.Value, all)
	require.Contains(t, drained.Value, int64(100))
	require.Equal(t, ok([]any{}), do("n2", "drain", nil))
	for _, l := range c.Links() {
		if m, is := l.(cluster.Misreader); is {
			misread, err := m.Misread()
			require.Zero(t, misread, "%v", err)
		}
	}
}
