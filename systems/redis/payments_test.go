package redis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
)

func depositOf(account string, amount int64, key string) harness.Invocation {
	return harness.Invocation{F: "deposit", Key: "t1/" + account, Idem: "t1/deposit/" + key,
		Value: map[string]any{"tenant": "t1", "account": account, "amount": amount}}
}

func transferOf(from, to string, amount int64, key string) harness.Invocation {
	return harness.Invocation{F: "transfer", Key: "t1/" + from, Idem: "t1/transfer/" + key,
		Value: map[string]any{"tenant": "t1", "from": from, "to": to, "amount": amount}}
}

// Payments on a real server, by both ways to do a request once.
func TestPayments(t *testing.T) {
	c := open(t, planConfig())
	n := c.Node("n1")
	require.NoError(t, n.Start(t.Context()))
	for _, dedupe := range []string{"script", "ttl"} {
		t.Run(dedupe, func(t *testing.T) {
			config := planConfig()
			config.Workload, config.Options = "ledger", map[string]string{"dedupe": dedupe}
			opened, err := System{}.Open("n1", c.Link(cluster.Client, "n1").Addr(), config)
			require.NoError(t, err)
			t.Cleanup(func() { require.NoError(t, opened.Close()) })
			client := opened.(*client)
			require.NoError(t, client.redis.FlushAll(t.Context()).Err())
			do := func(op harness.Invocation) harness.Completion { return client.Invoke(t.Context(), op) }
			ok := func(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }
			no := func(why string) harness.Completion { return harness.Completion{Outcome: history.Fail, Error: why} }

			paid := ok(map[string]any{"id": int64(1), "account": "a1", "amount": int64(70), "balance": int64(70)})
			require.Equal(t, paid, do(depositOf("a1", 70, "k1")))
			require.Equal(t, paid, do(depositOf("a1", 70, "k1")), "the same request again")
			require.Equal(t, no("conflict"), do(depositOf("a1", 71, "k1")))
			require.Equal(t, no("conflict"), do(depositOf("a2", 70, "k1")))
			moved := ok(map[string]any{"id": int64(2), "from": "a1", "to": "a2", "amount": int64(50), "balance": int64(20)})
			require.Equal(t, moved, do(transferOf("a1", "a2", 50, "k1")), "the same key for something else")
			require.Equal(t, no("insufficient-funds"), do(transferOf("a1", "a2", 21, "k2")))
			require.Equal(t, history.OK, do(depositOf("a1", 1, "k3")).Outcome)
			require.Equal(t, no("insufficient-funds"), do(transferOf("a1", "a2", 21, "k2")), "a refusal is the reply")
			require.Equal(t, no("conflict"), do(transferOf("a1", "a2", 20, "k2")))
			require.Equal(t, moved, do(transferOf("a1", "a2", 50, "k1")), "as it was")

			require.Equal(t, ok(int64(21)), do(harness.Invocation{F: "balance", Key: "t1/a1"}))
			require.Equal(t, ok(int64(0)), do(harness.Invocation{F: "balance", Key: "t2/a1"}))
			require.Equal(t, ok([]any{
				map[string]any{"account": "a1", "balance": int64(21)}, map[string]any{"account": "a2", "balance": int64(50)},
			}), do(harness.Invocation{F: "accounts", Key: "t1"}))
			require.Equal(t, ok([]any{
				map[string]any{"id": int64(1), "operation": "deposit", "key": "k1", "account": "a1", "amount": int64(70)},
				map[string]any{"id": int64(2), "operation": "transfer", "key": "k1", "from": "a1", "to": "a2", "amount": int64(50)},
				map[string]any{"id": int64(3), "operation": "deposit", "key": "k3", "account": "a1", "amount": int64(1)},
			}), do(harness.Invocation{F: "entries", Key: "t1"}))
			require.Equal(t, ok([]any{}), do(harness.Invocation{F: "entries", Key: "t2"}))

			// An attempt that was done and whose reply was never noted.
			p, err := paymentOf(depositOf("a3", 5, "k4"))
			require.NoError(t, err)
			require.NoError(t, client.redis.Set(t.Context(), "mark:t1/deposit/k4", "1", time.Second).Err())
			require.NoError(t, client.redis.Do(t.Context(), p.eval(payAnyway)...).Err())
			again := do(depositOf("a3", 5, "k4"))
			if dedupe == "ttl" {
				require.Equal(t, history.Unknown, again.Outcome)
				require.True(t, strings.HasPrefix(again.Error, "in-flight: "), again.Error)
				require.Eventually(t, func() bool {
					again = do(depositOf("a3", 5, "k4"))
					return again.Outcome == history.OK
				}, time.Minute, 50*time.Millisecond)
				require.Equal(t, int64(10), again.Value.(map[string]any)["balance"], "the mark has expired, and it is done twice")
			}
		})
	}
}

// Books of more than one page.
func TestManyEntries(t *testing.T) {
	config := planConfig()
	config.Workload = "ledger"
	c := open(t, config)
	require.NoError(t, c.Node("n1").Start(t.Context()))
	opened, err := System{}.Open("n1", c.Link(cluster.Client, "n1").Addr(), config)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, opened.Close()) })
	client := opened.(*client)
	require.NoError(t, client.redis.Eval(t.Context(),
		`for i = 1, tonumber(ARGV[1]) do redis.call('RPUSH', KEYS[1], '{"id":' .. i .. '}') end return 1`,
		[]string{entriesKey("t1")}, 2*pageSize).Err())
	done := client.Invoke(t.Context(), harness.Invocation{F: "entries", Key: "t1"})
	require.Equal(t, history.OK, done.Outcome, done.Error)
	entries := done.Value.([]any)
	require.Len(t, entries, 2*pageSize)
	for i, entry := range entries {
		require.Equal(t, map[string]any{"id": int64(i + 1)}, entry)
	}
}

