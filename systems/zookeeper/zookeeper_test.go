package zookeeper

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"
	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/systems/internal/micro"
)

func config(workload string) plan.Config {
	c := plan.Config{System: "zookeeper", Workload: workload, Runtime: "docker"}
	System{}.Defaults(&c)
	return c
}

func TestNodes(t *testing.T) {
	c := config("register")
	specs, err := System{}.Nodes(c)
	require.NoError(t, err)
	require.NoError(t, cluster.Check(specs))
	require.Len(t, specs, 3)
	require.Equal(t, []string{"n1", "n3"}, specs[1].Peers)
	place := cluster.Place{Data: "/data", Listen: map[string]string{
		"client": "0.0.0.0:7001", "peer": "0.0.0.0:7002", "election": "0.0.0.0:7003",
	}}
	require.Equal(t, []string{"start.sh", "/data", "2", "7001", "1=n1:7002:7003", "2=n2:7002:7003", "3=n3:7002:7003"},
		specs[1].Command(place).Args[2:])

	c.Nodes = []string{"n1"}
	specs, err = System{}.Nodes(c)
	require.NoError(t, err)
	require.Equal(t, []string{"start.sh", "/data", "1", "7001"}, specs[0].Command(place).Args[2:])

	c.Options = map[string]string{"reads": "hopeful"}
	_, err = System{}.Nodes(c)
	require.ErrorContains(t, err, `option reads is "hopeful"`)
	c.Options, c.Runtime = nil, "local"
	_, err = System{}.Nodes(c)
	require.ErrorContains(t, err, "--runtime docker")
}

func TestStatus(t *testing.T) {
	s, err := parseStatus([]byte("Zookeeper version: 3.8.0\nReceived: 1\nZxid: 0x100000002\nMode: follower\nNode count: 5\n"))
	require.NoError(t, err)
	require.Equal(t, status{"follower", "0x100000002"}, s)
	_, err = parseStatus([]byte("This ZooKeeper instance is not currently serving requests\n"))
	require.ErrorIs(t, err, errNotServing)
	for _, text := range []string{"", "Mode: leader\n", strings.Repeat("x", 1000)} {
		_, err = parseStatus([]byte(text))
		require.ErrorContains(t, err, "tells neither")
	}
}

func TestWhatErrorsMean(t *testing.T) {
	for err, want := range map[error]struct {
		outcome history.Outcome
		backoff bool
	}{
		fmt.Errorf("%w: no session", errNotSent):  {history.Fail, true},
		zk.ErrNoServer:                            {history.Fail, true},
		zk.ErrBadVersion:                          {history.Fail, false},
		zk.ErrNodeExists:                          {history.Fail, false},
		zk.ErrNoNode:                              {history.Fail, false},
		errConflict:                               {history.Fail, false},
		zk.ErrConnectionClosed:                    {history.Unknown, false},
		zk.ErrSessionExpired:                      {history.Unknown, false},
		zk.ErrSessionMoved:                        {history.Unknown, false},
		zk.ErrClosing:                             {history.Unknown, false},
		zk.ErrUnknown:                             {history.Unknown, false},
		fmt.Errorf("%w: \"x\"", errBadReply):      {history.Unknown, false},
		errors.New("something nobody thought of"): {history.Unknown, false},
	} {
		got := failed(err)
		require.Equal(t, want.outcome, got.Outcome, err)
		require.Equal(t, want.backoff, got.Backoff, err)
		require.NotEmpty(t, got.Error)
	}
}

