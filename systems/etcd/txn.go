package etcd

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// micro is a read or a write of a transaction.
type micro struct {
	f, key string
	value  int64
}

// transact does a transaction: all that it reads, in one transaction of etcd,
// and then all that it writes, in another, which is refused if any key that was
// read has changed since.
func (c *client) transact(ctx context.Context, value any) harness.Completion {
	list, err := c.micros(value)
	if err != nil {
		return notSent("%v", err)
	}
	var keys []string
	writes := false
	for _, m := range list {
		// A list is read to be appended to.
		if (m.f == "r" || m.f == "append") && !slices.Contains(keys, m.key) {
			keys = append(keys, m.key)
		}
		writes = writes || m.f != "r"
	}
	state, err := c.snapshot(ctx, keys)
	switch {
	case err != nil && writes:
		return before(ctx, err)
	case err != nil:
		return failed(ctx, err)
	}
	result, changed := state.play(list, c.registers)
	if !writes {
		return ok(result)
	}
	request := txnRequest{}
	for _, key := range keys {
		request.Compare = append(request.Compare, unchanged(key, state[key].revision))
	}
	for _, key := range changed {
		text, err := c.encode(state[key])
		if err != nil {
			return notSent("%v", err)
		}
		request.Success = append(request.Success, step{Put: &putRequest{Key: []byte(key), Value: text}})
	}
	reply, err := ask[txnReply](ctx, &c.wire, txnPath, request)
	switch {
	case err != nil:
		return failed(ctx, err)
	case !reply.Succeeded:
		return harness.Completion{Outcome: history.Fail, Error: "conflict: what it had read was changed before it wrote"}
	}
	return ok(result)
}

// micros returns the reads and writes of a transaction.
func (c *client) micros(value any) ([]micro, error) {
	items, isList := value.([]any)
	if !isList || len(items) == 0 {
		return nil, fmt.Errorf("a transaction of %v: want [function, key, value] of each read and write", value)
	}
	list := make([]micro, len(items))
	for i, item := range items {
		parts, _ := item.([]any)
		if len(parts) != 3 {
			return nil, fmt.Errorf("a transaction with %v: want [function, key, value]", item)
		}
		f, isText := parts[0].(string)
		key, named := parts[1].(string)
		if !isText || !named || key == "" {
			return nil, fmt.Errorf("a transaction with %v: its function and its key must be text", item)
		}
		n, isNumber := parts[2].(int64)
		switch {
		case f == "r":
		case isNumber && (f == "w" && c.registers || f == "append" && !c.registers):
		default:
			return nil, fmt.Errorf("etcd has no %q of %v in the transactions of this workload", f, parts[2])
		}
		list[i] = micro{f, key, n}
	}
	return list, nil
}

// content is what a key holds: a list, or a register with at most one number.
type content struct {
	numbers []int64
	// revision is that of its last change, 0 if there is no key.
	revision int64
}

type contents map[string]*content

// seen is what a read sees: the numbers of a list, or the one of a register, or
// nil.
func (c *content) seen(register bool) any {
	if register {
		if len(c.numbers) == 0 {
			return nil
		}
		return c.numbers[len(c.numbers)-1]
	}
	list := make([]any, len(c.numbers))
	for i, n := range c.numbers {
		list[i] = n
	}
	return list
}

// snapshot reads keys at one revision.
func (c *client) snapshot(ctx context.Context, keys []string) (contents, error) {
	state := contents{}
	if len(keys) == 0 {
		return state, nil
	}
	var request txnRequest
	for _, key := range keys {
		request.Success = append(request.Success, step{Range: &rangeRequest{Key: []byte(key), Serializable: c.serializable}})
	}
	reply, err := ask[txnReply](ctx, &c.wire, txnPath, request)
	if err != nil {
		return nil, err
	}
	for i, key := range keys {
		kv, err := reply.read(i, key)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errBadReply, err)
		}
		held := &content{}
		if kv != nil {
			held.revision = kv.Mod
			if err := json.Unmarshal(kv.Value, &held.numbers); err != nil {
				return nil, fmt.Errorf("%w: there is %.40q, which nobody wrote", errBadReply, kv.Value)
			}
		}
		state[key] = held
	}
	return state, nil
}

// play does a transaction on what was read, and returns it with what its reads
// saw, and the keys that it changed.
func (s contents) play(list []micro, registers bool) (result []any, changed []string) {
	for _, m := range list {
		held := s[m.key]
		if held == nil {
			held = &content{}
			s[m.key] = held
		}
		var value any = m.value
		switch m.f {
		case "r":
			value = held.seen(registers)
		case "w":
			held.numbers = []int64{m.value}
		case "append":
			held.numbers = append(held.numbers, m.value)
		}
		if m.f != "r" && !slices.Contains(changed, m.key) {
			changed = append(changed, m.key)
		}
		result = append(result, []any{m.f, m.key, value})
	}
	return result, changed
}

// encode is how a key holds a content.
func (h how) encode(c *content) ([]byte, error) {
	text, err := json.Marshal(c.numbers)
	if err != nil {
		return nil, err
	}
	return h.fill(text), nil
}
