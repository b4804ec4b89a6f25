package redis

import (
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

func planConfig() plan.Config {
	config := plan.Config{System: "redis", Workload: "register", Runtime: "docker"}
	System{}.Defaults(&config)
	return config
}

func severalNodes() plan.Config {
	config := planConfig()
	config.Nodes = []string{"n1", "n2", "n3"}
	return config
}

func TestNodes(t *testing.T) {
	config := planConfig()
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	require.Len(t, specs, 1)
	require.NoError(t, cluster.Check(specs))
	command := specs[0].Command(cluster.Place{Data: "/data", Listen: map[string]string{"client": "0.0.0.0:7001"}})
	require.Equal(t, []string{
		"--bind", "0.0.0.0", "--port", "7001", "--dir", "/data", "--protected-mode", "no", "--save", "",
		"--appendonly", "yes", "--appendfsync", "always",
	}, command.Args)

	config.Options = map[string]string{"appendfsync": "everysec"}
	specs, err = System{}.Nodes(config)
	require.NoError(t, err)
	require.Contains(t, specs[0].Command(cluster.Place{}).Args, "everysec")

	config.Options["appendfsync"] = "sometimes"
	_, err = System{}.Nodes(config)
	require.ErrorContains(t, err, `option appendfsync is "sometimes"; it may be one of ["always" "everysec" "no"]`)
	for option, says := range map[string]string{
		"reads=any": "option reads is for several nodes", "wait=1": "option wait is for several nodes",
		"down_after_ms=500": "option down_after_ms is for several nodes", "dedupe=luck": `option dedupe is "luck"`,
	} {
		config.Options = map[string]string{}
		name, value, _ := strings.Cut(option, "=")
		config.Options[name] = value
		_, err = System{}.Nodes(config)
		require.ErrorContains(t, err, says)
	}
}

// Several nodes have links to each other, and a Sentinel each unless there is to
// be none.
func TestSeveralNodes(t *testing.T) {
	config := severalNodes()
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	require.NoError(t, cluster.Check(specs))
	require.Len(t, specs, 3)
	require.Equal(t, []string{"n1", "n3"}, specs[1].Peers)
	place := cluster.Place{Data: "/data", Listen: map[string]string{"client": "0.0.0.0:7001", "sentinel": "0.0.0.0:7003"}}
	require.Equal(t, []string{
		"start.sh", "/data", "7001", "7003", "n2", "n1 n2 n3", "2000", "--appendonly", "yes", "--appendfsync", "always",
	}, specs[1].Command(place).Args[2:])

	config.Options = map[string]string{"sentinel": "off", "min-replicas-to-write": "1"}
	specs, err = System{}.Nodes(config)
	require.NoError(t, err)
	require.NotContains(t, specs[0].Ports, sentinelPort)
	delete(place.Listen, "sentinel")
	require.Equal(t, []string{
		"start.sh", "/data", "7001", "", "n2", "n1 n2 n3", "2000", "--appendonly", "yes", "--appendfsync", "always",
		"--min-replicas-to-write", "1",
	}, specs[1].Command(place).Args[2:])

	for option, says := range map[string]string{
		"down_after_ms=soon": "at least 100", "down_after_ms=5": "at least 100", "sentinel=maybe": `it may be one of ["on" "off"]`,
	} {
		config.Options = map[string]string{}
		name, value, _ := strings.Cut(option, "=")
		config.Options[name] = value
		_, err = System{}.Nodes(config)
		require.ErrorContains(t, err, says)
		_, err = System{}.Open("n1", "127.0.0.1:1", config)
		require.ErrorContains(t, err, says)
	}
	config.Nodes, config.Options = []string{"n1", "n2"}, map[string]string{"wait": "2"}
	_, err = System{}.Nodes(config)
	require.ErrorContains(t, err, "option wait is 2, and 2 nodes have 1 replicas: use --nodes 3")
	config.Runtime, config.Options = "local", nil
	_, err = System{}.Nodes(config)
	require.ErrorContains(t, err, "use --runtime docker")
}

// open makes the nodes of a config, and starts none: as processes if there is one
// and a server on PATH, and otherwise as containers, which make test-docker asks
// for.
func open(t *testing.T, config plan.Config) cluster.Cluster {
	t.Helper()
	var runtime cluster.Runtime
	if _, err := exec.LookPath(program); err == nil && len(config.Nodes) == 1 {
		config.Runtime, runtime = "local", local.Runtime{}
	} else {
		if os.Getenv("TERTIUM_DOCKER") != "1" {
			t.Skip("SKIP: it needs redis-server on PATH, or Docker; make test-docker runs it")
		}
		program := os.Getenv("TERTIUM_PROGRAM")
		require.NotEmpty(t, program, "TERTIUM_PROGRAM names a static build of this program")
		runtime = docker.Runtime{Program: program}
	}
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	c, err := runtime.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// What the client makes of a real server, which forgets nothing when it is
// killed.
func TestRealServer(t *testing.T) {
	config := planConfig()
	c := open(t, config)
	n := c.Node("n1")
	require.NoError(t, n.Start(t.Context()))
	primary, err := System{}.Primary(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "n1", primary)

	client, err := System{}.Open("n1", c.Link(cluster.Client, "n1").Addr(), config)
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
	// The end of the open connection may be seen before the write, or after it.
	require.NotEqual(t, history.OK, do("write", int64(9)).Outcome)
	require.Equal(t, history.Fail, do("write", int64(9)).Outcome, "refused, and so never sent")
	require.NoError(t, n.Start(t.Context()))
	require.Equal(t, ok(int64(2)), do("read", nil))

	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			other, err := System{}.Open("n1", c.Link(cluster.Client, "n1").Addr(), config)
			if err == nil {
				defer other.Close()
				other.Invoke(t.Context(), harness.Invocation{F: "write", Key: "r2", Value: int64(i)})
			}
		})
	}
	group.Wait()
	require.Equal(t, history.OK, do("read", nil).Outcome)
}

