package etcd

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// wait is how long what happens soon may take on a machine with much to do.
const wait, tick = 30 * time.Second, 10 * time.Millisecond

const one, two, three = int64(1), int64(2), int64(3)

// doing returns what does operations on a fake gateway.
func doing(t *testing.T, config plan.Config) (*gateway, func(f, key string, value any) harness.Completion) {
	g, addr := newGateway(t)
	c := open(t, addr, config)
	return g, func(f, key string, value any) harness.Completion {
		return c.Invoke(t.Context(), harness.Invocation{F: f, Key: key, Value: value})
	}
}

func mismatch(value any) harness.Completion {
	return harness.Completion{Outcome: history.Fail, Error: "mismatch", Value: value}
}

func TestRegister(t *testing.T) {
	for _, size := range []string{"0", "40"} {
		g, do := doing(t, plan.Config{Workload: "register", Options: map[string]string{"value_bytes": size}})
		require.Equal(t, ok(nil), do("read", "r1", nil))
		require.Equal(t, mismatch(nil), do("cas", "r1", []any{one, two}))
		require.Equal(t, ok(nil), do("write", "r1", one))
		require.Equal(t, ok(one), do("read", "r1", nil))
		require.Equal(t, mismatch(one), do("cas", "r1", []any{two, three}))
		require.Equal(t, ok(nil), do("cas", "r1", []any{one, two}))
		require.Equal(t, ok(two), do("read", "r1", nil))
		if size == "40" {
			require.Len(t, g.keys["r1"].value, 40)
		}
		g.keys["r1"].value = []byte("else")
		require.Contains(t, do("read", "r1", nil).Error, `bad-reply: there is "else"`)
		require.Contains(t, do("cas", "r1", []any{one, two}).Error, "bad-reply")
	}
}

func TestSetsAndCounters(t *testing.T) {
	_, do := doing(t, plan.Config{Workload: "register+set"})
	require.Equal(t, ok([]any{}), do("read", "s1", nil))
	require.Equal(t, ok(true), do("add", "s1", two))
	require.Equal(t, ok(false), do("add", "s1", two))
	require.Equal(t, ok(true), do("add", "s1", one))
	require.Equal(t, ok(true), do("add", "s1.1", three))
	require.Equal(t, ok(true), do("add", "s10", three))
	require.Equal(t, ok([]any{one, two}), do("read", "s1", nil))
	require.Equal(t, ok(true), do("contains", "s1", one))
	require.Equal(t, ok(true), do("remove", "s1", one))
	require.Equal(t, ok(false), do("remove", "s1", one))
	require.Equal(t, ok(false), do("contains", "s1", one))

	_, do = doing(t, plan.Config{Workload: "counter"})
	require.Equal(t, ok(int64(0)), do("read", "c1", nil))
	require.Equal(t, ok(nil), do("increment", "c1", nil))
	require.Equal(t, ok(nil), do("increment", "c1", nil))
	require.Equal(t, ok(two), do("read", "c1", nil))
}

// Reads say that a node may answer from what it has, if that is asked for.
func TestSerializable(t *testing.T) {
	for reads, want := range map[string]int{"linearizable": 0, "serializable": 4} {
		config := plan.Config{Workload: "register", Options: map[string]string{"reads": reads}}
		g, do := doing(t, config)
		do("read", "r1", nil)
		do("contains", "m1", one)
		do("add-and-get", "k1", int64(0))
		do("txn", "", []any{[]any{"r", "l1", nil}})
		count := 0
		for _, bodies := range g.asked {
			for _, body := range bodies {
				if strings.Contains(body, `"serializable":true`) {
					count++
				}
			}
		}
		require.Equal(t, want, count, reads)
	}
}

func micros(items ...any) []any { return items }

func m(f, key string, value any) any { return []any{f, key, value} }

