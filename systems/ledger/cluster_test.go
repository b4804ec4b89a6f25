package ledger_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/systems/ledger"
)

// open starts a cluster of nodes as child processes of this one.
func open(tb testing.TB, config plan.Config) cluster.Cluster {
	tb.Helper()
	executable, err := os.Executable()
	require.NoError(tb, err)
	system := ledger.System{Executable: executable}
	system.Defaults(&config)
	specs, err := system.Nodes(config)
	require.NoError(tb, err)
	c, err := local.Runtime{}.Open(tb.Context(), specs, cluster.Options{Dir: tb.TempDir()})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, c.Close()) })
	for _, node := range c.Nodes() {
		require.NoError(tb, node.Start(tb.Context()))
	}
	settle(tb, c)
	return c
}

func settle(tb testing.TB, c cluster.Cluster) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), 20*time.Second)
	defer cancel()
	require.NoError(tb, ledger.System{}.Settled(ctx, c))
}

// invoke does an operation on a node over its client link until it is known to
// be done, and returns its value.
func invoke(tb testing.TB, c cluster.Cluster, node string, op harness.Invocation) any {
	tb.Helper()
	client, err := ledger.System{}.Open(node, c.Link(cluster.Client, node).Addr(), plan.Config{})
	require.NoError(tb, err)
	defer client.Close()
	var got harness.Completion
	require.Eventually(tb, func() bool {
		ctx, cancel := context.WithTimeout(tb.Context(), time.Second)
		defer cancel()
		got = client.Invoke(ctx, op)
		return got.Outcome == history.OK
	}, 20*time.Second, 10*time.Millisecond, "%+v", &got)
	return got.Value
}

func payIn(tb testing.TB, c cluster.Cluster, node string, n int) {
	tb.Helper()
	invoke(tb, c, node, harness.Invocation{
		F: "deposit", Key: "t1/a1", Idem: fmt.Sprintf("t1/deposit/k%d", n),
		Value: map[string]any{"tenant": "t1", "account": "a1", "amount": int64(1)},
	})
}

// books returns the keys of the entries that each node has in its books.
func books(tb testing.TB, c cluster.Cluster) (keys [][]string) {
	tb.Helper()
	for _, node := range c.Nodes() {
		own := []string{}
		for _, entry := range invoke(tb, c, node.Name(), harness.Invocation{F: "entries", Key: "t1"}).([]any) {
			own = append(own, entry.(map[string]any)["key"].(string))
		}
		keys = append(keys, own)
	}
	return keys
}

// requireBooks checks that all nodes have the first n payments in their books.
func requireBooks(tb testing.TB, c cluster.Cluster, n int) {
	tb.Helper()
	want := []string{}
	for i := range n {
		want = append(want, fmt.Sprintf("k%d", i))
	}
	for _, keys := range books(tb, c) {
		require.Equal(tb, want, keys)
	}
}

func primary(tb testing.TB, c cluster.Cluster) string {
	tb.Helper()
	var name string
	require.Eventually(tb, func() bool {
		var err error
		name, err = ledger.System{}.Primary(tb.Context(), c)
		return err == nil && name != ""
	}, 20*time.Second, 10*time.Millisecond)
	return name
}

// follower returns a node that does not lead.
func follower(tb testing.TB, c cluster.Cluster) cluster.Node {
	tb.Helper()
	leader := primary(tb, c)
	for _, node := range c.Nodes() {
		if node.Name() != leader {
			return node
		}
	}
	return nil
}

// Whatever is killed, nothing that was acknowledged is lost.
func TestKill(t *testing.T) {
	c := open(t, plan.Config{Options: map[string]string{"snapshot-every": "20"}})
	sent := 0
	for range 3 {
		for i := range 30 {
			payIn(t, c, c.Nodes()[i%3].Name(), sent)
			sent++
		}
		for _, node := range c.Nodes() {
			require.NoError(t, node.Kill())
			_, err := ledger.System{}.Tear(node.Data(), uint64(sent))
			require.NoError(t, err)
		}
		_, err := ledger.System{}.Primary(t.Context(), c)
		require.Error(t, err, "no node answers")
		for _, node := range c.Nodes() {
			require.NoError(t, node.Start(t.Context()))
		}
		settle(t, c)
		requireBooks(t, c, sent)
	}
	leader := primary(t, c)
	require.NoError(t, c.Node(leader).Kill())
	require.NotEqual(t, leader, primary(t, c))
	payIn(t, c, primary(t, c), sent)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	require.ErrorIs(t, ledger.System{}.Settled(ctx, c), context.DeadlineExceeded, "a node is down")
	require.NoError(t, c.Node(leader).Start(t.Context()))
	settle(t, c)
	requireBooks(t, c, sent+1)
}

