package mariadb

import (
	"context"
	"errors"
	"slices"

	"github.com/go-sql-driver/mysql"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// client does the operations of one process on one server, over one connection.
type client struct {
	connection
	held held
	// cluster is true if the server is one of several.
	cluster bool
}

// held is what the keys of a run hold, which its workloads tell.
type held struct {
	// reads is what the operation read reads.
	reads string
	// registers says that a transaction reads and writes registers, and not
	// lists.
	registers bool
}

func heldBy(config plan.Config) held {
	names := config.Workloads()
	h := held{registers: slices.Contains(names, "rw-register") || slices.Contains(names, "long-fork")}
	for _, name := range []string{"set", "counter", "bank"} {
		if slices.Contains(names, name) {
			h.reads = name
		}
	}
	return h
}

var _ harness.Client = (*client)(nil)

// Close closes the connection.
func (c *client) Close() error {
	c.close()
	return nil
}

// Invoke does an operation of any of the workloads. After an error that is not
// the server's answer, the connection is given up.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	switch op.F {
	case "read", "write", "cas", "increment", "add", "remove", "contains", "txn", "transfer":
	default:
		return notSent("mariadb has no operation %q", op.F)
	}
	if err := c.open(ctx); err != nil {
		return c.failed(ctx, before, err)
	}
	switch op.F {
	case "txn":
		return c.transact(ctx, op.Value)
	case "transfer":
		return c.transfer(ctx, op.Value)
	case "read":
		if c.held.reads == "bank" {
			return c.balances(ctx, op.Value)
		}
		value, err := c.read(ctx, op.Key)
		return c.completed(ctx, value, err)
	case "cas":
		return c.compareAndSet(ctx, op.Key, op.Value)
	case "add":
		return c.add(ctx, op.Key, op.Value)
	case "remove":
		n, err := c.exec(ctx, "DELETE FROM sets WHERE name = ? AND element = ?", op.Key, op.Value)
		return c.completed(ctx, n == 1, err)
	case "contains":
		rows, err := c.query(ctx, "SELECT element FROM sets WHERE name = ? AND element = ?", op.Key, op.Value)
		return c.completed(ctx, len(rows) == 1, err)
	case "increment":
		if op.Value != nil {
			return notSent("increment by %v: it is by one alone", op.Value)
		}
		_, err := c.exec(ctx, "INSERT INTO counters VALUES (?, 1) ON DUPLICATE KEY UPDATE value = value + 1", op.Key)
		return c.completed(ctx, nil, err)
	default:
		_, err := c.exec(ctx, "INSERT INTO registers VALUES (?, ?) ON DUPLICATE KEY UPDATE value = VALUES(value)", op.Key, op.Value)
		return c.completed(ctx, nil, err)
	}
}

// completed says what is known of a single statement.
func (c *client) completed(ctx context.Context, value any, err error) harness.Completion {
	if err != nil {
		return c.failed(ctx, statement, err)
	}
	return harness.Completion{Outcome: history.OK, Value: value}
}

// read reads a set, a counter or a register.
func (c *client) read(ctx context.Context, key string) (any, error) {
	switch c.held.reads {
	case "set":
		rows, err := c.query(ctx, "SELECT element FROM sets WHERE name = ?", key)
		if err != nil {
			return nil, err
		}
		elements := make([]any, len(rows))
		for i, row := range rows {
			if elements[i], err = number(row[0]); err != nil {
				return nil, err
			}
		}
		return elements, nil
	case "counter":
		value, err := c.value(ctx, "SELECT value FROM counters WHERE name = ?", key)
		if value == nil && err == nil {
			return int64(0), nil
		}
		return value, err
	}
	return c.value(ctx, "SELECT value FROM registers WHERE name = ?", key)
}

// value returns the one number that a query finds, or nil.
func (c *client) value(ctx context.Context, query, key string) (any, error) {
	rows, err := c.query(ctx, query, key)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	n, err := number(rows[0][0])
	if err != nil {
		return nil, err
	}
	return n, nil
}

// add puts an element into a set, if it is not there.
func (c *client) add(ctx context.Context, key string, element any) harness.Completion {
	_, err := c.exec(ctx, "INSERT INTO sets VALUES (?, ?)", key, element)
	if refusal, ok := errors.AsType[*mysql.MySQLError](err); ok && refusal.Number == duplicate {
		return harness.Completion{Outcome: history.OK, Value: false}
	}
	return c.completed(ctx, true, err)
}

// compareAndSet sets a register in one statement, which finds a row only if the
// old value is there.
func (c *client) compareAndSet(ctx context.Context, key string, value any) harness.Completion {
	pair, _ := value.([]any)
	if len(pair) != 2 {
		return notSent("cas of %v: want old and new", value)
	}
	found, err := c.exec(ctx, "UPDATE registers SET value = ? WHERE name = ? AND value = ?", pair[1], key, pair[0])
	switch {
	case err != nil:
		return c.failed(ctx, statement, err)
	case found == 0:
		return harness.Completion{Outcome: history.Fail, Error: "mismatch"}
	}
	return harness.Completion{Outcome: history.OK}
}