func TestTransactions(t *testing.T) {
	_, do := doing(t, plan.Config{Workload: "list-append"})
	require.Equal(t,
		ok(micros(m("r", "l1", []any{}), m("append", "l1", one), m("append", "l1", two), m("r", "l1", []any{one, two}), m("append", "l2", three))),
		do("txn", "", micros(m("r", "l1", nil), m("append", "l1", one), m("append", "l1", two), m("r", "l1", nil), m("append", "l2", three))))
	require.Equal(t, ok(micros(m("r", "l2", []any{three}), m("r", "l1", []any{one, two}))),
		do("txn", "", micros(m("r", "l2", nil), m("r", "l1", nil))))

	_, do = doing(t, plan.Config{Workload: "rw-register"})
	require.Equal(t, ok(micros(m("r", "x1", nil), m("w", "x1", one), m("r", "x1", one), m("w", "x2", two))),
		do("txn", "", micros(m("r", "x1", nil), m("w", "x1", one), m("r", "x1", nil), m("w", "x2", two))))
	require.Equal(t, ok(micros(m("w", "x2", three))), do("txn", "", micros(m("w", "x2", three))))
	require.Equal(t, ok(micros(m("r", "x1", one), m("r", "x2", three))), do("txn", "", micros(m("r", "x1", nil), m("r", "x2", nil))))
}

// What a transaction had read was changed before it wrote: nothing is written.
func TestConflict(t *testing.T) {
	g, addr := newGateway(t)
	c := open(t, addr, plan.Config{Workload: "list-append"}).(*client)
	state, err := c.snapshot(t.Context(), []string{"l1"})
	require.NoError(t, err)
	require.Zero(t, state["l1"].revision)
	other := open(t, addr, plan.Config{Workload: "list-append"})
	require.Equal(t, history.OK, other.Invoke(t.Context(), harness.Invocation{F: "txn", Value: micros(m("append", "l1", one))}).Outcome)
	reply, err := ask[txnReply](t.Context(), &c.wire, txnPath, txnRequest{
		Compare: []compare{unchanged("l1", state["l1"].revision)},
		Success: []step{{Put: &putRequest{Key: []byte("l1"), Value: []byte("[2]")}}},
	})
	require.NoError(t, err)
	require.False(t, reply.Succeeded)
	require.Equal(t, "[1]", string(g.keys["l1"].value))
}

func acquired(ttl int64, stalled bool) any {
	terms := map[string]any{"ttl_s": ttl}
	if stalled {
		terms["stalled"] = true
	}
	return terms
}

func TestLock(t *testing.T) {
	for _, fencing := range []string{"on", "off"} {
		config := plan.Config{Workload: "lock", Options: map[string]string{"fencing": fencing}}
		g, addr := newGateway(t)
		holder, other := open(t, addr, config), open(t, addr, config)
		do := func(c harness.Client, f string, value any) harness.Completion {
			return c.Invoke(t.Context(), harness.Invocation{F: f, Key: "k1", Value: value})
		}
		require.Equal(t, ok(int64(0)), do(holder, "add-and-get", int64(0)))
		require.Contains(t, do(holder, "add-and-get", one).Error, "not-held")
		first := do(holder, "acquire", acquired(2, true))
		require.Equal(t, history.OK, first.Outcome, first.Error)
		require.Equal(t, ok(one), do(holder, "add-and-get", one))
		require.Contains(t, do(other, "acquire", acquired(2, false)).Error, "held: by another")
		require.Contains(t, do(other, "release", nil).Error, "not-held")

		// The holder is stopped until its lease has run out.
		g.mu.Lock()
		g.expire(100)
		g.mu.Unlock()
		second := do(other, "acquire", acquired(2, false))
		require.Equal(t, history.OK, second.Outcome, second.Error)
		require.Greater(t, second.Value, first.Value, "tokens rise")
		require.Equal(t, ok(two), do(other, "add-and-get", one))
		late := do(holder, "add-and-get", one)
		if fencing == "on" {
			require.Equal(t, history.Fail, late.Outcome)
			require.Contains(t, late.Error, "fenced")
		} else {
			require.Equal(t, ok(two), late, "which is one too few")
		}
		released := do(holder, "release", nil)
		require.Equal(t, history.Fail, released.Outcome)
		require.Contains(t, released.Error, "no-lease")
		require.Equal(t, ok(three), do(other, "add-and-get", one))
		require.Equal(t, ok(nil), do(other, "release", nil))
		require.Equal(t, ok(three), do(holder, "add-and-get", int64(0)))
		require.Equal(t, history.OK, do(holder, "acquire", acquired(2, false)).Outcome)
	}
}