func TestStopIsOrderly(t *testing.T) {
	c := open(t, plan.Config{Nodes: []string{"n1"}})
	payIn(t, c, "n1", 0)
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	node := c.Node("n1")
	require.NoError(t, node.Stop(ctx))
	require.Zero(t, node.Exits()[0].Code)
	require.Empty(t, node.Exits()[0].Signal)
}

// A node that takes a torn record for good has it in place of the entry that the
// others have there.
func TestTornTailAccepted(t *testing.T) {
	c := open(t, plan.Config{Bugs: []string{"torn-tail-accepted"}})
	payIn(t, c, "n1", 0)
	settle(t, c)
	victim := follower(t, c)
	require.NoError(t, victim.Kill())
	_, err := ledger.System{}.Tear(victim.Data(), 5)
	require.NoError(t, err)
	payIn(t, c, primary(t, c), 1)
	payIn(t, c, primary(t, c), 2)
	require.NoError(t, victim.Start(t.Context()))
	settle(t, c)
	right := []string{"k0", "k1", "k2"}
	require.ElementsMatch(t, [][]string{right, right, {"k0", "stray-5", "k2"}}, books(t, c))
}

// Nodes that acknowledge what is still in their memory lose it together.
func TestAckBeforeFsync(t *testing.T) {
	c := open(t, plan.Config{Bugs: []string{"ack-before-fsync"}})
	lost := false
	sent := 0
	for round := 0; round < 20 && !lost; round++ {
		for range 10 {
			payIn(t, c, primary(t, c), sent)
			sent++
		}
		for _, node := range c.Nodes() {
			require.NoError(t, node.Kill())
		}
		for _, node := range c.Nodes() {
			require.NoError(t, node.Start(t.Context()))
		}
		primary(t, c)
		entries := invoke(t, c, "n1", harness.Invocation{F: "entries", Key: "t1"})
		lost = len(entries.([]any)) < sent
	}
	require.True(t, lost)
}

func TestNodes(t *testing.T) {
	system := ledger.System{Executable: "/bin/node"}
	config := plan.Config{
		Bugs: []string{"no-dedupe", harness.FalseFail}, Timeout: time.Second,
		Options: map[string]string{"nodes": "5", "key-ttl": "1h"},
	}
	system.Defaults(&config)
	specs, err := system.Nodes(config)
	require.NoError(t, err)
	require.Len(t, specs, 5)
	require.Equal(t, []string{"n1", "n3", "n4", "n5"}, specs[1].Peers)
	command := specs[1].Command(cluster.Place{
		Data:   "/data",
		Listen: map[string]string{"client": "h:1", "peer": "h:2"},
		Dial:   map[string]string{"n1": "h:11", "n3": "h:13", "n4": "h:14", "n5": "h:15"},
	})
	require.Equal(t, cluster.Command{Path: "/bin/node", Args: []string{
		"node", "ledger", "--id", "n2", "--data", "/data", "--client", "h:1", "--peer", "h:2",
		"--peer-at", "n1=h:11", "--peer-at", "n3=h:13", "--peer-at", "n4=h:14", "--peer-at", "n5=h:15",
		"--timeout", "1s", "--key-ttl", "1h", "--bug", "no-dedupe",
	}}, command)

	for name, bad := range map[string]plan.Config{
		"no nodes":    {},
		"twins":       {Nodes: []string{"n1", "n1"}},
		"other count": {Nodes: []string{"n1"}, Options: map[string]string{"nodes": "3"}},
		"odd count":   {Nodes: []string{"n1"}, Options: map[string]string{"nodes": "many"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := system.Nodes(bad)
			require.Error(t, err)
		})
	}
}

// Every bug that users can ask for is a switch that nodes accept.
func TestBugsAreSwitches(t *testing.T) {
	for _, bug := range (ledger.System{}).Bugs() {
		var text bytes.Buffer
		// A folder that cannot be: the switch is read before it is tried.
		code := ledger.Main(t.Context(), []string{"--id", "n1", "--data", "/dev/null/x", "--bug", bug.Name}, &text)
		require.Equal(t, 1, code, "%s: %s", bug.Name, &text)
		require.Contains(t, ledger.System{}.Workloads(), bug.Workload)
		require.NotEmpty(t, bug.Doc)
	}
	var text bytes.Buffer
	require.Equal(t, 64, ledger.Main(t.Context(), []string{"--id", "n1", "--data", "x", "--bug", "typo"}, &text))
	require.Contains(t, text.String(), "no such bug")
}
