package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// Operations of one statement each, on registers, counters and sets.

// upsert writes a column of the row of a name, which may not be there yet.
func upsert(table, column string) string {
	return fmt.Sprintf(`INSERT INTO %s (name, %s) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET %[2]s = excluded.%[2]s`, table, column)
}

// done does a statement that is answered with nothing of worth.
func done(ctx context.Context, conn *pgx.Conn, sql string, args ...any) harness.Completion {
	if _, err := conn.Exec(ctx, sql, args...); err != nil {
		return failed(ctx, err)
	}
	return harness.Completion{Outcome: history.OK}
}

// whether does a statement that changes one row or none, and tells which.
func whether(ctx context.Context, conn *pgx.Conn, sql string, args ...any) harness.Completion {
	tag, err := conn.Exec(ctx, sql, args...)
	if err != nil {
		return failed(ctx, err)
	}
	return harness.Completion{Outcome: history.OK, Value: tag.RowsAffected() == 1}
}

// one does a query of a single value; no row is nil.
func one[T any](ctx context.Context, conn *pgx.Conn, sql string, args ...any) harness.Completion {
	var value T
	err := conn.QueryRow(ctx, sql, args...).Scan(&value)
	if errors.Is(err, pgx.ErrNoRows) {
		return harness.Completion{Outcome: history.OK}
	}
	if err != nil {
		return failed(ctx, err)
	}
	return harness.Completion{Outcome: history.OK, Value: value}
}

// read reads what the workload has under a key.
func (c *client) read(ctx context.Context, conn *pgx.Conn, op harness.Invocation) harness.Completion {
	switch {
	case op.Key == "":
		return c.savings(ctx, conn, op.Value)
	case c.ways.sets:
		elements := []any{}
		rows, err := conn.Query(ctx, `SELECT element FROM elements WHERE name = $1`, op.Key)
		if err == nil {
			var element int64
			_, err = pgx.ForEachRow(rows, []any{&element}, func() error {
				elements = append(elements, element)
				return nil
			})
		}
		if err != nil {
			return failed(ctx, err)
		}
		return harness.Completion{Outcome: history.OK, Value: elements}
	case c.ways.counters:
		return one[int64](ctx, conn, `SELECT coalesce((SELECT value FROM counters WHERE name = $1), 0)`, op.Key)
	}
	return one[int64](ctx, conn, `SELECT value FROM registers WHERE name = $1`, op.Key)
}

// compareAndSet writes the row in every case, so that one statement both decides
// and tells what it saw: the row as it is afterwards, which is the new value, and
// nobody else's, if and only if the old one was there.
func compareAndSet(ctx context.Context, conn *pgx.Conn, key string, from, to any) harness.Completion {
	var now int64
	err := conn.QueryRow(ctx, `UPDATE registers SET value = CASE WHEN value = $2::bigint THEN $3::bigint ELSE value END
		WHERE name = $1 RETURNING value`, key, from, to).Scan(&now)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return harness.Completion{Outcome: history.Fail, Error: "mismatch"}
	case err != nil:
		return failed(ctx, err)
	case any(now) == to:
		return harness.Completion{Outcome: history.OK}
	}
	return harness.Completion{Outcome: history.Fail, Error: "mismatch", Value: now}
}
