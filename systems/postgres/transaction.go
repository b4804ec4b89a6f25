package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

var (
	// errOutside says that statements would not be parts of a transaction.
	errOutside = errors.New("the server is in no transaction after BEGIN")
	// errUndo asks for ROLLBACK where nothing is wrong.
	errUndo = errors.New("nothing is to be committed")
)

// within does statements in a transaction that begins as it is told to. They
// return what the operation comes to if the transaction commits, or is rolled
// back by errUndo. Whatever goes wrong before COMMIT is sent proves that nothing
// is committed: a server commits at that word alone, and the connection on which
// it could come is used for ROLLBACK or ended.
func (c *client) within(ctx context.Context, conn *pgx.Conn, begin string, do func() (harness.Completion, error)) harness.Completion {
	if _, err := conn.Exec(ctx, begin); err != nil {
		c.drop()
		return aborted(err)
	}
	if conn.PgConn().TxStatus() != 'T' {
		c.drop()
		return aborted(errOutside)
	}
	result, err := do()
	if err != nil {
		c.rollBack(ctx, conn)
		if errors.Is(err, errUndo) {
			return result
		}
		return aborted(err)
	}
	tag, err := conn.Exec(ctx, "COMMIT")
	switch {
	case err != nil:
		return failedBut(ctx, err, commitProofs)
	case tag.String() == "ROLLBACK":
		return aborted(errors.New("the server answered COMMIT with ROLLBACK"))
	case tag.String() != "COMMIT":
		return harness.Completion{Error: "bad-reply: the server answered COMMIT with " + tag.String()}
	case c.warned.Load() != nil:
		return c.warning()
	}
	return result
}

// rollBack makes the connection fit for the next operation, or ends it.
func (c *client) rollBack(ctx context.Context, conn *pgx.Conn) {
	if conn.IsClosed() {
		c.drop()
		return
	}
	if _, err := conn.Exec(ctx, "ROLLBACK"); err != nil || conn.PgConn().TxStatus() != 'I' {
		c.drop()
	}
}

// begin is the statement that begins a transaction of the level that is asked
// for. Replicas do not know SERIALIZABLE; there it is the next lower one.
func (c *client) begin(onlyReads bool) string {
	level := c.ways.level
	if c.ways.several && !c.leads && level == levels["serializable"] {
		level = levels["repeatable-read"]
	}
	if onlyReads {
		level += " READ ONLY"
	}
	return "BEGIN ISOLATION LEVEL " + level
}

// micro is one read or write of a transaction.
type micro struct {
	f, key string
	value  any
}

// parse reads a transaction [[f, key, value], …].
func parse(value any) ([]micro, error) {
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("%v is no list", value)
	}
	var micros []micro
	for _, item := range list {
		parts, _ := item.([]any)
		if len(parts) != 3 {
			return nil, fmt.Errorf("%v is not [function, key, value]", item)
		}
		f, _ := parts[0].(string)
		key, named := parts[1].(string)
		if !named || f != "r" && f != "w" && f != "append" {
			return nil, fmt.Errorf("%v is neither r, w nor append of a key", item)
		}
		micros = append(micros, micro{f, key, parts[2]})
	}
	return micros, nil
}

// writes tells whether a transaction writes anything.
func writes(list []micro) bool {
	for _, m := range list {
		if m.f != "r" {
			return true
		}
	}
	return false
}

// transact does a transaction of reads, writes and appends.
func (c *client) transact(ctx context.Context, conn *pgx.Conn, value any) harness.Completion {
	list, err := parse(value)
	if err != nil {
		return refused("a transaction: %v", err)
	}
	return c.within(ctx, conn, c.begin(!writes(list)), func() (harness.Completion, error) {
		told := make([]any, len(list))
		for i, m := range list {
			value, err := c.step(ctx, conn, m)
			if err != nil {
				return harness.Completion{}, err
			}
			told[i] = []any{m.f, m.key, value}
		}
		return harness.Completion{Outcome: history.OK, Value: told}, nil
	})
}

// step does one read or write and returns what it read or wrote.
func (c *client) step(ctx context.Context, conn *pgx.Conn, m micro) (any, error) {
	switch {
	case m.f == "append":
		return m.value, c.put(ctx, conn, m.key, m.value,
			`UPDATE lists SET elements = elements || $2::bigint WHERE name = $1`,
			`INSERT INTO lists VALUES ($1, ARRAY[$2::bigint]) ON CONFLICT (name) DO UPDATE SET elements = lists.elements || $2::bigint`)
	case m.f == "w":
		return m.value, c.put(ctx, conn, m.key, m.value,
			`UPDATE registers SET value = $2 WHERE name = $1`, upsert("registers", "value"))
	case c.ways.lists:
		var elements []int64
		err := conn.QueryRow(ctx, `SELECT elements FROM lists WHERE name = $1`, m.key).Scan(&elements)
		if errors.Is(err, pgx.ErrNoRows) {
			return nil, nil
		}
		list := make([]any, len(elements))
		for i, element := range elements {
			list[i] = element
		}
		return list, err
	}
	var register int64
	err := conn.QueryRow(ctx, `SELECT value FROM registers WHERE name = $1`, m.key).Scan(&register)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, nil
	}
	return register, err
}

// put updates the row of a key, or inserts it if there is none.
func (c *client) put(ctx context.Context, conn *pgx.Conn, key string, value any, update, insert string) error {
	tag, err := conn.Exec(ctx, update, key, value)
	if err != nil || tag.RowsAffected() == 1 {
		return err
	}
	_, err = conn.Exec(ctx, insert, key, value)
	return err
}
