package mariadb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-sql-driver/mysql"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// errRefused says that a transaction was ended by the client, because of what it
// saw.
var errRefused = errors.New("refused")

// within does a transaction: what body does, and a COMMIT. If body fails, COMMIT
// is never sent, and the transaction is rolled back, by a statement or by the end
// of the connection.
func (c *client) within(ctx context.Context, body func() (any, error)) harness.Completion {
	if _, err := c.exec(ctx, "START TRANSACTION"); err != nil {
		return c.abandoned(ctx, err)
	}
	value, err := body()
	if err != nil {
		return c.abandoned(ctx, err)
	}
	if _, err := c.exec(ctx, "COMMIT"); err != nil {
		completion := c.failed(ctx, commit, err)
		c.close() // whatever is left of the transaction
		return completion
	}
	return harness.Completion{Outcome: history.OK, Value: value}
}

// abandoned rolls a transaction back whose COMMIT was not sent.
func (c *client) abandoned(ctx context.Context, err error) harness.Completion {
	_, refused := errors.AsType[*mysql.MySQLError](err)
	if !refused && !errors.Is(err, errRefused) {
		c.close()
	} else if _, failed := c.exec(ctx, "ROLLBACK"); failed != nil {
		c.close()
	}
	if errors.Is(err, errRefused) {
		return harness.Completion{Outcome: history.Fail, Error: strings.TrimPrefix(err.Error(), errRefused.Error()+": ")}
	}
	return c.failed(ctx, before, err)
}

// transact does a transaction of reads and writes.
func (c *client) transact(ctx context.Context, value any) harness.Completion {
	list, err := c.held.micros(value)
	if err != nil {
		return notSent("%v", err)
	}
	return c.within(ctx, func() (any, error) {
		done := make([]any, len(list))
		for i, m := range list {
			value, err := c.micro(ctx, m)
			if err != nil {
				return nil, err
			}
			done[i] = []any{m.f, m.key, value}
		}
		return done, nil
	})
}

// micro is a read or a write of a transaction.
type micro struct {
	f, key string
	value  int64
}

// micros returns the reads and writes of a transaction, or an error if there is
// one that cannot be done.
func (h held) micros(value any) ([]micro, error) {
	items, ok := value.([]any)
	if !ok || len(items) == 0 {
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
		n, whole := parts[2].(int64)
		switch {
		case !isText || !named:
			return nil, fmt.Errorf("a transaction with %v: its function and its key must be text", item)
		case f == "r" && parts[2] == nil, f == "w" && whole && h.registers, f == "append" && whole && !h.registers:
			list[i] = micro{f, key, n}
		default:
			return nil, fmt.Errorf("mariadb has no %q of %v in the transactions of this workload", f, parts[2])
		}
	}
	return list, nil
}

// micro does a read or a write, and returns what was read or written.
func (c *client) micro(ctx context.Context, m micro) (any, error) {
	switch {
	case m.f == "w":
		_, err := c.exec(ctx, "INSERT INTO registers VALUES (?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value)", m.key, m.value)
		return m.value, err
	case m.f == "append":
		element := strconv.FormatInt(m.value, 10)
		_, err := c.exec(ctx, "INSERT INTO lists VALUES (?, ?) ON DUPLICATE KEY UPDATE elements = CONCAT(elements, ',', ?)",
			m.key, element, element)
		return m.value, err
	case c.held.registers:
		return c.value(ctx, "SELECT value FROM registers WHERE name = ?", m.key)
	}
	rows, err := c.query(ctx, "SELECT elements FROM lists WHERE name = ?", m.key)
	if err != nil || len(rows) == 0 {
		return []any{}, err
	}
	all, err := text(rows[0][0])
	if err != nil {
		return nil, err
	}
	var list []any
	for element := range strings.SplitSeq(all, ",") {
		n, err := number(element)
		if err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, nil
}
