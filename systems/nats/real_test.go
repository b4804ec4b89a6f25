package nats

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
	"github.com/tertium-dev/tertium/nemeses/wire"
)

// What the client makes of a real server, whose protocol the links understand, and
// which forgets nothing when it is killed. It runs in a container; make
// test-docker asks for that.
func TestRealServer(t *testing.T) {
	if os.Getenv("TERTIUM_DOCKER") != "1" {
		t.Skip("SKIP: it needs Docker; make test-docker runs it")
	}
	conf := config(func(c *plan.Config) {
		c.Options["nodes"] = "1"
		c.Workload, c.Keys, c.Timeout = "queue+stream+set", 1, long
	})
	specs, err := System{}.Nodes(conf)
	require.NoError(t, err)
	program := os.Getenv("TERTIUM_PROGRAM")
	require.NotEmpty(t, program, "TERTIUM_PROGRAM names a static build of this program")
	c, err := docker.Runtime{Program: program}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir(), Framer: wire.NATS{}})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	n := c.Node("n1")
	require.NoError(t, n.Start(t.Context()))
	settles := func() {
		require.Eventually(t, func() bool { return System{}.Settled(t.Context(), c) == nil }, time.Minute, 50*time.Millisecond)
	}
	settles()
	require.NoError(t, reachableThrough(t.Context(), n, map[string]string{"sets": "set.s0"}))
	require.Error(t, reachableThrough(t.Context(), n, map[string]string{"sets": "other.s0"}))
	link := c.Link(cluster.Client, "n1")
	opened, err := System{}.Open("n1", link.Addr(), conf)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	client := opened.(*client)

	require.Equal(t, ok(int64(1)), do(t, client, "send", "p0", int64(41)))
	require.Equal(t, ok(int64(1)), do(t, client, "send", "p0", int64(41)), "known again by its ID")
	require.Equal(t, ok(int64(2)), do(t, client, "send", "p0", int64(42)))
	log := ok([]any{[]any{int64(1), int64(41)}, []any{int64(2), int64(42)}})
	require.Equal(t, log, do(t, client, "poll", "p0", int64(0)))
	require.Equal(t, ok([]any{}), do(t, client, "poll", "p0", int64(3)))
	require.Equal(t, ok(nil), do(t, client, "add", "s0", int64(7)))
	require.Equal(t, ok([]any{int64(7)}), do(t, client, "read", "s0", nil))
	require.Equal(t, ok([]any{}), do(t, client, "read", "s1", nil))
	for _, element := range []int64{5, 6, 7} {
		require.Equal(t, history.OK, do(t, client, "enqueue", "q0", element).Outcome)
	}
	require.Equal(t, ok(int64(5)), do(t, client, "dequeue", "q0", nil))

	// What was delivered and not acknowledged comes again.
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	taken, err := client.take(ctx, "q0")
	require.NoError(t, err)
	require.Equal(t, int64(6), taken.element)

	require.NoError(t, n.Kill())
	done := do(t, client, "send", "p0", int64(43))
	require.NotEqual(t, history.OK, done.Outcome)
	done = do(t, client, "send", "p0", int64(43))
	require.Equal(t, history.Fail, done.Outcome, "refused, and so never sent: %s", done.Error)
	require.NoError(t, n.Start(t.Context()))
	settles()
	require.Eventually(t, func() bool { return do(t, client, "poll", "p0", int64(0)).Outcome == history.OK }, time.Minute, 50*time.Millisecond)
	require.Equal(t, log, do(t, client, "poll", "p0", int64(0)))
	require.Equal(t, ok([]any{int64(7)}), do(t, client, "read", "s0", nil))
	drained := do(t, client, "drain", "q0", nil)
	require.Equal(t, history.OK, drained.Outcome, drained.Error)
	// An acknowledgement that a lone server confirmed may be forgotten by the kill.
	require.Subset(t, drained.Value, []any{int64(6), int64(7)})
	require.Equal(t, harness.Completion{Outcome: history.Fail, Error: "empty"}, do(t, client, "dequeue", "q0", nil))

	// A queue and a log of which there is no stream.
	require.Equal(t, history.Unknown, do(t, client, "enqueue", "q9", int64(1)).Outcome)
	require.Equal(t, ok([]any{}), do(t, client, "drain", "q9", nil))
	require.Equal(t, history.Fail, do(t, client, "poll", "p9", int64(0)).Outcome)

	misread, err := link.(cluster.Misreader).Misread()
	require.Zero(t, misread, "%v", err)
}
