package mariadb

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

func config(nodes ...string) plan.Config {
	c := plan.Config{System: "mariadb", Workload: "register", Runtime: "docker", Nodes: nodes}
	System{}.Defaults(&c)
	return c
}

func TestNodes(t *testing.T) {
	c := config()
	specs, err := System{}.Nodes(c)
	require.NoError(t, err)
	require.NoError(t, cluster.Check(specs))
	require.Len(t, specs, 1)
	require.Empty(t, specs[0].Peers)
	command := specs[0].Command(cluster.Place{Data: "/data", Listen: map[string]string{"client": "0.0.0.0:7001"}})
	require.Equal(t, []string{
		"start.sh", "/data", "0.0.0.0", "7001", "n1", "", "n1", "--transaction-isolation=SERIALIZABLE",
		"--innodb-snapshot-isolation=OFF", "--innodb-flush-log-at-trx-commit=1",
		"--log-bin=binlog", "--binlog-format=ROW", "--server-id=1", "--sync-binlog=1",
	}, command.Args[2:])

	c.Options = map[string]string{"isolation": "repeatable-read", "innodb_snapshot_isolation": "on", "log_bin": "off"}
	specs, err = System{}.Nodes(c)
	require.NoError(t, err)
	command = specs[0].Command(cluster.Place{})
	require.Equal(t, []string{
		"--transaction-isolation=REPEATABLE-READ", "--innodb-snapshot-isolation=ON", "--innodb-flush-log-at-trx-commit=1",
		"--skip-log-bin",
	}, command.Args[9:])
}

func TestNodesOfACluster(t *testing.T) {
	c := config("n1", "n2", "n3")
	c.Options = map[string]string{"wsrep_sync_wait": "7", "flush_log_at_trx_commit": "0"}
	specs, err := System{}.Nodes(c)
	require.NoError(t, err)
	require.NoError(t, cluster.Check(specs))
	require.Equal(t, []string{"n1", "n3"}, specs[1].Peers)
	command := specs[1].Command(cluster.Place{
		Data: "/data", Listen: map[string]string{"client": "0.0.0.0:7001", "peer": "0.0.0.0:7002"},
	})
	require.Equal(t, []string{
		"start.sh", "/data", "0.0.0.0", "7001", "n2", "7002", "n1 n2 n3", "--transaction-isolation=SERIALIZABLE",
		"--innodb-snapshot-isolation=OFF", "--innodb-flush-log-at-trx-commit=0", "--wsrep-sync-wait=7",
	}, command.Args[2:])
}

func TestNodesThatCannotBe(t *testing.T) {
	for _, test := range []struct {
		nodes   []string
		options map[string]string
		runtime string
		says    string
	}{
		{[]string{"n1"}, map[string]string{"isolation": "none"}, "docker", `option isolation is "none"; it may be one of ["serializable"`},
		{[]string{"n1"}, map[string]string{"flush_log_at_trx_commit": "3"}, "docker", `may be one of ["1" "0" "2"]`},
		{[]string{"n1"}, map[string]string{"wsrep_sync_wait": "7"}, "docker", "is for several nodes"},
		{[]string{"n1", "n2", "n3"}, map[string]string{"log_bin": "on"}, "docker", "is for one node alone"},
		{[]string{"n1", "n2", "n3"}, map[string]string{"wsrep_sync_wait": "16"}, "docker", "may be one of"},
		{[]string{"n1", "n2"}, nil, "docker", "2 nodes were asked for"},
		{[]string{"n1", "n2", "n3"}, nil, "local", "use --runtime docker"},
	} {
		c := config(test.nodes...)
		c.Options, c.Runtime = test.options, test.runtime
		_, err := System{}.Nodes(c)
		require.ErrorContains(t, err, test.says)
	}
	if os.Geteuid() == 0 {
		c := config()
		c.Runtime = "local"
		_, err := System{}.Nodes(c)
		require.ErrorContains(t, err, "does not run as root")
	}
}

func TestUnsettled(t *testing.T) {
	settled := func() status {
		return status{
			"ready": "ON", "cluster_status": "Primary", "cluster_size": "3", "local_state_comment": "Synced",
			"local_recv_queue": "0", "cluster_state_uuid": "u", "last_committed": "7",
		}
	}
	require.Empty(t, settled().unsettled(settled(), 3))
	for name, value := range map[string]string{
		"ready": "OFF", "cluster_status": "non-Primary", "cluster_size": "2", "local_state_comment": "Joined",
		"local_recv_queue": "1", "cluster_state_uuid": "v", "last_committed": "6",
	} {
		s := settled()
		s[name] = value
		require.Contains(t, s.unsettled(settled(), 3), "wsrep_"+name)
	}
	require.NotEmpty(t, status{}.unsettled(settled(), 3))
}

// open opens a cluster of containers, with no node running.
func open(t *testing.T, c plan.Config) cluster.Cluster {
	if os.Getenv("TERTIUM_DOCKER") != "1" {
		t.Skip("SKIP: it needs Docker; make test-docker runs it")
	}
	specs, err := System{}.Nodes(c)
	require.NoError(t, err)
	program := os.Getenv("TERTIUM_PROGRAM")
	require.NotEmpty(t, program, "TERTIUM_PROGRAM names a static build of this program")
	opened, err := docker.Runtime{Program: program}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	return opened
}

func ok(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }

