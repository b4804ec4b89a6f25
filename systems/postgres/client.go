package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// client does the operations of one process on one server, over one connection.
type client struct {
	addr string
	ways ways
	conn *pgx.Conn // nil, or closed, until there is one
	// socket is what the connection goes over.
	socket *socket
	// leads is true once the server was seen to be a primary. As long as the
	// connection lasts it stays one.
	leads bool
	// warned is the last warning of the server that belongs to no error, or nil.
	warned atomic.Pointer[string]
}

var _ harness.Client = (*client)(nil)

// socket notes whether anything was sent. The library cannot be asked: when a
// connection ends after a statement was sent, it may say that it is safe to send
// that again.
type socket struct {
	net.Conn
	sent atomic.Bool
}

// Write sends.
func (s *socket) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b)
	if n > 0 {
		s.sent.Store(true)
	}
	return n, err
}

// errOneConnection says why a second connection is refused.
var errOneConnection = errors.New("this client has one connection")

// connection returns the connection, opened anew if it has ended.
func (c *client) connection(ctx context.Context) (*pgx.Conn, error) {
	if c.conn != nil && !c.conn.IsClosed() {
		return c.conn, nil
	}
	c.drop()
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
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		if n.SeverityUnlocalized == "WARNING" || n.Severity == "WARNING" {
			c.warned.Store(new(n.Message))
		}
	}
	var opened *socket
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		// To give up an operation, the library would ask the server to cancel
		// it on a second connection. A commit that waits for a replica would
		// take that for leave to wait no more, and all could see what only the
		// primary has.
		if opened != nil {
			return nil, errOneConnection
		}
		conn, err := new(net.Dialer).DialContext(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		opened = &socket{Conn: conn}
		return opened, nil
	}
	c.conn, err = pgx.ConnectConfig(ctx, config)
	c.socket = opened
	if err != nil {
		c.drop()
		return nil, fmt.Errorf("%w: %w", errNeverSent, err)
	}
	return c.conn, nil
}

// drop ends the connection at once, whatever is under way on it.
func (c *client) drop() {
	if c.socket != nil {
		_ = c.socket.Close() // it is given up either way
	}
	if c.conn != nil {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = c.conn.Close(ctx)
	}
	c.conn, c.socket, c.leads = nil, nil, false
}

// Close closes the connection.
func (c *client) Close() error {
	c.drop()
	return nil
}

// Invoke does an operation of any of the workloads.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	conn, err := c.connection(ctx)
	if err != nil {
		return failed(ctx, err)
	}
	if c.ways.several && !c.leads {
		replica, err := c.replica(ctx, conn)
		if err != nil {
			c.drop()
			return failed(ctx, fmt.Errorf("%w: asking whether the node is a replica: %w", errNeverSent, err))
		}
		if c.leads = !replica; replica && !(c.ways.anyReads && onlyReads(op)) {
			return harness.Completion{Outcome: history.Fail, Error: "read-only: the node is a replica", Backoff: !c.ways.anyReads}
		}
	}
	c.warned.Store(nil)
	socket := c.socket
	socket.sent.Store(false)
	done := c.do(ctx, conn, op)
	switch {
	case done.Outcome == history.OK && c.warned.Load() != nil:
		return c.warning()
	case done.Outcome == history.Unknown && !socket.sent.Load():
		return harness.Completion{Outcome: history.Fail, Error: errNeverSent.Error() + ": " + done.Error, Backoff: true}
	}
	return done
}

// warning is what a success comes to that came with a warning: a commit that was
// not waited for says so in no other way.
func (c *client) warning() harness.Completion {
	return harness.Completion{Error: "warned: " + *c.warned.Load()}
}

func (c *client) replica(ctx context.Context, conn *pgx.Conn) (replica bool, err error) {
	err = conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&replica)
	return replica, err
}

// onlyReads tells whether a replica could do an operation.
func onlyReads(op harness.Invocation) bool {
	switch op.F {
	case "read", "contains", "balance", "accounts", "entries":
		return true
	case "txn":
		list, err := parse(op.Value)
		return err == nil && !writes(list)
	}
	return false
}

// do does an operation on a connection.
func (c *client) do(ctx context.Context, conn *pgx.Conn, op harness.Invocation) harness.Completion {
	switch op.F {
	case "read":
		return c.read(ctx, conn, op)
	case "write":
		return done(ctx, conn, upsert("registers", "value"), op.Key, op.Value)
	case "cas":
		pair, _ := op.Value.([]any)
		if len(pair) != 2 {
			return refused("cas of %v: want old and new", op.Value)
		}
		return compareAndSet(ctx, conn, op.Key, pair[0], pair[1])
	case "increment":
		if op.Value != nil {
			return refused("increment by %v: it is by one alone", op.Value)
		}
		return done(ctx, conn, `INSERT INTO counters VALUES ($1, 1) ON CONFLICT (name) DO UPDATE SET value = counters.value + 1`, op.Key)
	case "add":
		return whether(ctx, conn, `INSERT INTO elements VALUES ($1, $2) ON CONFLICT DO NOTHING`, op.Key, op.Value)
	case "remove":
		return whether(ctx, conn, `DELETE FROM elements WHERE name = $1 AND element = $2`, op.Key, op.Value)
	case "contains":
		return one[bool](ctx, conn, `SELECT EXISTS (SELECT FROM elements WHERE name = $1 AND element = $2)`, op.Key, op.Value)
	case "txn":
		return c.transact(ctx, conn, op.Value)
	case "deposit":
		return c.pay(ctx, conn, op)
	case "transfer":
		if op.Idem == "" {
			return c.move(ctx, conn, op.Value)
		}
		return c.pay(ctx, conn, op)
	case "balance", "accounts", "entries":
		return books(ctx, conn, op)
	}
	return refused("postgres has no operation %q", op.F)
}