// A lease is renewed while its holder has the lock, but for that of one that is
// stopped, and no longer.
func TestRenewal(t *testing.T) {
	for _, stalled := range []bool{false, true} {
		g, addr := newGateway(t)
		c := open(t, addr, plan.Config{Workload: "lock"}).(*client)
		require.Equal(t, history.OK, c.Invoke(t.Context(), harness.Invocation{F: "acquire", Key: "k1", Value: acquired(1, stalled)}).Outcome)
		renewals := func() int {
			g.mu.Lock()
			defer g.mu.Unlock()
			return len(g.asked[keepAlivePath])
		}
		if stalled {
			require.Nil(t, c.locks["k1"].stop)
			require.Zero(t, renewals())
			continue
		}
		require.Eventually(t, func() bool { return renewals() > 1 }, wait, tick)
		require.NoError(t, c.Close())
		require.Empty(t, c.locks)
	}
}

func TestWhatIsNoOperation(t *testing.T) {
	_, do := doing(t, plan.Config{Workload: "register"})
	for name, op := range map[string]harness.Invocation{
		"unknown":                  {F: "withdraw", Key: "r1"},
		"a write of text":          {F: "write", Key: "r1", Value: "1"},
		"a cas without a pair":     {F: "cas", Key: "r1", Value: one},
		"a cas of text":            {F: "cas", Key: "r1", Value: []any{"1", "2"}},
		"an increment by two":      {F: "increment", Key: "r1", Value: two},
		"an element that is none":  {F: "add", Key: "r1"},
		"no transaction":           {F: "txn"},
		"a transaction of nothing": {F: "txn", Value: []any{}},
		"half a read":              {F: "txn", Value: micros([]any{"r", "l1"})},
		"a read without a key":     {F: "txn", Value: micros(m("r", "", nil))},
		"a write among lists":      {F: "txn", Value: micros(m("w", "l1", one))},
		"an append of text":        {F: "txn", Value: micros(m("append", "l1", "1"))},
		"an acquire without terms": {F: "acquire", Key: "k1"},
		"two at once":              {F: "add-and-get", Key: "k1", Value: two},
	} {
		got := do(op.F, op.Key, op.Value)
		require.Equal(t, history.Fail, got.Outcome, name)
		require.Contains(t, got.Error, "not-sent", name)
	}
}

