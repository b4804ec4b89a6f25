package redis

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
)

// startAll starts all nodes and waits until they have settled.
func startAll(t *testing.T, c cluster.Cluster) {
	t.Helper()
	group, ctx := errgroup.WithContext(t.Context())
	for _, n := range c.Nodes() {
		group.Go(func() error { return n.Start(ctx) })
	}
	require.NoError(t, group.Wait())
	settle(t, c)
}

func settle(t *testing.T, c cluster.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	for {
		err := System{}.Settled(ctx, c)
		if err == nil {
			return
		}
		select {
		case <-ctx.Done():
			require.NoError(t, err, "the nodes did not settle")
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// A primary that is killed and stays away is replaced, and is a replica of the
// other when it comes back.
func TestFailover(t *testing.T) {
	config := severalNodes()
	config.Timeout = 2 * time.Second
	config.Options = map[string]string{"wait": "2", "down_after_ms": "1000"}
	c := open(t, config)
	startAll(t, c)
	primary, err := System{}.Primary(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, "n1", primary)

	clients := map[string]harness.Client{}
	for _, n := range c.Nodes() {
		client, err := System{}.Open(n.Name(), c.Link(cluster.Client, n.Name()).Addr(), config)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, client.Close()) })
		clients[n.Name()] = client
	}
	do := func(node, f string, value any) harness.Completion {
		return clients[node].Invoke(t.Context(), harness.Invocation{F: f, Key: "r1", Value: value})
	}
	ok := func(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }
	require.Equal(t, ok(nil), do("n1", "write", int64(7)), "both replicas have it")
	require.Equal(t, ok(nil), do("n1", "cas", []any{int64(7), int64(8)}))
	require.Equal(t, ok(int64(8)), do("n1", "read", nil))
	for f, value := range map[string]any{
		"read": nil, "write": int64(9), "cas": []any{int64(1), int64(2)}, "increment": nil,
		"txn": []any{[]any{"r", "l1", nil}, []any{"append", "l1", int64(1)}},
	} {
		done := do("n2", f, value)
		require.Equal(t, history.Fail, done.Outcome, "%s: %s", f, done.Error)
		require.True(t, done.Backoff)
		require.Regexp(t, "^(replica|readonly): ", done.Error, f)
		require.Nil(t, done.Value, "a replica says nothing of what it has")
	}

	require.NoError(t, c.Node("n1").Kill())
	require.Eventually(t, func() bool {
		primary, err := System{}.Primary(t.Context(), c)
		return err == nil && (primary == "n2" || primary == "n3")
	}, 2*time.Minute, 100*time.Millisecond)
	primary, err = System{}.Primary(t.Context(), c)
	require.NoError(t, err)
	require.Equal(t, ok(int64(8)), do(primary, "read", nil), "both replicas had it")
	done := do(primary, "write", int64(9))
	require.Equal(t, history.Unknown, done.Outcome, "one of the two replicas is away")
	require.True(t, strings.HasPrefix(done.Error, "few-replicas: "), done.Error)

	require.NoError(t, c.Node("n1").Start(t.Context()))
	settle(t, c)
	done = do("n1", "read", nil)
	require.Equal(t, history.Fail, done.Outcome, "it came back as a replica")
	require.Equal(t, ok(int64(9)), do(primary, "read", nil))

	config.Options["reads"] = "any"
	reader, err := System{}.Open("n1", c.Link(cluster.Client, "n1").Addr(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, reader.Close()) })
	require.Equal(t, ok(int64(9)), reader.Invoke(t.Context(), harness.Invocation{F: "read", Key: "r1"}))
}

// What is made of the answers of one of several servers.
func TestWhatIsMadeOfAnswersOfOneOfSeveral(t *testing.T) {
	read := harness.Invocation{F: "read", Key: "r"}
	write := harness.Invocation{F: "write", Key: "r", Value: int64(3)}
	cas := harness.Invocation{F: "cas", Key: "r", Value: []any{int64(3), int64(4)}}
	txn := harness.Invocation{F: "txn", Value: []any{[]any{"append", "l1", int64(4)}}}
	const readonly = "-READONLY You can not run script with write flag on readonly replica.\r\n"
	for _, test := range []struct {
		op harness.Invocation
		// replies are those to the command, and to WAIT.
		reply, wait string
		outcome     history.Outcome
		value       any
		says        string
	}{
		{read, "$1\r\n7\r\n", "", history.OK, int64(7), ""},
		{read, "$-1\r\n", "", history.OK, nil, ""},
		{read, "-REPLICA this server is a replica\r\n", "", history.Fail, nil, "replica: "},
		{write, "+OK\r\n", ":1\r\n", history.OK, nil, ""},
		{write, "+OK\r\n", ":2\r\n", history.OK, nil, ""},
		{write, "+OK\r\n", ":0\r\n", history.Unknown, nil, "few-replicas: 0 have it and 1 should"},
		{write, "+OK\r\n", "-UNBLOCKED force unblock\r\n", history.Unknown, nil, "few-replicas: it is not known"},
		{write, "+OK\r\n", "", history.Unknown, nil, "no-reply"},
		{write, "-READONLY You can't write against a read only replica.\r\n", "-ERR WAIT cannot be used with replica instances\r\n", history.Fail, nil, "readonly"},
		{write, "", "", history.Unknown, nil, "no-reply"},
		{cas, "*1\r\n:1\r\n", ":1\r\n", history.OK, nil, ""},
		{cas, "*1\r\n:1\r\n", ":0\r\n", history.Unknown, nil, "few-replicas"},
		{cas, "*2\r\n:0\r\n$1\r\n5\r\n", ":0\r\n", history.Fail, int64(5), "mismatch"},
		{cas, readonly, "-ERR WAIT\r\n", history.Fail, nil, "readonly"},
		{txn, "*2\r\n:-1\r\n*1\r\n:1\r\n", ":1\r\n", history.OK, []any{[]any{"append", "l1", int64(4)}}, ""},
		{txn, "*2\r\n:-1\r\n*1\r\n:1\r\n", ":0\r\n", history.Unknown, nil, "few-replicas"},
		{txn, readonly, "-ERR WAIT\r\n", history.Fail, nil, "readonly"},
		{txn, "-NOREPLICAS Not enough good replicas to write.\r\n", ":1\r\n", history.Fail, nil, "noreplicas"},
		{txn, "-ERR user_script:9: Script attempted to do what it must not\r\n", ":1\r\n", history.Unknown, nil, "error"},
	} {
		t.Run(test.op.F+" "+test.reply+test.wait, func(t *testing.T) {
			config := severalNodes()
			config.Timeout = 10 * time.Second
			config.Options = map[string]string{"wait": "1"}
			c, err := System{}.Open("n1", serveEach(t, func(name string) string {
				if name == "WAIT" {
					return test.wait
				}
				return test.reply
			}), config)
			require.NoError(t, err)
			defer c.Close()
			done := c.Invoke(t.Context(), test.op)
			require.Equal(t, test.outcome, done.Outcome, done.Error)
			require.Equal(t, test.value, done.Value)
			require.True(t, strings.HasPrefix(done.Error, test.says), done.Error)
		})
	}
}
