package ledger

import (
	"strconv"

	"github.com/tertium-dev/tertium/harness/plan"
)

// client makes the operations of one worker, one after the other.
type client struct {
	bank   bank
	r      *plan.Stream
	nodes  []string
	prefix string
	// count is how many keys it has used and sent what it asked under them.
	count int64
	sent  []request
}

// kinds are what a client does, with weights. Probes are those from replaySoon
// on.
var kinds = []struct {
	weight int
	do     func(*client) plan.Op
}{
	{42, func(c *client) plan.Op { return c.fresh(transfer) }},
	{14, func(c *client) plan.Op { return c.fresh(deposit) }},
	{32, func(c *client) plan.Op { return c.bank.balance(c.r) }},
	{3, (*client).replaySoon},
	{3, (*client).replayLate},
	{2, (*client).conflict},
	{2, (*client).otherTenant},
	{2, (*client).otherOperation},
}

func (c *client) next() plan.Op {
	weights := make([]int, len(kinds))
	for i, kind := range kinds {
		weights[i] = kind.weight
	}
	if len(c.sent) == 0 {
		return c.fresh(deposit)
	}
	return kinds[c.r.Weighted(weights)].do(c)
}

// fresh is a request under a new key.
func (c *client) fresh(operation string) plan.Op {
	q := c.bank.request(c.r, operation, c.prefix+strconv.FormatInt(c.count, 10))
	c.count++
	c.sent = append(c.sent, q)
	return q.op()
}

// replaySoon sends one of the last requests once more, to any node. The client
// has the answer by then, or has given up.
func (c *client) replaySoon() plan.Op {
	return c.replay(c.sent[max(0, len(c.sent)-5):])
}

// replayLate sends any earlier request once more, to any node.
func (c *client) replayLate() plan.Op { return c.replay(c.sent) }

func (c *client) replay(sent []request) plan.Op {
	op := plan.Pick(c.r, sent).op()
	op.Node = plan.Pick(c.r, c.nodes)
	return op
}

// conflict sends an earlier key with another amount.
func (c *client) conflict() plan.Op {
	q := plan.Pick(c.r, c.sent)
	q.amount += c.r.Between(1, 100)
	return q.op()
}

// otherTenant sends an earlier request for another tenant: the same key, and
// nothing to do with it.
func (c *client) otherTenant() plan.Op {
	q := plan.Pick(c.r, c.sent)
	for next := range int64(tenants) {
		if other := tenant(next); other != q.tenant {
			q.tenant = other
			break
		}
	}
	return q.op()
}

// otherOperation makes a deposit under the key of an earlier transfer, or a
// transfer under that of a deposit: again nothing to do with it.
func (c *client) otherOperation() plan.Op {
	earlier := plan.Pick(c.r, c.sent)
	operation := deposit
	if earlier.operation == deposit {
		operation = transfer
	}
	q := c.bank.request(c.r, operation, earlier.key)
	q.tenant = earlier.tenant
	return q.op()
}
