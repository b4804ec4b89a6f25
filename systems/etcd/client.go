package etcd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// client does the operations of one process on one node.
type client struct {
	wire wire
	how
	// locks are those that it holds, by key.
	locks map[string]*held
}

var _ harness.Client = (*client)(nil)

// how says what keys of a run hold, and how they are read and written.
type how struct {
	// sets are read as a whole, and counters are 0 if there is no key.
	sets, counters bool
	// registers says that a transaction reads and writes registers, and not
	// lists.
	registers bool
	// serializable reads are answered by the node from what it has.
	serializable bool
	// size is what a value is filled up to, in bytes.
	size int
	// unfenced says that what a lock guards is written without its token.
	unfenced bool
}

func howBy(config plan.Config) (how, error) {
	names := config.Workloads()
	h := how{
		sets:      slices.Contains(names, "set"),
		counters:  slices.Contains(names, "counter"),
		registers: slices.Contains(names, "rw-register"),
		unfenced:  config.Options["fencing"] == "off",
	}
	reads, err := chosen(config, readsOption, "linearizable", "serializable")
	if err != nil {
		return h, err
	}
	h.serializable = reads == "serializable"
	if text := config.Options[sizeOption]; text != "" {
		if h.size, err = strconv.Atoi(text); err != nil || h.size < 0 || h.size > maxSize {
			return h, fmt.Errorf("etcd: option %s is %q; it must be a number from 0 to %d", sizeOption, text, maxSize)
		}
	}
	return h, nil
}

// Close gives up the connection, and lets leases run out.
func (c *client) Close() error {
	for key := range c.locks {
		c.forget(key)
	}
	c.wire.close()
	return nil
}

// Invoke does an operation of any of the workloads.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	switch op.F {
	case "read":
		return c.read(ctx, op.Key)
	case "write":
		value, isNumber := op.Value.(int64)
		if !isNumber {
			return notSent("a write of %v: want a whole number", op.Value)
		}
		return c.put(ctx, op.Key, c.text(value), nil)
	case "cas":
		return c.compareAndSet(ctx, op)
	case "increment":
		if op.Value != nil {
			return notSent("an increment by %v: it is by one alone", op.Value)
		}
		return c.put(ctx, op.Key, c.text(1), nil)
	case "add", "remove", "contains":
		element, isNumber := op.Value.(int64)
		if !isNumber {
			return notSent("%s of %v: want a whole number", op.F, op.Value)
		}
		return c.element(ctx, op.F, op.Key+"/"+strconv.FormatInt(element, 10))
	case "txn":
		return c.transact(ctx, op.Value)
	case "acquire":
		return c.acquire(ctx, op.Key, op.Value)
	case "add-and-get":
		return c.addAndGet(ctx, op.Key, op.Value)
	case "release":
		return c.release(ctx, op.Key)
	}
	return notSent("etcd has no operation %q", op.F)
}

// text is a number as a value has it, filled up with spaces.
func (h how) text(n int64) []byte { return h.fill(strconv.AppendInt(nil, n, 10)) }

func (h how) fill(text []byte) []byte {
	return append(text, bytes.Repeat([]byte(" "), max(0, h.size-len(text)))...)
}

func number(value []byte) (int64, error) {
	n, err := strconv.ParseInt(string(bytes.TrimRight(value, " ")), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("there is %.40q, which nobody wrote", value)
	}
	return n, nil
}

// put writes a key. An ok completion has the value.
func (c *client) put(ctx context.Context, key string, value []byte, done any) harness.Completion {
	if _, err := ask[struct{}](ctx, &c.wire, putPath, putRequest{Key: []byte(key), Value: value}); err != nil {
		return failed(ctx, err)
	}
	return ok(done)
}

// one reads a key. Nil is no key.
func (c *client) one(ctx context.Context, key string) (*keyValue, error) {
	reply, err := ask[rangeReply](ctx, &c.wire, rangePath, rangeRequest{Key: []byte(key), Serializable: c.serializable})
	if err != nil {
		return nil, err
	}
	return reply.one(key)
}

