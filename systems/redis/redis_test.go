package redis

import (
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

func planConfig() plan.Config {
	config := plan.Config{System: "redis", Workload: "register", Runtime: "docker"}
	System{}.Defaults(&config)
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
	config.Nodes = []string{"n1", "n2"}
	_, err = System{}.Nodes(config)
	require.ErrorContains(t, err, "2 nodes were asked for")
}

// What the client makes of a real server, which forgets nothing when it is
// killed.
func TestRealServer(t *testing.T) {
	if _, err := exec.LookPath(program); err != nil {
		t.Skip("SKIP: there is no redis-server on PATH")
	}
	config := planConfig()
	config.Runtime = "local"
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	c, err := local.Runtime{}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
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
	if _, err := exec.LookPath(program); err != nil {
		t.Skip("SKIP: there is no redis-server on PATH")
	}
	config := planConfig()
	config.Runtime = "local"
	specs, err := System{}.Nodes(config)
	require.NoError(t, err)
	c, err := local.Runtime{}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	n := c.Node("n1")
	require.NoError(t, n.Start(t.Context()))
	addr := c.Link(cluster.Client, "n1").Addr()
	open := func(workload string) *client {
		config.Workload = workload
		opened, err := System{}.Open("n1", addr, config)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, opened.Close()) })
		return opened.(*client)
	}
	do := func(c *client, f, key string, value any) harness.Completion {
		return c.Invoke(t.Context(), harness.Invocation{F: f, Key: key, Value: value})
	}
	ok := func(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }
	one, two := int64(1), int64(2)

	sets := open("set")
	require.Equal(t, ok([]any{}), do(sets, "read", "s1", nil))
	require.Equal(t, ok(true), do(sets, "add", "s1", one))
	require.Equal(t, ok(false), do(sets, "add", "s1", one))
	require.Equal(t, ok(true), do(sets, "add", "s1", two))
	require.Equal(t, ok(true), do(sets, "contains", "s1", two))
	require.Equal(t, ok(true), do(sets, "remove", "s1", two))
	require.Equal(t, ok(false), do(sets, "remove", "s1", two))
	require.Equal(t, ok(false), do(sets, "contains", "s1", two))
	require.Equal(t, ok([]any{one}), do(sets, "read", "s1", nil))

	counters := open("counter")
	require.Equal(t, ok(int64(0)), do(counters, "read", "c1", nil))
	require.Equal(t, ok(nil), do(counters, "increment", "c1", nil))
	require.Equal(t, ok(nil), do(counters, "increment", "c1", nil))
	require.Equal(t, ok(two), do(counters, "read", "c1", nil))

	micro := func(f, key string, value any) any { return []any{f, key, value} }
	lists := open("register+list-append")
	require.Equal(t,
		ok([]any{micro("r", "l1", []any{}), micro("append", "l1", one), micro("append", "l1", two), micro("r", "l1", []any{one, two})}),
		do(lists, "txn", "", []any{micro("r", "l1", nil), micro("append", "l1", one), micro("append", "l1", two), micro("r", "l1", nil)}))
	registers := open("rw-register")
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
