package zookeeper

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-zookeeper/zk"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/systems/internal/micro"
)

// transact does a transaction in one multi, against what it read before.
func (c *client) transact(conn *zk.Conn, value any) harness.Completion {
	ops, err := micro.Parse(value)
	if err == nil {
		err = c.writable(ops)
	}
	if err != nil {
		return failed(fmt.Errorf("%w: %w", errNotSent, err))
	}
	for range tries {
		// Without it, a follower that is behind would show what cannot be
		// committed any more, every time.
		if _, err := conn.Sync("/"); err != nil {
			return failed(err)
		}
		before := map[string]znode{}
		for _, op := range ops {
			if _, known := before[op.Key]; known {
				continue
			}
			if before[op.Key], err = get(conn, path(op.Key)); err != nil {
				return failed(err)
			}
		}
		answer, parts, err := c.apply(ops, before)
		if err != nil {
			return failed(err)
		}
		done, err := multi(conn, parts)
		if err != nil {
			return failed(err)
		}
		if done {
			return harness.Completion{Outcome: history.OK, Value: answer}
		}
	}
	return failed(errConflict)
}

// writable returns an error if a write is none of this workload's.
func (c *client) writable(ops []micro.Op) error {
	name := "append"
	if c.registers {
		name = "w"
	}
	for _, op := range ops {
		if _, number := op.Value.(int64); !op.Read() && (op.F != name || !number) {
			return fmt.Errorf("zookeeper has no %q of %v in the transactions of this workload", op.F, op.Value)
		}
	}
	return nil
}

// apply does the micro-operations to what was read. It returns the answer, and
// the parts of the multi that makes it so.
func (c *client) apply(ops []micro.Op, before map[string]znode) (answer []any, parts []any, err error) {
	now, changed := map[string]any{}, map[string]bool{}
	for key, z := range before {
		if now[key], err = c.decode(z); err != nil {
			return nil, nil, err
		}
	}
	seen := make([]any, len(ops))
	for i, op := range ops {
		switch {
		case op.Read():
			seen[i] = now[op.Key]
			continue
		case c.registers:
			now[op.Key] = op.Value
		default:
			list, _ := now[op.Key].([]any)
			now[op.Key] = append(slices.Clip(list), op.Value)
		}
		changed[op.Key] = true
	}
	done := map[string]bool{}
	for _, op := range ops {
		if done[op.Key] {
			continue
		}
		done[op.Key] = true
		at, z := path(op.Key), before[op.Key]
		switch {
		case !changed[op.Key]:
			parts = append(parts, z.unchanged(at)...)
		case z.there:
			parts = append(parts, &zk.SetDataRequest{Path: at, Data: encode(now[op.Key]), Version: z.version})
		default:
			parts = append(parts, create(at, encode(now[op.Key])))
		}
	}
	return micro.Answer(ops, func(i int) any { return seen[i] }), parts, nil
}

// encode writes a number, or a list of numbers with spaces between them.
func encode(value any) []byte {
	list, ok := value.([]any)
	if !ok {
		return fmt.Append(nil, value)
	}
	words := make([]string, len(list))
	for i, item := range list {
		words[i] = fmt.Sprint(item)
	}
	return []byte(strings.Join(words, " "))
}

// decode reads what encode wrote; nil if there is nothing.
func (c *client) decode(z znode) (any, error) {
	if !z.there {
		return nil, nil
	}
	if c.registers {
		return number(string(z.data))
	}
	words := strings.Fields(string(z.data))
	list := make([]any, len(words))
	for i, word := range words {
		n, err := number(word)
		if err != nil {
			return nil, err
		}
		list[i] = n
	}
	return list, nil
}