// What the other workloads make of a real server.
func TestRealServerByWorkload(t *testing.T) {
	config := planConfig()
	c := open(t, config)
	n := c.Node("n1")
	require.NoError(t, n.Start(t.Context()))
	addr := c.Link(cluster.Client, "n1").Addr()
	opened := func(workload string) *client {
		config.Workload = workload
		other, err := System{}.Open("n1", addr, config)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, other.Close()) })
		return other.(*client)
	}
	do := func(c *client, f, key string, value any) harness.Completion {
		return c.Invoke(t.Context(), harness.Invocation{F: f, Key: key, Value: value})
	}
	ok := func(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }
	one, two := int64(1), int64(2)

	sets := opened("set")
	require.Equal(t, ok([]any{}), do(sets, "read", "s1", nil))
	require.Equal(t, ok(true), do(sets, "add", "s1", one))
	require.Equal(t, ok(false), do(sets, "add", "s1", one))
	require.Equal(t, ok(true), do(sets, "add", "s1", two))
	require.Equal(t, ok(true), do(sets, "contains", "s1", two))
	require.Equal(t, ok(true), do(sets, "remove", "s1", two))
	require.Equal(t, ok(false), do(sets, "remove", "s1", two))
	require.Equal(t, ok(false), do(sets, "contains", "s1", two))
	require.Equal(t, ok([]any{one}), do(sets, "read", "s1", nil))

	counters := opened("counter")
	require.Equal(t, ok(int64(0)), do(counters, "read", "c1", nil))
	require.Equal(t, ok(nil), do(counters, "increment", "c1", nil))
	require.Equal(t, ok(nil), do(counters, "increment", "c1", nil))
	require.Equal(t, ok(two), do(counters, "read", "c1", nil))

	micro := func(f, key string, value any) any { return []any{f, key, value} }
	lists := opened("register+list-append")
	require.Equal(t,
		ok([]any{micro("r", "l1", []any{}), micro("append", "l1", one), micro("append", "l1", two), micro("r", "l1", []any{one, two})}),
		do(lists, "txn", "", []any{micro("r", "l1", nil), micro("append", "l1", one), micro("append", "l1", two), micro("r", "l1", nil)}))
	registers := opened("rw-register")
	require.Equal(t,
		ok([]any{micro("r", "x1", nil), micro("w", "x1", one), micro("r", "x1", one), micro("r", "x2", nil)}),
		do(registers, "txn", "", []any{micro("r", "x1", nil), micro("w", "x1", one), micro("r", "x1", nil), micro("r", "x2", nil)}))

	// What is refused before any write never was; what is refused after one was
	// in part.
	done := do(lists, "txn", "", []any{micro("r", "l1", nil), micro("append", "s1", int64(3)), micro("append", "l1", int64(4))})
	require.Equal(t, history.Fail, done.Outcome, done.Error)
	require.Contains(t, done.Error, "wrongtype")
	done = do(lists, "txn", "", []any{micro("append", "l1", int64(5)), micro("append", "s1", int64(6)), micro("append", "l1", int64(7))})
	require.Equal(t, history.Unknown, done.Outcome)
	require.Contains(t, done.Error, "half-done: after 1 of its writes: WRONGTYPE")
	seen := do(lists, "txn", "", []any{micro("r", "l1", nil)})
	require.Equal(t, ok([]any{micro("r", "l1", []any{one, two, int64(5)})}), seen)

	// A server that is out of memory, or lacks replicas, refuses before it writes.
	for setting, says := range map[string]string{"maxmemory": "oom", "min-replicas-to-write": "noreplicas"} {
		require.NoError(t, lists.redis.ConfigSet(t.Context(), setting, "1").Err())
		done = do(lists, "txn", "", []any{micro("append", "l1", int64(8)), micro("append", "l2", int64(9))})
		require.Equal(t, history.Fail, done.Outcome, done.Error)
		require.Contains(t, done.Error, says)
		require.Equal(t, history.Fail, do(counters, "increment", "c1", nil).Outcome)
		require.NoError(t, lists.redis.ConfigSet(t.Context(), setting, "0").Err())
	}
	require.NoError(t, n.Kill())
	require.NoError(t, n.Start(t.Context()))
	require.Equal(t, seen, do(lists, "txn", "", []any{micro("r", "l1", nil)}), "nothing else was written, and nothing lost")
	require.Equal(t, ok(two), do(counters, "read", "c1", nil))
}
