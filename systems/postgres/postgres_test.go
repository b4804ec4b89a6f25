package postgres

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

func config() plan.Config {
	c := plan.Config{System: "postgres", Workload: "register", Runtime: "docker"}
	System{}.Defaults(&c)
	return c
}

func TestNodes(t *testing.T) {
	c := config()
	specs, err := System{}.Nodes(c)
	require.NoError(t, err)
	require.NoError(t, cluster.Check(specs))
	command := specs[0].Command(cluster.Place{Data: "/data", Listen: map[string]string{"client": "0.0.0.0:7001"}})
	require.Equal(t, []string{"start.sh", "/data", "0.0.0.0", "7001", "-c", "synchronous_commit=on", "-c", "fsync=on"}, command.Args[2:])

	c.Options = map[string]string{"fsync": "maybe"}
	_, err = System{}.Nodes(c)
	require.ErrorContains(t, err, `option fsync is "maybe"; it may be on or off`)
	c.Options, c.Nodes = nil, []string{"n1", "n2"}
	_, err = System{}.Nodes(c)
	require.ErrorContains(t, err, "2 nodes were asked for")
	if os.Geteuid() == 0 {
		c = config()
		c.Runtime = "local"
		_, err = System{}.Nodes(c)
		require.ErrorContains(t, err, "does not run as root")
	}
}

// What the client makes of a real server, which forgets nothing when it is
// killed. It runs in a container; make test-docker asks for that.
func TestRealServer(t *testing.T) {
	if os.Getenv("TERTIUM_DOCKER") != "1" {
		t.Skip("SKIP: it needs Docker; make test-docker runs it")
	}
	specs, err := System{}.Nodes(config())
	require.NoError(t, err)
	program := os.Getenv("TERTIUM_PROGRAM")
	require.NotEmpty(t, program, "TERTIUM_PROGRAM names a static build of this program")
	c, err := docker.Runtime{Program: program}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	n := c.Node("n1")
	require.NoError(t, n.Start(t.Context()))

	client, err := System{}.Open("n1", c.Link(cluster.Client, "n1").Addr(), config())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, client.Close()) })
	do := func(f string, value any) harness.Completion {
		return client.Invoke(t.Context(), harness.Invocation{F: f, Key: "r1", Value: value})
	}
	ok := func(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }
	require.Equal(t, ok(nil), do("read", nil))
	require.Equal(t, harness.Completion{Outcome: history.Fail, Error: "mismatch"}, do("cas", []any{int64(1), int64(2)}))
	require.Equal(t, ok(nil), do("write", int64(1)))
	require.Equal(t, ok(nil), do("cas", []any{int64(1), int64(2)}))
	require.Equal(t, harness.Completion{Outcome: history.Fail, Error: "mismatch", Value: int64(2)}, do("cas", []any{int64(1), int64(3)}))

	require.NoError(t, n.Kill())
	require.NotEqual(t, history.OK, do("write", int64(9)).Outcome)
	require.Equal(t, history.Fail, do("write", int64(9)).Outcome, "refused, and so never sent")
	require.NoError(t, n.Start(t.Context()))
	require.Equal(t, ok(int64(2)), do("read", nil))
}
