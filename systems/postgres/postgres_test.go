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

// started returns the arguments of the script of each node.
func started(t *testing.T, c plan.Config) [][]string {
	t.Helper()
	specs, err := System{}.Nodes(c)
	require.NoError(t, err)
	require.NoError(t, cluster.Check(specs))
	var all [][]string
	for _, spec := range specs {
		command := spec.Command(cluster.Place{Data: "/data", Listen: map[string]string{"client": "0.0.0.0:7001"}})
		require.Equal(t, "/bin/sh", command.Path)
		require.Equal(t, []string{"-c", start}, command.Args[:2])
		all = append(all, command.Args[2:])
	}
	return all
}

func TestNodes(t *testing.T) {
	common := []string{"-c", "deadlock_timeout=20ms", "-c", "max_connections=400", "-c", "synchronous_commit=on", "-c", "fsync=on"}
	c := config()
	require.Equal(t, [][]string{append([]string{"start.sh", "/data", "0.0.0.0", "7001", "", "", ""}, common...)}, started(t, c))

	c.Nodes = []string{"n1", "n2", "n3"}
	specs, err := System{}.Nodes(c)
	require.NoError(t, err)
	require.Equal(t, []string{"n1", "n3"}, specs[1].Peers)
	nodes := started(t, c)
	require.Equal(t, []string{"start.sh", "/data", "0.0.0.0", "7001", "n1", "n1", "n2 n3", "-c", "wal_keep_size=1GB"}, nodes[0][:9])
	require.Equal(t, []string{"n3", "n1", "n1 n2"}, nodes[2][4:7])
	require.NotContains(t, nodes[0], "synchronous_standby_names=*")
	c.Options = map[string]string{"replication": "sync", "synchronous_commit": "off", "recovery_min_apply_delay": "5ms", "commit_delay": "2ms"}
	nodes = started(t, c)
	for _, node := range nodes {
		require.Contains(t, node, "synchronous_standby_names=*", "whoever is promoted waits too")
		require.Contains(t, node, "synchronous_commit=off")
		require.Contains(t, node, "recovery_min_apply_delay=5")
		require.Contains(t, node, "commit_delay=2000")
	}

	for name, value := range map[string]string{
		"fsync": "maybe", "synchronous_commit": "local", "isolation": "snapshot", "replication": "semi", "reads": "none", "dedupe": "no",
	} {
		c = config()
		c.Options = map[string]string{name: value}
		_, err := System{}.Nodes(c)
		require.ErrorContains(t, err, "option "+name+" is \""+value+"\"; it may be one of [")
	}
	for _, delay := range []string{"5", "-1ms", "100us"} {
		c.Options = map[string]string{"recovery_min_apply_delay": delay}
		_, err := System{}.Nodes(c)
		require.ErrorContains(t, err, "in whole units of 1ms")
	}
	c = config()
	c.Nodes = []string{"n1", "n2", "n3", "n4"}
	_, err = System{}.Nodes(c)
	require.ErrorContains(t, err, "4 nodes were asked for; it runs as one to three")
	c.Nodes, c.Runtime = []string{"n1", "n2"}, "local"
	_, err = System{}.Nodes(c)
	require.ErrorContains(t, err, "use --runtime docker, or --nodes 1")
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
