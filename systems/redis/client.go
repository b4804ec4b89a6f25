package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// client does the operations of one process on one server, over one connection.
type client struct {
	addr  string
	redis *redis.Client
	// greeted is true once a connection is open and the library has introduced
	// itself: before that, no command of an operation can have left.
	greeted atomic.Bool
}

var _ harness.Client = (*client)(nil)

// quiet keeps the library from writing to the terminal what completions say.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

var hush = sync.OnceFunc(func() { redis.SetLogger(quiet{}) })

func connect(addr string) *client {
	hush()
	c := &client{addr: addr}
	c.renew()
	return c
}

// renew forgets the connection. After a dial that failed the library would
// refuse to dial again for a second, though the server may be back.
func (c *client) renew() {
	if c.redis != nil {
		_ = c.redis.Close() // there is nothing that could be lost
	}
	c.redis = redis.NewClient(&redis.Options{
		Addr:                     c.addr,
		MaxRetries:               -1, // a retry would be a second operation
		PoolSize:                 1,
		ContextTimeoutEnabled:    true,
		DisableIdentity:          true,
		Protocol:                 2,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c.greeted.Store(false)
			return new(net.Dialer).DialContext(ctx, network, addr)
		},
		OnConnect: func(context.Context, *redis.Conn) error {
			c.greeted.Store(true)
			return nil
		},
		DialerRetries: 1,
	})
}

// Close closes the connection.
func (c *client) Close() error { return c.redis.Close() }

// compareAndSet sets a register to ARGV[2] if it is ARGV[1], and otherwise
// returns what it is.
var compareAndSet = `
local now = redis.call('GET', KEYS[1])
if now ~= ARGV[1] then return {0, now} end
redis.call('SET', KEYS[1], ARGV[2])
return {1}
`

// Invoke does an operation of the workload register.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	switch op.F {
	case "read":
		text, err := c.redis.Get(ctx, op.Key).Result()
		if errors.Is(err, redis.Nil) {
			return harness.Completion{Outcome: history.OK}
		}
		if err != nil {
			return c.failed(ctx, err)
		}
		value, err := number(text)
		if err != nil {
			return harness.Completion{Error: "bad-reply: " + err.Error()}
		}
		return harness.Completion{Outcome: history.OK, Value: value}
	case "write":
		if err := c.redis.Set(ctx, op.Key, op.Value, 0).Err(); err != nil {
			return c.failed(ctx, err)
		}
		return harness.Completion{Outcome: history.OK}
	case "cas":
		pair, _ := op.Value.([]any)
		if len(pair) != 2 {
			return harness.Completion{Outcome: history.Fail, Error: fmt.Sprintf("not-sent: cas of %v: want old and new", op.Value)}
		}
		return c.compareAndSet(ctx, op.Key, pair[0], pair[1])
	}
	return harness.Completion{Outcome: history.Fail, Error: fmt.Sprintf("not-sent: redis has no operation %q", op.F)}
}

func (c *client) compareAndSet(ctx context.Context, key string, from, to any) harness.Completion {
	reply, err := c.redis.Eval(ctx, compareAndSet, []string{key}, from, to).Slice()
	if err != nil {
		return c.failed(ctx, err)
	}
	if len(reply) > 0 && reply[0] == int64(1) {
		return harness.Completion{Outcome: history.OK}
	}
	refused := harness.Completion{Outcome: history.Fail, Error: "mismatch"}
	if len(reply) < 2 || reply[1] == nil {
		return refused // there is no value
	}
	text, _ := reply[1].(string)
	if refused.Value, err = number(text); err != nil {
		return harness.Completion{Error: "bad-reply: " + err.Error()}
	}
	return refused
}

func number(text string) (int64, error) {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("the register holds %q, which nobody wrote", text)
	}
	return value, nil
}

// proofs begin the errors with which a server refuses a command before it does
// anything.
var proofs = []string{
	"LOADING", "MASTERDOWN", "CLUSTERDOWN", "READONLY", "NOREPLICAS", "MISCONF", "OOM", "BUSY", "NOAUTH",
	"WRONGTYPE", "NOPERM", "ERR",
}

// failed says what an error means, as the package comment does.
func (c *client) failed(ctx context.Context, err error) harness.Completion {
	var refusal redis.Error
	switch {
	case errors.As(err, &refusal):
		code, _, _ := strings.Cut(refusal.Error(), " ")
		if slices.Contains(proofs, code) {
			return harness.Completion{Outcome: history.Fail, Error: strings.ToLower(code) + ": " + refusal.Error(), Backoff: true}
		}
		return harness.Completion{Error: "error: " + refusal.Error()}
	case !c.greeted.Load():
		c.renew()
		return harness.Completion{Outcome: history.Fail, Error: "not-sent: " + err.Error(), Backoff: true}
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded):
		return harness.Completion{Error: "timeout: " + err.Error()}
	}
	return harness.Completion{Error: "no-reply: " + err.Error()}
}
