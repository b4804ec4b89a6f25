package rabbitmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// heartbeat is how often each side says that it is still there. After two that
// are missed, a broker takes back what the client has not acknowledged.
const heartbeat = 5 * time.Second

// client does the operations of one process on one node, over one connection.
type client struct {
	addr string
	// quorum says of which type queues are, members on how many nodes.
	quorum  bool
	members int

	// conn is what the library's connection runs on, and is closed to interrupt
	// it: its calls know no contexts.
	conn     net.Conn
	library  *amqp.Connection
	channel  *amqp.Channel
	returned chan amqp.Return
	declared map[string]bool
}

var _ harness.Client = (*client)(nil)

// connect opens the connection and its channel, if they are not open.
func (c *client) connect(ctx context.Context) error {
	if c.channel != nil && !c.channel.IsClosed() {
		return nil
	}
	_ = c.Close()
	stop := func() bool { return true }
	config := amqp.Config{
		SASL:      []amqp.Authentication{&amqp.PlainAuth{Username: "guest", Password: "guest"}},
		Vhost:     "/",
		Heartbeat: heartbeat,
		Locale:    "en_US",
		Dial: func(network, addr string) (conn net.Conn, err error) {
			if c.conn, err = new(net.Dialer).DialContext(ctx, network, addr); err != nil {
				return nil, err
			}
			// It does not outlive its context while it is being opened.
			stop = c.interrupt(ctx)
			return c.conn, nil
		},
	}
	defer func() { stop() }()
	var err error
	if c.library, err = amqp.DialConfig("amqp://"+c.addr, config); err != nil {
		return err
	}
	if c.channel, err = c.library.Channel(); err != nil {
		return err
	}
	// There is room for what comes back of the one publish that is under way.
	c.returned = c.channel.NotifyReturn(make(chan amqp.Return, 1))
	c.declared = map[string]bool{}
	return c.channel.Confirm(false)
}

// Close gives up the connection at once, without a word to a broker that may not
// answer.
func (c *client) Close() error {
	if c.conn != nil {
		_ = c.conn.Close()
	}
	c.conn, c.library, c.channel = nil, nil, nil
	return nil
}

// interrupt closes the connection when the context ends, which ends every call
// that waits on it, until stop is called.
func (c *client) interrupt(ctx context.Context) (stop func() bool) {
	conn := c.conn
	return context.AfterFunc(ctx, func() { conn.Close() })
}

// declare makes sure that the queue is there.
func (c *client) declare(queue string) error {
	if c.declared[queue] {
		return nil
	}
	var arguments amqp.Table
	if c.quorum {
		arguments = amqp.Table{amqp.QueueTypeArg: amqp.QueueTypeQuorum, "x-quorum-initial-group-size": c.members}
	}
	if _, err := c.channel.QueueDeclare(queue, true, false, false, false, arguments); err != nil {
		return err
	}
	c.declared[queue] = true
	return nil
}

// Invoke does an operation of workload queue.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	do := c.dequeue
	switch op.F {
	case "enqueue":
		element, ok := op.Value.(int64)
		if !ok {
			return notSent(fmt.Errorf("enqueue of %v: want a whole number", op.Value))
		}
		do = func(ctx context.Context, queue string) harness.Completion { return c.enqueue(ctx, queue, element) }
	case "dequeue":
	case "drain":
		do = c.drain
	default:
		return notSent(fmt.Errorf("rabbitmq has no operation %q", op.F))
	}
	if err := c.connect(ctx); err != nil {
		_ = c.Close()
		return backOff(notSent(err))
	}
	stop := c.interrupt(ctx)
	defer func() {
		if !stop() {
			_ = c.Close()
		}
	}()
	if err := c.declare(op.Key); err != nil {
		_ = c.Close()
		return backOff(notSent(err))
	}
	return do(ctx, op.Key)
}

func notSent(err error) harness.Completion {
	return harness.Completion{Outcome: history.Fail, Error: "not-sent: " + err.Error()}
}

func backOff(done harness.Completion) harness.Completion {
	done.Backoff = true
	return done
}

// enqueue publishes an element and waits for its confirm.
func (c *client) enqueue(ctx context.Context, queue string, element int64) harness.Completion {
	confirm, err := c.channel.PublishWithDeferredConfirmWithContext(ctx, "", queue, true, false, amqp.Publishing{
		DeliveryMode: amqp.Persistent, ContentType: "text/plain", Body: strconv.AppendInt(nil, element, 10),
	})
	if err != nil {
		// The library may have written all of it, or a part.
		return unknown(ctx, err)
	}
	acked, err := confirm.WaitContext(ctx)
	switch {
	case err != nil:
		return unknown(ctx, err)
	case !acked && c.channel.IsClosed():
		return unknown(ctx, errors.New("the connection ended before the confirm"))
	case !acked:
		return harness.Completion{Error: "nack: the broker does not promise to keep it"}
	}
	// What comes back does so before its confirm. The library closes the channel
	// when the connection ends, which says nothing.
	select {
	case back, came := <-c.returned:
		if came {
			return backOff(harness.Completion{Outcome: history.Fail, Error: fmt.Sprintf("returned: %d %s", back.ReplyCode, back.ReplyText)})
		}
	default:
	}
	return harness.Completion{Outcome: history.OK}
}

func unknown(ctx context.Context, err error) harness.Completion {
	if ctx.Err() != nil {
		return harness.Completion{Error: "timeout: " + err.Error()}
	}
	return harness.Completion{Error: "no-reply: " + err.Error()}
}

// errNumber says that a message holds what nobody published.
var errNumber = errors.New("bad-reply")

// take gets a message and acknowledges it. Without one, found is false. Acked
// is true if the acknowledgement may have left.
func take(channel *amqp.Channel, queue string) (element int64, found, acked bool, err error) {
	message, found, err := channel.Get(queue, false)
	if err != nil || !found {
		return 0, false, false, err
	}
	if element, err = strconv.ParseInt(string(message.Body), 10, 64); err != nil {
		return 0, false, false, fmt.Errorf("%w: there is %q, which nobody wrote", errNumber, message.Body)
	}
	return element, true, true, message.Ack(false)
}

// dequeue takes a message. If the acknowledgement did not leave, it comes again,
// which may be.
func (c *client) dequeue(_ context.Context, queue string) harness.Completion {
	element, found, _, err := take(c.channel, queue)
	switch {
	case found:
		return harness.Completion{Outcome: history.OK, Value: element}
	case errors.Is(err, errNumber):
		return harness.Completion{Error: err.Error()}
	case err != nil:
		_ = c.Close() // what may be on its way goes back
		return backOff(harness.Completion{Outcome: history.Fail, Error: "not-taken: " + err.Error()})
	}
	return harness.Completion{Outcome: history.Fail, Error: "empty"}
}