// A transaction sees what was there and what it did itself, and is committed
// against the versions that it saw.
func TestApply(t *testing.T) {
	lists := &client{}
	ops := []micro.Op{{F: "r", Key: "x"}, {F: "append", Key: "x", Value: int64(3)}, {F: "r", Key: "x"}, {F: "r", Key: "y"}, {F: "append", Key: "z", Value: int64(4)}, {F: "r", Key: "w"}}
	before := map[string]znode{"x": {true, []byte("1 2"), 7}, "y": {true, []byte("9"), 3}, "z": {}, "w": {}}
	answer, parts, err := lists.apply(ops, before)
	require.NoError(t, err)
	one := func(n ...int64) []any {
		list := make([]any, len(n))
		for i, v := range n {
			list[i] = v
		}
		return list
	}
	require.Equal(t, []any{
		[]any{"r", "x", one(1, 2)}, []any{"append", "x", int64(3)}, []any{"r", "x", one(1, 2, 3)},
		[]any{"r", "y", one(9)}, []any{"append", "z", int64(4)}, []any{"r", "w", nil},
	}, answer)
	require.Equal(t, []any{
		&zk.SetDataRequest{Path: "/x", Data: []byte("1 2 3"), Version: 7},
		&zk.CheckVersionRequest{Path: "/y", Version: 3},
		create("/z", []byte("4")),
		create("/w", nil), &zk.DeleteRequest{Path: "/w", Version: anyVersion},
	}, parts)

	registers := &client{registers: true}
	answer, parts, err = registers.apply(
		[]micro.Op{{F: "w", Key: "x", Value: int64(3)}, {F: "r", Key: "x"}, {F: "w", Key: "x", Value: int64(5)}},
		map[string]znode{"x": {true, []byte("1"), 2}})
	require.NoError(t, err)
	require.Equal(t, []any{[]any{"w", "x", int64(3)}, []any{"r", "x", int64(3)}, []any{"w", "x", int64(5)}}, answer)
	require.Equal(t, []any{&zk.SetDataRequest{Path: "/x", Data: []byte("5"), Version: 2}}, parts)

	_, _, err = registers.apply([]micro.Op{{F: "r", Key: "x"}}, map[string]znode{"x": {true, []byte("rubbish"), 2}})
	require.ErrorIs(t, err, errBadReply)
	require.Error(t, registers.writable([]micro.Op{{F: "append", Key: "x", Value: int64(1)}}))
	require.Error(t, lists.writable([]micro.Op{{F: "append", Key: "x"}}))
	require.NoError(t, lists.writable(ops))
}

func TestWhatWasNeverSent(t *testing.T) {
	c, err := System{}.Open("n1", "127.0.0.1:1", config("register"))
	require.NoError(t, err)
	ctx, cancel := contextWithin(t, 300*time.Millisecond)
	defer cancel()
	got := c.Invoke(ctx, harness.Invocation{F: "write", Key: "r", Value: int64(3)})
	require.Equal(t, history.Fail, got.Outcome)
	require.Contains(t, got.Error, "not-sent")
	require.True(t, got.Backoff)
	require.NoError(t, c.Close())
}

// What the client makes of a real ensemble. It runs in containers; make
// test-docker asks for that.
func TestRealEnsemble(t *testing.T) {
	if os.Getenv("TERTIUM_DOCKER") != "1" {
		t.Skip("SKIP: it needs Docker; make test-docker runs it")
	}
	program := os.Getenv("TERTIUM_PROGRAM")
	require.NotEmpty(t, program, "TERTIUM_PROGRAM names a static build of this program")
	specs, err := System{}.Nodes(config("register"))
	require.NoError(t, err)
	c, err := docker.Runtime{Program: program}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	startAll(t, c.Nodes())
	settled := func() bool { return System{}.Settled(t.Context(), c) == nil }
	require.Eventually(t, settled, 2*time.Minute, 100*time.Millisecond)

	open := func(node, workload string) func(f, key string, value any) harness.Completion {
		client, err := System{}.Open(node, c.Link(cluster.Client, node).Addr(), config(workload))
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, client.Close()) })
		return func(f, key string, value any) harness.Completion {
			ctx, cancel := contextWithin(t, 20*time.Second)
			defer cancel()
			return client.Invoke(ctx, harness.Invocation{F: f, Key: key, Value: value})
		}
	}
	ok := func(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }
	one, two := open("n1", "register"), open("n2", "register")
	require.Equal(t, ok(nil), one("read", "r1", nil))
	require.Equal(t, harness.Completion{Outcome: history.Fail, Error: "mismatch"}, one("cas", "r1", []any{int64(1), int64(2)}))
	require.Equal(t, ok(nil), one("write", "r1", int64(1)))
	require.Equal(t, ok(int64(1)), two("read", "r1", nil))
	require.Equal(t, ok(nil), two("cas", "r1", []any{int64(1), int64(2)}))
	require.Equal(t, harness.Completion{Outcome: history.Fail, Error: "mismatch", Value: int64(2)}, one("cas", "r1", []any{int64(1), int64(3)}))
	lists := open("n3", "list-append")
	txn := []any{[]any{"append", "l1", int64(4)}, []any{"r", "l1", nil}, []any{"r", "l2", nil}}
	require.Equal(t, ok([]any{[]any{"append", "l1", int64(4)}, []any{"r", "l1", []any{int64(4)}}, []any{"r", "l2", nil}}), lists("txn", "", txn))

	leader, err := System{}.Primary(t.Context(), c)
	require.NoError(t, err)
	require.NoError(t, c.Node(leader).Kill())
	startAll(t, []cluster.Node{c.Node(leader)})
	require.Eventually(t, settled, 2*time.Minute, 100*time.Millisecond)
	require.Eventually(t, func() bool {
		return open("n1", "register")("read", "r1", nil).Value == int64(2)
	}, time.Minute, 100*time.Millisecond)
}