// one returns the key that a reply is about. Nil is no key.
func (r *rangeReply) one(key string) (*keyValue, error) {
	switch {
	case len(r.KVs) == 0:
		return nil, nil
	case len(r.KVs) > 1 || string(r.KVs[0].Key) != key:
		return nil, fmt.Errorf("%w: asked for %q, got %d keys, %q first", errBadReply, key, len(r.KVs), r.KVs[0].Key)
	}
	return &r.KVs[0], nil
}

// read reads a set, a counter or a register.
func (c *client) read(ctx context.Context, key string) harness.Completion {
	if c.sets {
		return c.elements(ctx, key)
	}
	kv, err := c.one(ctx, key)
	switch {
	case err != nil:
		return failed(ctx, err)
	case c.counters && kv == nil:
		return ok(int64(0))
	case c.counters:
		return ok(kv.Version)
	case kv == nil:
		return ok(nil)
	}
	value, err := number(kv.Value)
	if err != nil {
		return badReply(err)
	}
	return ok(value)
}

// elements reads the elements of a set, which are keys below its own, at one
// revision.
func (c *client) elements(ctx context.Context, key string) harness.Completion {
	first := []byte(key + "/")
	reply, err := ask[rangeReply](ctx, &c.wire, rangePath, rangeRequest{
		Key: first, RangeEnd: []byte(key + "0"), // '0' comes after '/'
		Serializable: c.serializable, KeysOnly: true,
	})
	if err != nil {
		return failed(ctx, err)
	}
	elements := make([]any, len(reply.KVs))
	for i, kv := range reply.KVs {
		text, below := bytes.CutPrefix(kv.Key, first)
		if !below {
			return badReply(fmt.Errorf("key %q is not below %q", kv.Key, first))
		}
		if elements[i], err = number(text); err != nil {
			return badReply(err)
		}
	}
	return ok(elements)
}

// element adds, removes or looks for an element of a set.
func (c *client) element(ctx context.Context, f, key string) harness.Completion {
	switch f {
	case "add":
		reply, err := ask[txnReply](ctx, &c.wire, txnPath, txnRequest{
			Compare: []compare{created(key, 0)},
			Success: []step{{Put: &putRequest{Key: []byte(key), Value: c.fill(nil)}}},
		})
		if err != nil {
			return failed(ctx, err)
		}
		return ok(reply.Succeeded)
	case "remove":
		reply, err := ask[deleteReply](ctx, &c.wire, deletePath, deleteRequest{Key: []byte(key)})
		if err != nil {
			return failed(ctx, err)
		}
		return ok(reply.Deleted == 1)
	}
	reply, err := ask[rangeReply](ctx, &c.wire, rangePath, rangeRequest{Key: []byte(key), Serializable: c.serializable, CountOnly: true})
	if err != nil {
		return failed(ctx, err)
	}
	return ok(reply.Count == 1)
}

func (c *client) compareAndSet(ctx context.Context, op harness.Invocation) harness.Completion {
	pair, _ := op.Value.([]any)
	if len(pair) != 2 {
		return notSent("cas of %v: want old and new", op.Value)
	}
	from, isNumber := pair[0].(int64)
	to, alsoNumber := pair[1].(int64)
	if !isNumber || !alsoNumber {
		return notSent("cas of %v: want two whole numbers", op.Value)
	}
	key := []byte(op.Key)
	reply, err := ask[txnReply](ctx, &c.wire, txnPath, txnRequest{
		Compare: []compare{equal(op.Key, c.text(from))},
		Success: []step{{Put: &putRequest{Key: key, Value: c.text(to)}}},
		Failure: []step{{Range: &rangeRequest{Key: key}}},
	})
	switch {
	case err != nil:
		return failed(ctx, err)
	case reply.Succeeded:
		return ok(nil)
	}
	mismatch := harness.Completion{Outcome: history.Fail, Error: "mismatch"}
	kv, err := reply.read(0, op.Key)
	switch {
	case err != nil:
		return badReply(err)
	case kv == nil:
		return mismatch // there is no value
	}
	if mismatch.Value, err = number(kv.Value); err != nil {
		return badReply(err)
	}
	return mismatch
}

// read returns what the i-th step of a transaction read of a key. Nil is no key.
func (r *txnReply) read(i int, key string) (*keyValue, error) {
	if i >= len(r.Responses) || r.Responses[i].Range == nil {
		return nil, errors.New("no answer to a read of the transaction")
	}
	return r.Responses[i].Range.one(key)
}
