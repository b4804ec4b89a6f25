package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// client does the operations of one process on one server, over one connection.
type client struct {
	addr string
	conn *pgx.Conn // nil, or closed, until there is one
}

var _ harness.Client = (*client)(nil)

// errNeverSent says that there was no connection to send anything on.
var errNeverSent = errors.New("not-sent")

// connection returns the connection, opened anew if it has ended.
func (c *client) connection(ctx context.Context) (*pgx.Conn, error) {
	if c.conn != nil && !c.conn.IsClosed() {
		return c.conn, nil
	}
	config, err := pgx.ParseConfig("sslmode=disable user=tertium dbname=postgres")
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNeverSent, err)
	}
	host, port, err := net.SplitHostPort(c.addr)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNeverSent, err)
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNeverSent, err)
	}
	config.Host, config.Port, config.Fallbacks = host, uint16(number), nil
	// One round trip a statement, and no statement before it.
	config.DefaultQueryExecMode = pgx.QueryExecModeExec
	if c.conn, err = pgx.ConnectConfig(ctx, config); err != nil {
		return nil, fmt.Errorf("%w: %w", errNeverSent, err)
	}
	return c.conn, nil
}

// Close closes the connection.
func (c *client) Close() error {
	if c.conn == nil {
		return nil
	}
	// Without a deadline that has passed, it would wait for a server that does
	// not answer.
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = c.conn.Close(ctx)
	return nil
}

// Invoke does an operation of the workload register.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	conn, err := c.connection(ctx)
	if err != nil {
		return failed(ctx, err)
	}
	switch op.F {
	case "read":
		return read(ctx, conn, op.Key)
	case "write":
		_, err := conn.Exec(ctx, `INSERT INTO registers VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`,
			op.Key, op.Value)
		if err != nil {
			return failed(ctx, err)
		}
		return harness.Completion{Outcome: history.OK}
	case "cas":
		pair, _ := op.Value.([]any)
		if len(pair) != 2 {
			return failed(ctx, fmt.Errorf("%w: cas of %v: want old and new", errNeverSent, op.Value))
		}
		return compareAndSet(ctx, conn, op.Key, pair[0], pair[1])
	}
	return failed(ctx, fmt.Errorf("%w: postgres has no operation %q", errNeverSent, op.F))
}

func read(ctx context.Context, conn *pgx.Conn, key string) harness.Completion {
	var value int64
	err := conn.QueryRow(ctx, `SELECT value FROM registers WHERE name = $1`, key).Scan(&value)
	if errors.Is(err, pgx.ErrNoRows) {
		return harness.Completion{Outcome: history.OK}
	}
	if err != nil {
		return failed(ctx, err)
	}
	return harness.Completion{Outcome: history.OK, Value: value}
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

// proofs are the classes of SQLSTATE, and single ones, that prove that a
// statement had no effect.
var (
	proofs  = []string{"22", "23", "40", "42", "53", "55", "25006"}
	doubted = []string{"40003"} // statement completion unknown
)

// failed says what an error means, as the package comment does.
func failed(ctx context.Context, err error) harness.Completion {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && !errors.Is(err, errNeverSent) {
		proves := func(p string) bool { return len(refusal.Code) >= len(p) && refusal.Code[:len(p)] == p }
		if slices.ContainsFunc(proofs, proves) && !slices.ContainsFunc(doubted, proves) {
			return harness.Completion{Outcome: history.Fail, Error: "sqlstate-" + refusal.Code + ": " + refusal.Message}
		}
		return harness.Completion{Error: "sqlstate-" + refusal.Code + ": " + refusal.Message}
	}
	switch {
	case errors.Is(err, errNeverSent):
		return harness.Completion{Outcome: history.Fail, Error: err.Error(), Backoff: true}
	case pgconn.SafeToRetry(err):
		return harness.Completion{Outcome: history.Fail, Error: errNeverSent.Error() + ": " + err.Error(), Backoff: true}
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded):
		return harness.Completion{Error: "timeout: " + err.Error()}
	}
	return harness.Completion{Error: "no-reply: " + err.Error()}
}
