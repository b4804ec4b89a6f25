package rabbitmq

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

func planConfig() plan.Config {
	config := plan.Config{System: "rabbitmq", Workload: "queue", Runtime: "docker"}
	System{}.Defaults(&config)
	return config
}

// times answers so often in one way, and then in another.
func times(n int64, first, then func(uint16) string) func(uint16) string {
	var count atomic.Int64
	return func(channel uint16) string {
		if count.Add(1) <= n {
			return first(channel)
		}
		return then(channel)
	}
}

func TestWhatIsMadeOfAnswers(t *testing.T) {
	enqueue := harness.Invocation{F: "enqueue", Key: "q0", Value: int64(7)}
	dequeue := harness.Invocation{F: "dequeue", Key: "q0"}
	drain := harness.Invocation{F: "drain", Key: "q0"}
	sevens := func(n int) []any {
		list := []any{}
		for range n {
			list = append(list, int64(7))
		}
		return list
	}
	for name, test := range map[string]struct {
		op      harness.Invocation
		broker  *broker
		outcome history.Outcome
		value   any
		says    string
		acked   int64
	}{
		"confirmed":            {enqueue, &broker{publish: ack}, history.OK, nil, "", 0},
		"refused":              {enqueue, &broker{publish: nack}, history.Unknown, nil, "nack", 0},
		"came back":            {enqueue, &broker{publish: func(c uint16) string { return back(c) + ack(c) }}, history.Fail, nil, "returned: 312", 0},
		"connection ended":     {enqueue, &broker{publish: gone}, history.Unknown, nil, "no-reply", 0},
		"channel closed":       {enqueue, &broker{publish: closed}, history.Unknown, nil, "no-reply", 0},
		"no confirm":           {enqueue, &broker{publish: silent}, history.Unknown, nil, "timeout", 0},
		"no queue":             {enqueue, &broker{publish: ack, declare: closed}, history.Fail, nil, "not-sent", 0},
		"no answer to declare": {enqueue, &broker{publish: ack, declare: silent}, history.Fail, nil, "not-sent", 0},

		"taken":            {dequeue, &broker{get: got("7")}, history.OK, int64(7), "", 1},
		"empty":            {dequeue, &broker{get: nothing}, history.Fail, nil, "empty", 0},
		"nonsense":         {dequeue, &broker{get: got("x")}, history.Unknown, nil, "bad-reply", 0},
		"no answer to get": {dequeue, &broker{get: silent}, history.Fail, nil, "not-taken", 0},
		"end at get":       {dequeue, &broker{get: gone}, history.Fail, nil, "not-taken", 0},
		"close at get":     {dequeue, &broker{get: closed}, history.Fail, nil, "not-taken", 0},

		"all":                  {drain, &broker{get: times(40, got("7"), nothing)}, history.OK, sevens(40), "", 40},
		"none":                 {drain, &broker{get: nothing}, history.OK, []any{}, "", 0},
		"end of a drain":       {drain, &broker{get: times(5, got("7"), gone)}, history.Unknown, nil, "no-reply", -1},
		"no end of a drain":    {drain, &broker{get: times(5, got("7"), silent)}, history.Unknown, nil, "timeout", -1},
		"nothing but an error": {drain, &broker{get: closed}, history.Fail, nil, "not-taken", 0},
		"nonsense in a drain":  {drain, &broker{get: got("x")}, history.Fail, nil, "not-taken", 0},

		"no such operation": {harness.Invocation{F: "peek", Key: "q0"}, &broker{}, history.Fail, nil, "not-sent", 0},
		"no element":        {harness.Invocation{F: "enqueue", Key: "q0"}, &broker{}, history.Fail, nil, "not-sent", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, err := System{}.Open("n1", test.broker.start(t), planConfig())
			require.NoError(t, err)
			defer c.Close()
			limit := time.Minute
			if strings.HasPrefix(name, "no ") {
				limit = 2 * time.Second
			}
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			done := c.Invoke(ctx, test.op)
			require.Equal(t, test.outcome, done.Outcome, done.Error)
			require.Equal(t, test.value, done.Value)
			require.True(t, strings.HasPrefix(done.Error, test.says), done.Error)
			if test.acked >= 0 {
				require.Eventually(t, func() bool { return test.broker.acked.Load() == test.acked }, time.Minute, time.Millisecond)
			}
		})
	}
}

// A confirm counts though the connection ends just behind it, and what comes back
// is not taken for anything else.
func TestConfirmAtTheEndOfAConnection(t *testing.T) {
	for came, want := range map[string]history.Outcome{"": history.OK, "back": history.Fail} {
		b := &broker{publish: func(c uint16) string {
			if came != "" {
				return back(c) + ack(c) + hangUp
			}
			return ack(c) + hangUp
		}}
		c, err := System{}.Open("n1", b.start(t), planConfig())
		require.NoError(t, err)
		defer c.Close()
		for range 300 {
			done := c.Invoke(t.Context(), harness.Invocation{F: "enqueue", Key: "q0", Value: int64(7)})
			if done.Outcome == history.Unknown {
				continue // the end was seen before the confirm
			}
			if strings.HasPrefix(done.Error, "not-sent: ") {
				continue // as it was in time for the next operation
			}
			require.Equal(t, want, done.Outcome, done.Error)
		}
	}
}

// After whatever went wrong the next operation has a connection of its own.
func TestAnotherConnection(t *testing.T) {
	b := &broker{publish: times(1, gone, ack), get: times(1, silent, got("7"))}
	c, err := System{}.Open("n1", b.start(t), planConfig())
	require.NoError(t, err)
	defer c.Close()
	enqueue := harness.Invocation{F: "enqueue", Key: "q0", Value: int64(7)}
	require.Equal(t, history.Unknown, c.Invoke(t.Context(), enqueue).Outcome)
	require.Equal(t, history.OK, c.Invoke(t.Context(), enqueue).Outcome)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	require.Equal(t, history.Fail, c.Invoke(ctx, harness.Invocation{F: "dequeue", Key: "q0"}).Outcome)
	require.Equal(t, history.OK, c.Invoke(t.Context(), harness.Invocation{F: "dequeue", Key: "q0"}).Outcome)
}

func TestWhatWasNeverSent(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	addr := l.Addr().String()
	require.NoError(t, l.Close())
	c, err := System{}.Open("n1", addr, planConfig())
	require.NoError(t, err)
	defer c.Close()
	done := c.Invoke(t.Context(), harness.Invocation{F: "enqueue", Key: "q0", Value: int64(7)})
	require.Equal(t, history.Fail, done.Outcome)
	require.Contains(t, done.Error, "not-sent")
	require.True(t, done.Backoff)
}
