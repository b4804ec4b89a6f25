package zookeeper

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"time"

	"github.com/go-zookeeper/zk"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

const (
	// sessionTimeout is how long a server keeps a session without a word from
	// its client.
	sessionTimeout = 4 * time.Second
	// tries is how often an operation is made again because another came
	// between its parts, none of which changed anything.
	tries = 4
	// anyVersion is the version of a write that does not care.
	anyVersion = -1
)

// client does the operations of one process in one session.
type client struct {
	addr, reads string
	// registers says that a transaction reads and writes registers, and not
	// lists.
	registers bool

	conn *zk.Conn // nil before the first operation
	mu   sync.Mutex
	tcp  net.Conn
}

var _ harness.Client = (*client)(nil)

var (
	// errNotSent says that nothing was sent.
	errNotSent = errors.New("not-sent")
	// errBadReply says that nobody understands the answer.
	errBadReply = errors.New("bad-reply")
	// errConflict says that others came between, every time.
	errConflict = errors.New("conflict: others wrote in between, every time")
)

// quiet keeps the library from writing to the terminal what completions say.
type quiet struct{}

func (quiet) Printf(string, ...any) {}

// session returns the connection once it has a session.
func (c *client) session(ctx context.Context) (*zk.Conn, error) {
	if c.conn == nil {
		dial := func(network, addr string, timeout time.Duration) (net.Conn, error) {
			conn, err := net.DialTimeout(network, addr, timeout)
			if err == nil {
				c.mu.Lock()
				c.tcp = conn
				c.mu.Unlock()
			}
			return conn, err
		}
		conn, _, err := zk.Connect([]string{c.addr}, sessionTimeout, zk.WithDialer(dial), zk.WithLogger(quiet{}), zk.WithLogInfo(false))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", errNotSent, err)
		}
		c.conn = conn
	}
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for c.conn.State() != zk.StateHasSession {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, fmt.Errorf("%w: there is no session with the server: %w", errNotSent, ctx.Err())
		}
	}
	return c.conn, nil
}

// Close gives up the session. The library takes a while to say good-bye to a
// server that is not there, and nothing has to wait for that.
func (c *client) Close() error {
	c.mu.Lock()
	if c.tcp != nil {
		_ = c.tcp.Close()
	}
	c.mu.Unlock()
	if c.conn != nil {
		go c.conn.Close()
		c.conn = nil
	}
	return nil
}

// Invoke does an operation of any of the workloads. The library knows no
// contexts, so an operation whose time is over is left behind, and with it the
// session: its outcome is unknown, and nothing more is done in it.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	conn, err := c.session(ctx)
	if err != nil {
		return failed(err)
	}
	done := make(chan harness.Completion, 1)
	go func() { done <- c.do(conn, op) }()
	select {
	case completion := <-done:
		return completion
	case <-ctx.Done():
		_ = c.Close()
		return harness.Completion{Error: "timeout: " + ctx.Err().Error()}
	}
}

func (c *client) do(conn *zk.Conn, op harness.Invocation) harness.Completion {
	switch op.F {
	case "read":
		value, _, err := c.read(conn, op.Key)
		if err != nil {
			return failed(err)
		}
		return harness.Completion{Outcome: history.OK, Value: value}
	case "write":
		if err := write(conn, path(op.Key), fmt.Append(nil, op.Value)); err != nil {
			return failed(err)
		}
		return harness.Completion{Outcome: history.OK}
	case "cas":
		pair, _ := op.Value.([]any)
		if len(pair) != 2 {
			return failed(fmt.Errorf("%w: cas of %v: want old and new", errNotSent, op.Value))
		}
		return c.compareAndSet(conn, op.Key, pair[0], pair[1])
	case "txn":
		return c.transact(conn, op.Value)
	}
	return failed(fmt.Errorf("%w: zookeeper has no operation %q", errNotSent, op.F))
}

func path(key string) string { return "/" + key }

// znode is a znode as it was read; one that is not there has no version.
type znode struct {
	there   bool
	data    []byte
	version int32
}

