package redis

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/workloads/bank"
)

// What the workloads bank, queue and long-fork make of a real server.
func TestBankQueueAndLongFork(t *testing.T) {
	require.EqualValues(t, bank.Initial, opening)
	config := planConfig()
	c := open(t, config)
	require.NoError(t, c.Node("n1").Start(t.Context()))
	opened := func(workload string) *client {
		config.Workload = workload
		other, err := System{}.Open("n1", c.Link(cluster.Client, "n1").Addr(), config)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, other.Close()) })
		return other.(*client)
	}
	do := func(c *client, f, key string, value any) harness.Completion {
		return c.Invoke(t.Context(), harness.Invocation{F: f, Key: key, Value: value})
	}
	ok := func(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }
	no := func(why string) harness.Completion { return harness.Completion{Outcome: history.Fail, Error: why} }

	accounts := opened("bank")
	move := func(from, to string, amount int64) harness.Completion {
		return do(accounts, "transfer", "", map[string]any{"from": from, "to": to, "amount": amount})
	}
	require.Equal(t, ok(nil), move("a0", "a1", 4))
	require.Equal(t, ok(nil), move("a0", "a1", 6))
	require.Equal(t, no(insufficient), move("a0", "a1", 1))
	require.Equal(t, ok(nil), move("a1", "a2", 20))
	require.Equal(t, ok(map[string]any{"a0": int64(0), "a1": int64(0), "a2": int64(30), "a3": int64(10)}),
		do(accounts, "read", "", []any{"a0", "a1", "a2", "a3"}))

	queues := opened("queue")
	require.Equal(t, no("empty"), do(queues, "dequeue", "q0", nil))
	require.Equal(t, ok([]any{}), do(queues, "drain", "q0", nil))
	var want []any
	for i := range int64(pageSize + 2) {
		require.Equal(t, ok(nil), do(queues, "enqueue", "q0", i))
		if i > 0 {
			want = append(want, i)
		}
	}
	require.Equal(t, ok(int64(0)), do(queues, "dequeue", "q0", nil))
	require.Equal(t, ok(want), do(queues, "drain", "q0", nil))
	require.Equal(t, no("empty"), do(queues, "dequeue", "q0", nil))

	forks := opened("long-fork")
	micro := func(f, key string, value any) any { return []any{f, key, value} }
	write := []any{micro("w", "f1.0", int64(1))}
	require.Equal(t, ok(write), do(forks, "txn", "", write))
	require.Equal(t, ok([]any{micro("r", "f1.0", int64(1)), micro("r", "f1.1", nil)}),
		do(forks, "txn", "", []any{micro("r", "f1.0", nil), micro("r", "f1.1", nil)}))
}

func TestWhatIsMadeOfAnswersToBankAndQueue(t *testing.T) {
	transfer := harness.Invocation{F: "transfer", Value: map[string]any{"from": "a0", "to": "a1", "amount": int64(3)}}
	read := harness.Invocation{F: "read", Value: []any{"a0", "a1"}}
	enqueue := harness.Invocation{F: "enqueue", Key: "q0", Value: int64(3)}
	dequeue := harness.Invocation{F: "dequeue", Key: "q0"}
	drain := harness.Invocation{F: "drain", Key: "q0"}
	for _, test := range []struct {
		op      harness.Invocation
		replies []string
		outcome history.Outcome
		value   any
		says    string
	}{
		{transfer, []string{":1\r\n"}, history.OK, nil, ""},
		{transfer, []string{":0\r\n"}, history.Fail, nil, insufficient},
		{transfer, []string{"+what\r\n"}, history.Unknown, nil, "bad-reply"},
		{transfer, []string{"-OOM no\r\n"}, history.Fail, nil, "oom"},
		{transfer, []string{""}, history.Unknown, nil, "no-reply"},
		{harness.Invocation{F: "transfer"}, []string{""}, history.Fail, nil, "not-sent"},
		{read, []string{"*2\r\n$1\r\n4\r\n$-1\r\n"}, history.OK, map[string]any{"a0": int64(4), "a1": int64(10)}, ""},
		{read, []string{"*2\r\n$1\r\n4\r\n$1\r\nx\r\n"}, history.Unknown, nil, "bad-reply"},
		{read, []string{"*1\r\n$1\r\n4\r\n"}, history.Unknown, nil, "bad-reply"},
		{enqueue, []string{":1\r\n"}, history.OK, nil, ""},
		{enqueue, []string{""}, history.Unknown, nil, "no-reply"},
		{harness.Invocation{F: "enqueue", Key: "q0"}, []string{""}, history.Fail, nil, "not-sent"},
		{dequeue, []string{"$1\r\n4\r\n"}, history.OK, int64(4), ""},
		{dequeue, []string{"$-1\r\n"}, history.Fail, nil, "empty"},
		{dequeue, []string{"$1\r\nx\r\n"}, history.Unknown, nil, "bad-reply"},
		{dequeue, []string{"-LOADING\r\n"}, history.Fail, nil, "loading"},
		{dequeue, []string{""}, history.Unknown, nil, "no-reply"},
		{drain, []string{"*2\r\n$1\r\n4\r\n$1\r\n5\r\n", "*1\r\n$1\r\n6\r\n", "*-1\r\n"}, history.OK, []any{int64(4), int64(5), int64(6)}, ""},
		{drain, []string{"*-1\r\n"}, history.OK, []any{}, ""},
		{drain, []string{"-READONLY replica\r\n"}, history.Fail, nil, "readonly"},
		{drain, []string{"*1\r\n$1\r\n4\r\n", "-READONLY replica\r\n"}, history.Unknown, nil, "half-done: readonly"},
		{drain, []string{"*1\r\n$1\r\n4\r\n", ""}, history.Unknown, nil, "half-done: no-reply"},
		{drain, []string{"*1\r\n$1\r\nx\r\n"}, history.Unknown, nil, "bad-reply"},
		{drain, []string{""}, history.Unknown, nil, "no-reply"},
	} {
		t.Run(test.op.F+" "+strings.Join(test.replies, " "), func(t *testing.T) {
			replies := test.replies
			c, err := System{}.Open("n1", serveEach(t, func(string) string {
				if len(replies) == 0 {
					return "" // asked once more than expected
				}
				next := replies[0]
				replies = replies[1:]
				return next
			}), planConfig())
			require.NoError(t, err)
			defer c.Close()
			done := c.Invoke(t.Context(), test.op)
			require.Equal(t, test.outcome, done.Outcome, done.Error)
			require.Equal(t, test.value, done.Value)
			require.True(t, strings.HasPrefix(done.Error, test.says), done.Error)
		})
	}
}
