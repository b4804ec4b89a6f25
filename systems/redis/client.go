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
	"github.com/tertium-dev/tertium/harness/plan"
)

// client does the operations of one process on one server, over one connection.
type client struct {
	addr  string
	redis *redis.Client
	// greeted is true once a connection is open and the library has introduced
	// itself: before that, no command of an operation can have left.
	greeted atomic.Bool
	// held says what keys hold.
	held held
}

// held is what the keys of a run hold, which its workloads tell.
type held struct {
	// sets are read as a whole, and counters are 0 if there is none.
	sets, counters bool
	// registers says that a transaction reads and writes registers, and not
	// lists.
	registers bool
}

func heldBy(config plan.Config) held {
	names := config.Workloads()
	return held{
		sets:      slices.Contains(names, "set"),
		counters:  slices.Contains(names, "counter"),
		registers: slices.Contains(names, "rw-register"),
	}
}

var _ harness.Client = (*client)(nil)

// quiet keeps the library from writing to the terminal what completions say.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

var hush = sync.OnceFunc(func() { redis.SetLogger(quiet{}) })

func connect(addr string, held held) *client {
	hush()
	c := &client{addr: addr, held: held}
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

// Invoke does an operation of any of the workloads.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	switch op.F {
	case "read":
		return c.read(ctx, op.Key)
	case "write":
		return c.done(ctx, c.redis.Set(ctx, op.Key, op.Value, 0).Err())
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
		return c.done(ctx, c.redis.Incr(ctx, op.Key).Err())
	case "add":
		n, err := c.redis.SAdd(ctx, op.Key, op.Value).Result()
		return c.whether(ctx, n == 1, err)
	case "remove":
		n, err := c.redis.SRem(ctx, op.Key, op.Value).Result()
		return c.whether(ctx, n == 1, err)
	case "contains":
		in, err := c.redis.SIsMember(ctx, op.Key, op.Value).Result()
		return c.whether(ctx, in, err)
	case "txn":
		return c.transact(ctx, op.Value)
	}
	return notSent("redis has no operation %q", op.F)
}

func notSent(format string, args ...any) harness.Completion {
	return harness.Completion{Outcome: history.Fail, Error: "not-sent: " + fmt.Sprintf(format, args...)}
}

// done says what is known of a command that is answered with nothing of worth.
func (c *client) done(ctx context.Context, err error) harness.Completion {
	if err != nil {
		return c.failed(ctx, err)
	}
	return harness.Completion{Outcome: history.OK}
}

// whether says what is known of a command that is answered with yes or no.
func (c *client) whether(ctx context.Context, yes bool, err error) harness.Completion {
	if err != nil {
		return c.failed(ctx, err)
	}
	return harness.Completion{Outcome: history.OK, Value: yes}
}

// read reads a set, a counter or a register.
func (c *client) read(ctx context.Context, key string) harness.Completion {
	if c.held.sets {
		members, err := c.redis.SMembers(ctx, key).Result()
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
	text, err := c.redis.Get(ctx, key).Result()
	switch {
	case errors.Is(err, redis.Nil) && c.held.counters:
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

// badReply is what is known of an operation whose answer nobody understands.
func badReply(err error) harness.Completion {
	return harness.Completion{Error: "bad-reply: " + err.Error()}
}

func (c *client) compareAndSet(ctx context.Context, key string, from, to any) harness.Completion {
	reply, err := c.redis.Eval(ctx, compareAndSet, []string{key}, from, to).Slice()
	if err != nil {
		return c.failed(ctx, err)
	}
	if len(reply) > 0 && reply[0] == int64(1) {
		return harness.Completion{Outcome: history.OK}
	}
	mismatch := harness.Completion{Outcome: history.Fail, Error: "mismatch"}
	if len(reply) < 2 || reply[1] == nil {
		return mismatch // there is no value
	}
	text, _ := reply[1].(string)
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

// proofs begin the errors with which a server refuses a command before it does
// anything.
var proofs = []string{
	"LOADING", "MASTERDOWN", "CLUSTERDOWN", "READONLY", "NOREPLICAS", "MISCONF", "OOM", "BUSY", "NOAUTH",
	"WRONGTYPE", "NOPERM", "ERR",
}

// failed says what an error of a single command, or of a script whose only write
// is its last step, means, as the package comment does.
func (c *client) failed(ctx context.Context, err error) harness.Completion {
	return c.failedBut(ctx, err, proofs)
}

// failedBut says what an error means if only these of the server's refusals
// prove that nothing was done.
func (c *client) failedBut(ctx context.Context, err error, proofs []string) harness.Completion {
	var refusal redis.Error
	switch {
	case errors.As(err, &refusal):
		return refused(refusal.Error(), proofs)
	case !c.greeted.Load():
		c.renew()
		return harness.Completion{Outcome: history.Fail, Error: "not-sent: " + err.Error(), Backoff: true}
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded):
		return harness.Completion{Error: "timeout: " + err.Error()}
	}
	return harness.Completion{Error: "no-reply: " + err.Error()}
}

// refused says what an error that a server answered with means.
func refused(text string, proofs []string) harness.Completion {
	code, _, _ := strings.Cut(text, " ")
	if slices.Contains(proofs, code) {
		return harness.Completion{Outcome: history.Fail, Error: strings.ToLower(code) + ": " + text, Backoff: true}
	}
	return harness.Completion{Error: "error: " + text}
}
