package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// client does the operations of one process on one server, over one connection.
type client struct {
	addr  string
	redis *redis.Client
	// greeted is true once a connection is open and the library has introduced
	// itself: before that, no command of an operation can have left.
	greeted atomic.Bool
	terms
}

// terms are what a client has to know of a run.
type terms struct {
	// sets are read as a whole, and counters are 0 if there is none.
	sets, counters bool
	// registers says that a transaction reads and writes registers, and not
	// lists.
	registers bool
	// several says that the server is one of several, and primaryOnly that
	// replicas are to refuse reads.
	several, primaryOnly bool
	// wait is how many replicas a write waits for, for so long.
	wait   int
	within time.Duration
	// ttl says that requests are done once only while their mark lives.
	ttl bool
}

func termsOf(config plan.Config, o options) terms {
	names := config.Workloads()
	several := len(config.Nodes) > 1
	return terms{
		sets:        slices.Contains(names, "set"),
		counters:    slices.Contains(names, "counter"),
		registers:   slices.Contains(names, "rw-register") || slices.Contains(names, "long-fork"),
		several:     several,
		primaryOnly: several && !o.readsAny,
		wait:        o.wait,
		within:      max(config.Timeout/2, time.Millisecond),
		ttl:         o.ttl,
	}
}

var _ harness.Client = (*client)(nil)

// quiet keeps the library from writing to the terminal what completions say.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

var hush = sync.OnceFunc(func() { redis.SetLogger(quiet{}) })

func connect(addr string, terms terms) *client {
	hush()
	c := &client{addr: addr, terms: terms}
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

// Invoke does an operation of any of the workloads.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	switch op.F {
	case "read":
		if accounts, ok := op.Value.([]any); ok {
			return c.readAccounts(ctx, accounts)
		}
		return c.read(ctx, op.Key)
	case "write":
		return c.done(ctx, c.change(ctx, "SET", op.Key, op.Value))
	case "cas":
		pair, _ := op.Value.([]any)
		if len(pair) != 2 {
			return notSent("cas of %v: want old and new", op.Value)
		}
		return c.compareAndSet(ctx, op.Key, pair[0], pair[1])
	case "increment":
		if op.Value != nil {
			return notSent("increment by %v: it is by one alone", op.Value)
		}
		r := c.change(ctx, "INCR", op.Key)
		if _, err := r.Int64(); r.Err() == nil && err != nil {
			return badReply(err)
		}
		return c.done(ctx, r)
	case "add":
		return c.whether(ctx, c.change(ctx, "SADD", op.Key, op.Value))
	case "remove":
		return c.whether(ctx, c.change(ctx, "SREM", op.Key, op.Value))
	case "contains":
		return c.whether(ctx, reply{Cmd: c.ask(ctx, "SISMEMBER", op.Key, op.Value)})
	case "txn":
		return c.transact(ctx, op.Value)
	case "deposit":
		return c.pay(ctx, op)
	case "transfer":
		if op.Idem == "" {
			return c.transfer(ctx, op.Value)
		}
		return c.pay(ctx, op)
	case "balance":
		return c.balance(ctx, op.Key)
	case "accounts":
		return c.accounts(ctx, op.Key)
	case "entries":
		return c.entries(ctx, op.Key)
	case "enqueue":
		return c.enqueue(ctx, op.Key, op.Value)
	case "dequeue":
		return c.dequeue(ctx, op.Key)
	case "drain":
		return c.drain(ctx, op.Key)
	}
	return notSent("redis has no operation %q", op.F)
}

func notSent(format string, args ...any) harness.Completion {
	return harness.Completion{Outcome: history.Fail, Error: "not-sent: " + fmt.Sprintf(format, args...)}
}

// done says what is known of a command that is answered with nothing of worth.
func (c *client) done(ctx context.Context, r reply) harness.Completion {
	if err := r.unsure(); err != nil {
		return c.failed(ctx, err)
	}
	return harness.Completion{Outcome: history.OK}
}

// whether says what is known of a command that is answered with yes or no.
func (c *client) whether(ctx context.Context, r reply) harness.Completion {
	if err := r.unsure(); err != nil {
		return c.failed(ctx, err)
	}
	n, err := r.Int64()
	if err != nil {
		return badReply(err)
	}
	return harness.Completion{Outcome: history.OK, Value: n == 1}
}

// read reads a set, a counter or a register.
func (c *client) read(ctx context.Context, key string) harness.Completion {
	if c.sets {
		return c.readSet(ctx, key)
	}
	text, err := c.ask(ctx, "GET", key).Text()
	switch {
	case errors.Is(err, redis.Nil) && c.counters:
		return harness.Completion{Outcome: history.OK, Value: int64(0)}
	case errors.Is(err, redis.Nil):
		return harness.Completion{Outcome: history.OK}
	case err != nil:
		return c.failed(ctx, err)
	}
	value, err := number(text)
	if err != nil {
		return badReply(err)
	}
	return harness.Completion{Outcome: history.OK, Value: value}
}

func (c *client) readSet(ctx context.Context, key string) harness.Completion {
	members, err := c.ask(ctx, "SMEMBERS", key).StringSlice()
	if err != nil {
		return c.failed(ctx, err)
	}
	elements := make([]any, len(members))
	for i, text := range members {
		if elements[i], err = number(text); err != nil {
			return badReply(err)
		}
	}
	return harness.Completion{Outcome: history.OK, Value: elements}
}

// badReply is what is known of an operation whose answer nobody understands.
func badReply(err error) harness.Completion {
	return harness.Completion{Error: "bad-reply: " + err.Error()}
}

// compareAndSet sets a register to ARGV[2] if it is ARGV[1], and otherwise
// returns what it is.
const compareAndSet = `
local now = redis.call('GET', KEYS[1])
if now ~= ARGV[1] then return {0, now} end
redis.call('SET', KEYS[1], ARGV[2])
return {1}
`

func (c *client) compareAndSet(ctx context.Context, key string, from, to any) harness.Completion {
	r := c.change(ctx, "EVAL", c.script(compareAndSet), 1, key, from, to)
	answer, err := r.Slice()
	if err != nil {
		return c.failed(ctx, err)
	}
	if len(answer) > 0 && answer[0] == int64(1) {
		return c.done(ctx, r)
	}
	mismatch := harness.Completion{Outcome: history.Fail, Error: "mismatch"}
	if len(answer) < 2 || answer[1] == nil {
		return mismatch // there is no value
	}
	text, _ := answer[1].(string)
	if mismatch.Value, err = number(text); err != nil {
		return badReply(err)
	}
	return mismatch
}

func number(text string) (int64, error) {
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("there is %q, which nobody wrote", text)
	}
	return value, nil
}