// What the client makes of a real server, which forgets nothing when it is
// killed.
func TestRealServer(t *testing.T) {
	c := open(t, config())
	n := c.Node("n1")
	require.NoError(t, n.Start(t.Context()))
	primary, err := System{}.Primary(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "n1", primary)
	require.NoError(t, System{}.Settled(t.Context(), c))

	do := func(workload, f, key string, value any) harness.Completion {
		t.Helper()
		conf := config()
		conf.Workload = workload
		client, err := System{}.Open("n1", c.Link(cluster.Client, "n1").Addr(), conf)
		require.NoError(t, err)
		defer client.Close()
		return client.Invoke(t.Context(), harness.Invocation{F: f, Key: key, Value: value})
	}
	mismatch := harness.Completion{Outcome: history.Fail, Error: "mismatch"}
	one, two := int64(1), int64(2)
	require.Equal(t, ok(nil), do("register", "read", "r1", nil))
	require.Equal(t, mismatch, do("register", "cas", "r1", []any{one, two}))
	require.Equal(t, ok(nil), do("register", "write", "r1", one))
	require.Equal(t, ok(nil), do("register", "cas", "r1", []any{one, two}))
	require.Equal(t, mismatch, do("register", "cas", "r1", []any{one, int64(3)}))
	require.Equal(t, ok(two), do("register", "read", "r1", nil))

	require.Equal(t, ok([]any{}), do("set", "read", "s1", nil))
	require.Equal(t, ok(true), do("set", "add", "s1", one))
	require.Equal(t, ok(false), do("set", "add", "s1", one))
	require.Equal(t, ok(true), do("membership", "contains", "s1", one))
	require.Equal(t, ok([]any{one}), do("set", "read", "s1", nil))
	require.Equal(t, ok(true), do("membership", "remove", "s1", one))
	require.Equal(t, ok(false), do("membership", "remove", "s1", one))
	require.Equal(t, ok(false), do("membership", "contains", "s1", one))

	require.Equal(t, ok(int64(0)), do("counter", "read", "c1", nil))
	require.Equal(t, ok(nil), do("counter", "increment", "c1", nil))
	require.Equal(t, ok(nil), do("counter", "increment", "c1", nil))
	require.Equal(t, ok(two), do("counter", "read", "c1", nil))

	micro := func(f, key string, value any) any { return []any{f, key, value} }
	require.Equal(t,
		ok([]any{micro("r", "l1", []any{}), micro("append", "l1", one), micro("append", "l1", two), micro("r", "l1", []any{one, two})}),
		do("list-append", "txn", "", []any{micro("r", "l1", nil), micro("append", "l1", one), micro("append", "l1", two), micro("r", "l1", nil)}))
	require.Equal(t,
		ok([]any{micro("r", "x1", nil), micro("w", "x1", one), micro("r", "x1", one)}),
		do("rw-register", "txn", "", []any{micro("r", "x1", nil), micro("w", "x1", one), micro("r", "x1", nil)}))

	order := func(amount int64) any { return map[string]any{"from": "a1", "to": "a2", "amount": amount} }
	require.Equal(t, ok(nil), do("bank", "transfer", "", order(4)))
	require.Equal(t, harness.Completion{Outcome: history.Fail, Error: "insufficient-funds"}, do("bank", "transfer", "", order(7)))
	require.Equal(t, ok(map[string]any{"a1": int64(6), "a2": int64(14), "a3": int64(10)}), do("bank", "read", "", []any{"a1", "a2", "a3"}))

	require.NoError(t, n.Kill())
	require.Equal(t, history.Fail, do("register", "write", "r1", int64(9)).Outcome, "refused, and so never sent")
	require.NoError(t, n.Start(t.Context()))
	require.Equal(t, ok(two), do("register", "read", "r1", nil))
	require.Equal(t, ok(two), do("counter", "read", "c1", nil))
}

// A cluster takes writes on every node, and comes back when each of its nodes,
// most, or all of them were killed, with all that it had acknowledged.
func TestRealCluster(t *testing.T) {
	conf := config("n1", "n2", "n3")
	conf.Workload = "set"
	c := open(t, conf)
	start := func(names ...string) {
		t.Helper()
		failed := make(chan error, len(names))
		for _, name := range names {
			go func() { failed <- c.Node(name).Start(t.Context()) }()
		}
		for range names {
			require.NoError(t, <-failed)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		for {
			err := System{}.Settled(ctx, c)
			if err == nil {
				return
			}
			require.NoError(t, ctx.Err(), err)
			time.Sleep(100 * time.Millisecond)
		}
	}
	do := func(node, f string, value any) harness.Completion {
		t.Helper()
		client, err := System{}.Open(node, c.Link(cluster.Client, node).Addr(), conf)
		require.NoError(t, err)
		defer client.Close()
		return client.Invoke(t.Context(), harness.Invocation{F: f, Key: "s1", Value: value})
	}
	var want []any
	write := func() {
		t.Helper()
		for _, node := range conf.Nodes {
			element := int64(len(want) + 1)
			require.Equal(t, ok(true), do(node, "add", element))
			want = append(want, element)
		}
	}
	read := func() {
		t.Helper()
		for _, node := range conf.Nodes {
			require.Equal(t, ok(want), do(node, "read", nil), node)
		}
	}
	start(conf.Nodes...)
	primary, err := System{}.Primary(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "n1", primary, "the first, as none leads")
	write()
	for _, dead := range [][]string{{"n1"}, {"n2", "n3"}, {"n1", "n2", "n3"}} {
		for _, name := range dead {
			require.NoError(t, c.Node(name).Kill())
		}
		start(dead...)
		read()
		write()
	}
	// The last to go is the one that knows most.
	require.NoError(t, c.Node("n1").Kill())
	require.Eventually(t, func() bool { return do("n3", "add", int64(len(want)+1)).Outcome == history.OK }, time.Minute, 100*time.Millisecond)
	want = append(want, int64(len(want)+1))
	require.NoError(t, c.Node("n2").Kill())
	require.NoError(t, c.Node("n3").Kill())
	start(conf.Nodes...)
	read()
}