// What is made of answers to a payment.
func TestWhatIsMadeOfAnswersToPayments(t *testing.T) {
	op := depositOf("a1", 5, "k1")
	const oom = "-OOM command not allowed when used memory > 'maxmemory'.\r\n"
	bulk := func(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }
	reply := map[string]any{"id": int64(4), "account": "a1", "amount": int64(5), "balance": int64(9)}
	const text = `{"id":4,"account":"a1","amount":5,"balance":9}`
	for name, test := range map[string]struct {
		dedupe string
		// replies are by the name of the command.
		replies map[string]string
		outcome history.Outcome
		value   any
		says    string
	}{
		"done":               {"script", map[string]string{"EVAL": bulk(text)}, history.OK, reply, ""},
		"refused":            {"script", map[string]string{"EVAL": bulk(insufficient)}, history.Fail, nil, insufficient},
		"conflict":           {"script", map[string]string{"EVAL": bulk(conflict)}, history.Fail, nil, conflict},
		"loading":            {"script", map[string]string{"EVAL": "-LOADING\r\n"}, history.Fail, nil, "loading"},
		"no memory":          {"script", map[string]string{"EVAL": oom}, history.Unknown, nil, "error"},
		"nonsense":           {"script", map[string]string{"EVAL": bulk("{")}, history.Unknown, nil, "bad-reply"},
		"broken number":      {"script", map[string]string{"EVAL": bulk(`{"id":1.5}`)}, history.Unknown, nil, "bad-reply"},
		"hangs up":           {"script", map[string]string{}, history.Unknown, nil, "no-reply"},
		"done, unhappily":    {"ttl", map[string]string{"SET": "+OK\r\n", "HGET": "$-1\r\n", "EVAL": bulk(text), "HSET": ":1\r\n"}, history.OK, reply, ""},
		"known":              {"ttl", map[string]string{"SET": "$-1\r\n", "HGET": bulk("\"account\":\"a1\",\"amount\":5\n" + text)}, history.OK, reply, ""},
		"known as refused":   {"ttl", map[string]string{"SET": "+OK\r\n", "HGET": bulk("\"account\":\"a1\",\"amount\":5\n" + insufficient)}, history.Fail, nil, insufficient},
		"known as another":   {"ttl", map[string]string{"SET": "$-1\r\n", "HGET": bulk("\"account\":\"a1\",\"amount\":6\n" + text)}, history.Fail, nil, conflict},
		"marked":             {"ttl", map[string]string{"SET": "$-1\r\n", "HGET": "$-1\r\n"}, history.Unknown, nil, "in-flight"},
		"not marked":         {"ttl", map[string]string{"SET": oom}, history.Fail, nil, "oom"},
		"not known":          {"ttl", map[string]string{"SET": "+OK\r\n", "HGET": "-LOADING\r\n"}, history.Unknown, nil, "half-done: loading"},
		"marked and no more": {"ttl", map[string]string{"SET": "+OK\r\n", "HGET": "$-1\r\n", "EVAL": oom}, history.Unknown, nil, "half-done"},
		"not noted":          {"ttl", map[string]string{"SET": "+OK\r\n", "HGET": "$-1\r\n", "EVAL": bulk(text), "HSET": oom}, history.Unknown, nil, "half-done"},
		"not noted at all":   {"ttl", map[string]string{"SET": "+OK\r\n", "HGET": "$-1\r\n", "EVAL": bulk(text)}, history.Unknown, nil, "half-done"},
	} {
		t.Run(name, func(t *testing.T) {
			config := planConfig()
			config.Workload, config.Options = "ledger", map[string]string{"dedupe": test.dedupe}
			c, err := System{}.Open("n1", serveEach(t, func(name string) string { return test.replies[name] }), config)
			require.NoError(t, err)
			defer c.Close()
			done := c.Invoke(t.Context(), op)
			require.Equal(t, test.outcome, done.Outcome, done.Error)
			require.Equal(t, test.value, done.Value)
			require.True(t, strings.HasPrefix(done.Error, test.says), done.Error)
		})
	}
	for name, op := range map[string]harness.Invocation{
		"no amount":  {F: "deposit", Idem: "t1/deposit/k", Value: map[string]any{"account": "a1"}},
		"no account": {F: "transfer", Idem: "t1/transfer/k", Value: map[string]any{"from": "a1", "amount": int64(1)}},
		"no key":     {F: "deposit", Value: map[string]any{"account": "a1", "amount": int64(1)}},
		"negative":   depositOf("a1", -1, "k"),
	} {
		t.Run(name, func(t *testing.T) {
			c, err := System{}.Open("n1", serve(t, ""), planConfig())
			require.NoError(t, err)
			defer c.Close()
			done := c.Invoke(t.Context(), op)
			require.Equal(t, history.Fail, done.Outcome)
			require.Contains(t, done.Error, "not-sent")
		})
	}
}
