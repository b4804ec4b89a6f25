package nats

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// client does the operations of one process on one server, over one connection.
type client struct {
	addr     string
	settings settings
	// sets says that reads are of sets, and not of registers.
	sets bool
	conn *nats.Conn // nil, or closed, until there is one
}

var _ harness.Client = (*client)(nil)

// errNotSent says that there was no connection to send anything on.
var errNotSent = errors.New("not-sent")

// connection returns the connection, opened anew if it has ended.
func (c *client) connection(ctx context.Context) (*nats.Conn, error) {
	if c.conn != nil && c.conn.IsConnected() {
		return c.conn, nil
	}
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
	wait := 10 * time.Second
	if end, bounded := ctx.Deadline(); bounded {
		wait = time.Until(end)
	}
	if wait <= 0 {
		return nil, fmt.Errorf("%w: %w", errNotSent, context.DeadlineExceeded)
	}
	conn, err := nats.Connect("nats://"+c.addr,
		nats.Timeout(wait),
		// A lost connection is an outcome, and not something to be mended.
		nats.NoReconnect(), nats.MaxReconnects(0), nats.RetryOnFailedConnect(false),
		nats.DontRandomize(),
		nats.PingInterval(time.Hour),
		nats.ErrorHandler(func(*nats.Conn, *nats.Subscription, error) {}),
	)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errNotSent, err)
	}
	c.conn = conn
	return conn, nil
}

// Close closes the connection.
func (c *client) Close() error {
	if c.conn != nil {
		c.conn.Close()
	}
	return nil
}

// Invoke does an operation of any of the workloads.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	switch op.F {
	case "enqueue":
		return c.put(ctx, queueSubject(op.Key), op.Value)
	case "dequeue":
		return c.dequeue(ctx, op.Key)
	case "drain":
		return c.drain(ctx, op.Key)
	case "send":
		return c.put(ctx, logSubject(op.Key), op.Value)
	case "poll":
		return c.poll(ctx, op.Key, op.Value)
	case "assign":
		return harness.Completion{Outcome: history.OK}
	case "add":
		done := c.put(ctx, setSubject(op.Key), op.Value)
		if done.Outcome == history.OK {
			done.Value = nil // nobody says whether it was new
		}
		return done
	case "read":
		if c.sets {
			return c.readSet(ctx, op.Key)
		}
		return c.readRegister(ctx, op.Key)
	case "write":
		done := c.publish(ctx, registerSubject(op.Key), op.Value, nil)
		return harness.Completion{Outcome: done.Outcome, Error: done.Error, Backoff: done.Backoff}
	case "cas":
		return c.compareAndSet(ctx, op.Key, op.Value)
	}
	return fail(fmt.Errorf("%w: nats has no operation %q", errNotSent, op.F))
}

// put publishes a value that is published once in the run. Its result is the
// sequence.
func (c *client) put(ctx context.Context, subject string, value any) harness.Completion {
	number, ok := value.(int64)
	if !ok {
		return fail(fmt.Errorf("%w: %v is no whole number", errNotSent, value))
	}
	return c.publish(ctx, subject, value, nats.Header{nats.MsgIdHdr: {subject + ":" + strconv.FormatInt(number, 10)}})
}

// publish publishes a value to a stream. Its result is the sequence.
func (c *client) publish(ctx context.Context, subject string, value any, header nats.Header) harness.Completion {
	conn, err := c.connection(ctx)
	if err != nil {
		return fail(err)
	}
	reply, err := conn.RequestMsgWithContext(ctx, &nats.Msg{Subject: subject, Header: header, Data: fmt.Append(nil, value)})
	var sequence int64
	if err == nil {
		sequence, err = stored(reply)
	}
	if err != nil {
		return published(ctx, err, header.Get(nats.MsgIdHdr) != "")
	}
	return harness.Completion{Outcome: history.OK, Value: sequence}
}

// number reads a value.
func number(data []byte) (int64, error) {
	value, err := strconv.ParseInt(string(data), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("bad-reply: there is %q, which nobody wrote", data)
	}
	return value, nil
}
