package redis

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

const (
	// bankKey is the hash of all accounts of workload bank.
	bankKey = "bank"
	// opening is what an account of it holds that no transfer has touched.
	opening = 10
)

// move takes ARGV[3] from account ARGV[1] and puts it on account ARGV[2], if
// there is as much, by one write. ARGV[4] is what an account holds at first.
const move = `
local from = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or ARGV[4])
local to = tonumber(redis.call('HGET', KEYS[1], ARGV[2]) or ARGV[4])
if from < tonumber(ARGV[3]) then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', from - ARGV[3]), ARGV[2], string.format('%.0f', to + ARGV[3]))
return 1
`

// transfer does one of workload bank.
func (c *client) transfer(ctx context.Context, value any) harness.Completion {
	asked, _ := value.(map[string]any)
	from, to := asked["from"], asked["to"]
	if from == nil || to == nil || from == to || asked["amount"] == nil {
		return notSent("transfer of %v: want an amount and two accounts", value)
	}
	r := c.change(ctx, "EVAL", c.script(move), 1, bankKey, from, to, asked["amount"], opening)
	done, err := r.Int64()
	switch {
	case r.Err() != nil:
		return c.failed(ctx, r.Err())
	case err != nil:
		return badReply(err)
	case done == 0:
		return harness.Completion{Outcome: history.Fail, Error: insufficient}
	}
	return c.done(ctx, r)
}

// readAccounts reads accounts of workload bank, all at once.
func (c *client) readAccounts(ctx context.Context, names []any) harness.Completion {
	balances, err := c.ask(ctx, append([]any{"HMGET", bankKey}, names...)...).Slice()
	if err != nil {
		return c.failed(ctx, err)
	}
	if len(balances) != len(names) {
		return badReply(fmt.Errorf("%d balances of %d accounts", len(balances), len(names)))
	}
	result := make(map[string]any, len(names))
	for i, name := range names {
		name, _ := name.(string)
		result[name] = int64(opening)
		if balances[i] == nil {
			continue
		}
		text, _ := balances[i].(string)
		if result[name], err = number(text); err != nil {
			return badReply(err)
		}
	}
	return harness.Completion{Outcome: history.OK, Value: result}
}

// enqueue puts an element at the end of a queue, which is a list.
func (c *client) enqueue(ctx context.Context, queue string, element any) harness.Completion {
	if element == nil {
		return notSent("an enqueue of nothing")
	}
	return c.done(ctx, c.change(ctx, "RPUSH", queue, element))
}

// dequeue takes the first element out of a queue by sending it: of a reply that
// is lost it is not known what it took.
func (c *client) dequeue(ctx context.Context, queue string) harness.Completion {
	r := c.change(ctx, "LPOP", queue)
	if errors.Is(r.Err(), redis.Nil) {
		return harness.Completion{Outcome: history.Fail, Error: "empty"}
	}
	if err := r.unsure(); err != nil {
		return c.failed(ctx, err)
	}
	text, err := r.Text()
	if err != nil {
		return badReply(err)
	}
	element, err := number(text)
	if err != nil {
		return badReply(err)
	}
	return harness.Completion{Outcome: history.OK, Value: element}
}

// drain takes everything out of a queue, pageSize elements at a time.
func (c *client) drain(ctx context.Context, queue string) harness.Completion {
	elements := []any{}
	for {
		r := c.change(ctx, "LPOP", queue, pageSize)
		if errors.Is(r.Err(), redis.Nil) {
			return harness.Completion{Outcome: history.OK, Value: elements}
		}
		page, err := r.StringSlice()
		if unsure := r.unsure(); unsure != nil {
			err = unsure
		}
		if err != nil && len(elements) == 0 {
			return c.failed(ctx, err)
		} else if err != nil {
			return unknownAfter(c.failed(ctx, err))
		}
		for _, text := range page {
			element, err := number(text)
			if err != nil {
				return badReply(err)
			}
			elements = append(elements, element)
		}
	}
}