// refusals are what the gateway answers, and what is to be made of it.
var refusals = []struct {
	status  int
	code    int
	message string
	outcome history.Outcome
	says    string
}{
	{503, 14, "etcdserver: not capable", history.Fail, "not-capable"},
	{429, 8, "etcdserver: too many requests", history.Fail, "too-many-requests"},
	{500, 2, "raft proposal dropped", history.Fail, "dropped"},
	{400, 3, "etcdserver: request is too large", history.Fail, "too-large"},
	{400, 3, "etcdserver: key is not provided", history.Fail, "no-key"},
	{400, 3, "etcdserver: duplicate key given in txn request", history.Fail, "duplicate-key"},
	{400, 3, "etcdserver: too many operations in txn request", history.Fail, "too-many-operations"},
	{404, 5, "etcdserver: requested lease not found", history.Fail, "no-lease"},
	{503, 14, "etcdserver: request timed out", history.Unknown, "status-503"},
	{503, 14, "etcdserver: request timed out, possibly due to previous leader failure", history.Unknown, "status-503"},
	{503, 14, "etcdserver: request timed out, possibly due to connection lost", history.Unknown, "status-503"},
	{503, 14, "etcdserver: leader changed", history.Unknown, "status-503"},
	{503, 14, "etcdserver: no leader", history.Unknown, "status-503"},
	{400, 9, "etcdserver: not leader", history.Unknown, "status-400"},
	{503, 14, "etcdserver: server stopped", history.Unknown, "status-503"},
	{503, 14, "transport is closing", history.Unknown, "status-503"},
	{429, 8, "etcdserver: mvcc: database space exceeded", history.Unknown, "status-429"},
	{500, 15, "etcdserver: corrupt cluster", history.Unknown, "status-500"},
	{408, 1, "context canceled", history.Unknown, "status-408"},
	{400, 3, "etcdserver: not capable", history.Unknown, "status-400"},
	{404, 5, "Not Found", history.Unknown, "status-404"},
}

func TestRefusals(t *testing.T) {
	for _, r := range refusals {
		for _, form := range []string{`{"error":%q,"message":%[1]q,"code":%[2]d}`, `{"code":%[2]d,"message":%[1]q,"details":[]}`, `{"error":%q,"code":%d}`} {
			g, do := doing(t, plan.Config{Workload: "register"})
			g.refuse(putPath, 0, r.status, fmt.Sprintf(form, r.message, r.code))
			got := do("write", "r1", one)
			require.Equal(t, r.outcome, got.Outcome, got.Error)
			require.Contains(t, got.Error, r.says)
			require.Contains(t, got.Error, r.message)
		}
	}
}

// Of what ends before the request that writes, it is known that nothing was
// written.
func TestRefusedBeforeTheWrite(t *testing.T) {
	const timeout = `{"error":"etcdserver: request timed out","code":14}`
	for name, test := range map[string]struct {
		path    string
		skip    int
		op      harness.Invocation
		outcome history.Outcome
		says    string
	}{
		"the read before an append":       {txnPath, 0, harness.Invocation{F: "txn", Value: micros(m("append", "l1", one))}, history.Fail, "nothing-written"},
		"the append":                      {txnPath, 1, harness.Invocation{F: "txn", Value: micros(m("append", "l1", one))}, history.Unknown, "status-503"},
		"a transaction that reads":        {txnPath, 0, harness.Invocation{F: "txn", Value: micros(m("r", "l1", nil))}, history.Unknown, "status-503"},
		"the lease before an acquisition": {grantPath, 0, harness.Invocation{F: "acquire", Key: "k1", Value: acquired(2, true)}, history.Fail, "nothing-written"},
		"the acquisition":                 {txnPath, 0, harness.Invocation{F: "acquire", Key: "k1", Value: acquired(2, true)}, history.Unknown, "status-503"},
		"a compare-and-set":               {txnPath, 0, harness.Invocation{F: "cas", Key: "r1", Value: []any{one, two}}, history.Unknown, "status-503"},
		"an element":                      {txnPath, 0, harness.Invocation{F: "add", Key: "s1", Value: one}, history.Unknown, "status-503"},
		"a removal":                       {deletePath, 0, harness.Invocation{F: "remove", Key: "s1", Value: one}, history.Unknown, "status-503"},
		"a read":                          {rangePath, 0, harness.Invocation{F: "read", Key: "r1"}, history.Unknown, "status-503"},
	} {
		t.Run(name, func(t *testing.T) {
			g, do := doing(t, plan.Config{Workload: "list-append"})
			g.refuse(test.path, test.skip, 503, timeout)
			got := do(test.op.F, test.op.Key, test.op.Value)
			require.Equal(t, test.outcome, got.Outcome, got.Error)
			require.Contains(t, got.Error, test.says)
			require.Empty(t, g.keys, "nothing was written")
		})
	}
}
