package etcd

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// guarded is the key that a lock guards: how many sections have counted there.
func guarded(lock string) string { return lock + "/count" }

// held is a lock that a process has been given.
type held struct {
	// token is the revision at which the lock's key was created: whoever is given
	// the lock later has a higher one.
	token int64
	lease int64
	// count is what the lock guards, as it was when the lock was given.
	count int64
	// stop ends the renewing of the lease; nil if it is not renewed.
	stop context.CancelFunc
}

// terms are what an acquire asks for.
type terms struct {
	ttl time.Duration
	// stalled says that the lease is not to be renewed.
	stalled bool
}

func termsOf(value any) (terms, error) {
	m, _ := value.(map[string]any)
	ttl, _ := m["ttl_s"].(int64)
	stalled, _ := m["stalled"].(bool)
	if ttl < 1 {
		return terms{}, fmt.Errorf(`an acquire of %v: want {"ttl_s": seconds} at least`, value)
	}
	return terms{time.Duration(ttl) * time.Second, stalled}, nil
}

// acquire takes a lock if nobody has it: a key with a lease, created if there is
// none. It does not wait. What the lock guards is read in the same transaction.
func (c *client) acquire(ctx context.Context, key string, value any) harness.Completion {
	t, err := termsOf(value)
	if err != nil {
		return notSent("%v", err)
	}
	if c.locks[key] != nil {
		return notSent("an acquire of %s by the process that holds it", key)
	}
	granted, err := ask[lease](ctx, &c.wire, grantPath, grantRequest{TTL: int64(t.ttl / time.Second)})
	if err != nil {
		return before(ctx, err)
	}
	if granted.ID == 0 {
		return before(ctx, fmt.Errorf("%w: a lease without a number", errBadReply))
	}
	reply, err := ask[txnReply](ctx, &c.wire, txnPath, txnRequest{
		Compare: []compare{created(key, 0)},
		Success: []step{
			{Put: &putRequest{Key: []byte(key), Value: strconv.AppendInt(nil, granted.ID, 10), Lease: granted.ID}},
			{Range: &rangeRequest{Key: []byte(guarded(key))}},
		},
	})
	switch {
	case err != nil:
		return failed(ctx, err)
	case !reply.Succeeded:
		return harness.Completion{Outcome: history.Fail, Error: "held: by another"}
	}
	lock := &held{token: reply.Header.Revision, lease: granted.ID}
	kv, err := reply.read(1, guarded(key))
	if err == nil && kv != nil {
		lock.count, err = number(kv.Value)
	}
	if err != nil {
		return badReply(err)
	}
	if !t.stalled {
		var renewing context.Context
		renewing, lock.stop = context.WithCancel(context.Background())
		go renew(renewing, c.wire.addr, granted.ID, t.ttl)
	}
	c.locks[key] = lock
	return ok(lock.token)
}

// renew keeps a lease alive until the context ends, as client libraries do. It
// does not tell the holder if it cannot: the holder may be past the point where
// it would look.
func renew(ctx context.Context, addr string, id int64, ttl time.Duration) {
	w := wire{addr: addr}
	defer w.close()
	tick := time.NewTicker(ttl / 3)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		once, cancel := context.WithTimeout(ctx, ttl/3)
		reply, err := ask[keepAliveReply](once, &w, keepAlivePath, lease{ID: id})
		cancel()
		if err == nil && reply.Result.TTL <= 0 {
			return // the lease has run out
		}
	}
}

// addAndGet counts a section of the holder's: it writes one more than there was
// when it was given the lock, if the lock's key is still the one that it
// created; unfenced, without looking. By 0 it is a read, of anyone's.
func (c *client) addAndGet(ctx context.Context, key string, value any) harness.Completion {
	if value == int64(0) {
		kv, err := c.one(ctx, guarded(key))
		if err != nil || kv == nil {
			return c.counted(ctx, 0, err)
		}
		count, err := number(kv.Value)
		if err != nil {
			return badReply(err)
		}
		return ok(count)
	}
	if value != int64(1) {
		return notSent("add-and-get of %v: want 1, or 0 to read", value)
	}
	lock := c.locks[key]
	if lock == nil {
		return harness.Completion{Outcome: history.Fail, Error: "not-held: by this process"}
	}
	next := lock.count + 1
	request := txnRequest{Success: []step{{Put: &putRequest{Key: []byte(guarded(key)), Value: c.text(next)}}}}
	if !c.unfenced {
		request.Compare = []compare{created(key, lock.token)}
	}
	reply, err := ask[txnReply](ctx, &c.wire, txnPath, request)
	if err == nil && !reply.Succeeded {
		return harness.Completion{Outcome: history.Fail, Error: fmt.Sprintf("fenced: token %d is not that of the lock any more", lock.token)}
	}
	if err == nil {
		lock.count = next
	}
	return c.counted(ctx, next, err)
}

func (c *client) counted(ctx context.Context, count int64, err error) harness.Completion {
	if err != nil {
		return failed(ctx, err)
	}
	return ok(count)
}

// release gives a lock back, by the end of its lease.
func (c *client) release(ctx context.Context, key string) harness.Completion {
	lock := c.locks[key]
	if lock == nil {
		return harness.Completion{Outcome: history.Fail, Error: "not-held: by this process"}
	}
	c.forget(key)
	if _, err := ask[struct{}](ctx, &c.wire, revokePath, lease{ID: lock.lease}); err != nil {
		return failed(ctx, err)
	}
	return ok(nil)
}

// forget stops the renewing of a lease.
func (c *client) forget(key string) {
	if lock := c.locks[key]; lock != nil && lock.stop != nil {
		lock.stop()
	}
	delete(c.locks, key)
}
