package postgres

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/history"
)

// What a real server makes of every statement of the clients.
func TestRealStatements(t *testing.T) {
	if os.Getenv("TERTIUM_DOCKER") != "1" {
		t.Skip("SKIP: it needs Docker; make test-docker runs it")
	}
	c := config()
	specs, err := System{}.Nodes(c)
	require.NoError(t, err)
	program := os.Getenv("TERTIUM_PROGRAM")
	require.NotEmpty(t, program, "TERTIUM_PROGRAM names a static build of this program")
	world, err := docker.Runtime{Program: program}.Open(t.Context(), specs, cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, world.Close()) })
	require.NoError(t, world.Node("n1").Start(t.Context()))
	open := func(workload, option, value string) harness.Client {
		c.Workload, c.Options = workload, map[string]string{option: value}
		opened, err := System{}.Open("n1", world.Link(cluster.Client, "n1").Addr(), c)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, opened.Close()) })
		return opened
	}
	do := func(client harness.Client, f, key, idem string, value any) harness.Completion {
		return client.Invoke(t.Context(), harness.Invocation{F: f, Key: key, Idem: idem, Value: value})
	}
	okay := func(value any) harness.Completion { return harness.Completion{Outcome: history.OK, Value: value} }
	fail := func(code string) harness.Completion {
		return harness.Completion{Outcome: history.Fail, Error: code}
	}
	one, two, none := int64(1), int64(2), int64(0)

	sets := open("set", "", "")
	require.Equal(t, okay([]any{}), do(sets, "read", "s", "", nil))
	require.Equal(t, okay(true), do(sets, "add", "s", "", one))
	require.Equal(t, okay(false), do(sets, "add", "s", "", one))
	require.Equal(t, okay(true), do(sets, "contains", "s", "", one))
	require.Equal(t, okay([]any{one}), do(sets, "read", "s", "", nil))
	require.Equal(t, okay(true), do(sets, "remove", "s", "", one))
	require.Equal(t, okay(false), do(sets, "remove", "s", "", one))
	require.Equal(t, okay(false), do(sets, "contains", "s", "", one))

	counters := open("counter", "", "")
	require.Equal(t, okay(none), do(counters, "read", "c", "", nil))
	require.Equal(t, okay(nil), do(counters, "increment", "c", "", nil))
	require.Equal(t, okay(nil), do(counters, "increment", "c", "", nil))
	require.Equal(t, okay(two), do(counters, "read", "c", "", nil))

	micro := func(f, key string, value any) any { return []any{f, key, value} }
	for _, level := range isolation.values {
		lists := open("list-append", "isolation", level)
		l := "l-" + level
		require.Equal(t,
			okay([]any{micro("r", l, nil), micro("append", l, one), micro("append", l, two), micro("r", l, []any{one, two})}),
			do(lists, "txn", "", "", []any{micro("r", l, nil), micro("append", l, one), micro("append", l, two), micro("r", l, nil)}))
		require.Equal(t, okay([]any{micro("r", l, []any{one, two})}), do(lists, "txn", "", "", []any{micro("r", l, nil)}))
		registers := open("rw-register", "isolation", level)
		require.Equal(t,
			okay([]any{micro("r", l, nil), micro("w", l, one), micro("w", l, two), micro("r", l, two)}),
			do(registers, "txn", "", "", []any{micro("r", l, nil), micro("w", l, one), micro("w", l, two), micro("r", l, nil)}))
	}

	bank := open("bank", "", "")
	transfer := func(amount int64) harness.Completion {
		return do(bank, "transfer", "", "", map[string]any{"from": "a0", "to": "a1", "amount": amount})
	}
	require.Equal(t, okay(nil), transfer(3))
	require.Equal(t, fail("insufficient-funds"), transfer(8))
	require.Equal(t, okay(nil), transfer(7))
	require.Equal(t,
		okay(map[string]any{"a0": none, "a1": int64(20), "a2": int64(10)}), do(bank, "read", "", "", []any{"a0", "a1", "a2"}))

	for n, way := range dedupe.values {
		payments := open("ledger", "dedupe", way)
		tenant := []string{"t1", "t2"}[n]
		pay := func(f, key string, amount int64) harness.Completion {
			value := map[string]any{"tenant": tenant, "amount": amount}
			if f == "transfer" {
				value["from"], value["to"] = "a1", "a2"
			} else {
				value["account"] = "a1"
			}
			return do(payments, f, tenant+"/a1", tenant+"/"+f+"/"+key, value)
		}
		deposited := pay("deposit", "k1", 5)
		require.Equal(t, history.OK, deposited.Outcome, deposited.Error)
		require.Equal(t, int64(5), deposited.Value.(map[string]any)["balance"])
		require.Equal(t, deposited, pay("deposit", "k1", 5))
		require.Equal(t, fail("conflict"), pay("deposit", "k1", 6))
		require.Equal(t, fail("insufficient-funds"), pay("transfer", "k1", 6))
		transferred := pay("transfer", "k2", 2)
		require.Equal(t, int64(3), transferred.Value.(map[string]any)["balance"])
		require.Equal(t, transferred, pay("transfer", "k2", 2))
		require.Equal(t, history.OK, pay("deposit", "k3", 50).Outcome)
		require.Equal(t, fail("insufficient-funds"), pay("transfer", "k1", 6), "that was its reply")
		require.Equal(t, okay(int64(53)), do(payments, "balance", tenant+"/a1", "", nil))
		require.Equal(t, okay(none), do(payments, "balance", tenant+"/a9", "", nil))
		require.Equal(t, okay([]any{
			map[string]any{"account": "a1", "balance": int64(53)}, map[string]any{"account": "a2", "balance": two},
		}), do(payments, "accounts", tenant, "", nil))
		entries := do(payments, "entries", tenant, "", nil).Value.([]any)
		require.Len(t, entries, 3)
		require.Equal(t, map[string]any{
			"id": transferred.Value.(map[string]any)["id"], "operation": "transfer", "key": "k2", "from": "a1", "to": "a2", "amount": two,
		}, entries[1])
	}
}