func get(conn *zk.Conn, path string) (znode, error) {
	data, stat, err := conn.Get(path)
	if errors.Is(err, zk.ErrNoNode) {
		return znode{}, nil
	}
	if err != nil {
		return znode{}, err
	}
	return znode{true, data, stat.Version}, nil
}

// unchanged are the parts of a multi that is done only if the znode is still as
// it was read.
func (z znode) unchanged(path string) []any {
	if z.there {
		return []any{&zk.CheckVersionRequest{Path: path, Version: z.version}}
	}
	return []any{create(path, nil), &zk.DeleteRequest{Path: path, Version: anyVersion}}
}

func create(path string, data []byte) *zk.CreateRequest {
	return &zk.CreateRequest{Path: path, Data: data, Acl: zk.WorldACL(zk.PermAll)}
}

// multi does all parts or none. False means that none was done, because
// something is not as they say.
func multi(conn *zk.Conn, parts []any) (bool, error) {
	_, err := conn.Multi(parts...)
	if refused(err) {
		return false, nil
	}
	return err == nil, err
}

// refused reports whether the server found that something is not as the request
// says, and so did nothing.
func refused(err error) bool {
	return errors.Is(err, zk.ErrBadVersion) || errors.Is(err, zk.ErrNodeExists) || errors.Is(err, zk.ErrNoNode)
}

// read reads a register, nil if it was never written.
func (c *client) read(conn *zk.Conn, key string) (any, znode, error) {
	at := path(key)
	for range tries {
		if c.reads == "sync" {
			if _, err := conn.Sync("/"); err != nil {
				return nil, znode{}, err
			}
		}
		z, err := get(conn, at)
		if err != nil {
			return nil, z, err
		}
		if c.reads == "linearizable" {
			now, err := multi(conn, z.unchanged(at))
			if err != nil {
				return nil, z, err
			}
			if !now {
				continue
			}
		}
		if !z.there {
			return nil, z, nil
		}
		value, err := number(string(z.data))
		return value, z, err
	}
	return nil, znode{}, errConflict
}

func number(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%w: there is %q, which nobody wrote", errBadReply, text)
	}
	return n, nil
}

// write sets a znode, whether or not it is there.
func write(conn *zk.Conn, path string, data []byte) error {
	for range tries {
		_, err := conn.Set(path, data, anyVersion)
		if !errors.Is(err, zk.ErrNoNode) {
			return err
		}
		_, err = conn.Create(path, data, 0, zk.WorldACL(zk.PermAll))
		if !errors.Is(err, zk.ErrNodeExists) {
			return err
		}
	}
	return errConflict
}

// compareAndSet reads, and writes if nothing has changed since.
func (c *client) compareAndSet(conn *zk.Conn, key string, from, to any) harness.Completion {
	for range tries {
		value, z, err := c.read(conn, key)
		if err != nil {
			return failed(err)
		}
		if !z.there {
			return harness.Completion{Outcome: history.Fail, Error: "mismatch"}
		}
		if value != from {
			return harness.Completion{Outcome: history.Fail, Error: "mismatch", Value: value}
		}
		_, err = conn.Set(path(key), fmt.Append(nil, to), z.version)
		if err == nil {
			return harness.Completion{Outcome: history.OK}
		}
		if !refused(err) {
			return failed(err)
		}
	}
	return failed(errConflict)
}

// failed says what an error means, as the package comment does.
func failed(err error) harness.Completion {
	switch {
	case errors.Is(err, errNotSent):
		return harness.Completion{Outcome: history.Fail, Error: err.Error(), Backoff: true}
	case errors.Is(err, zk.ErrNoServer):
		return harness.Completion{Outcome: history.Fail, Error: errNotSent.Error() + ": " + err.Error(), Backoff: true}
	case errors.Is(err, errConflict):
		return harness.Completion{Outcome: history.Fail, Error: err.Error()}
	case errors.Is(err, errBadReply):
		return harness.Completion{Error: err.Error()}
	case refused(err):
		return harness.Completion{Outcome: history.Fail, Error: "refused: " + err.Error()}
	}
	return harness.Completion{Error: "no-reply: " + err.Error()}
}
