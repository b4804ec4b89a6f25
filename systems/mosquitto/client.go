package mosquitto

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/eclipse/paho.mqtt.golang/packets"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/queue"
)

const (
	// dequeueWait is how long a dequeue waits for an element.
	dequeueWait = 50 * time.Millisecond
	// again is how long a client waits before it sends a publish again.
	again = 20 * time.Millisecond
)

// client does the operations of one process. Publishes go over one connection;
// whoever takes elements out opens one for each operation, in the session of the
// queue, which takes it from whoever had it before.
type client struct {
	addr    string
	quality byte
	resend  bool
	// confirmed says that an element has only come out once the broker knows.
	confirmed bool
	// name is that of the publisher's session.
	name string
	out  *session // nil until there is one
	last uint16   // the number of the last message
}

var _ harness.Client = (*client)(nil)

func newClient(addr string, config plan.Config) (*client, error) {
	chosen, err := options(config)
	if err != nil {
		return nil, err
	}
	return &client{
		addr: addr, quality: chosen["qos"][0] - '0', resend: chosen["resend"] == "on",
		confirmed: queue.Delivery(config) != queue.AtLeastOnce, name: "tertium-" + rand.Text(),
	}, nil
}

// Close ends the connection.
func (c *client) Close() error {
	if c.out != nil {
		_ = c.out.Close() // it is given up either way
		c.out = nil
	}
	return nil
}

// Invoke does an operation of the workload queue.
func (c *client) Invoke(ctx context.Context, op harness.Invocation) harness.Completion {
	switch op.F {
	case "enqueue":
		return c.enqueue(ctx, op)
	case "dequeue":
		return c.dequeue(ctx, op.Key)
	case "drain":
		return c.drain(ctx, op.Key)
	}
	return notSent(fmt.Errorf("mosquitto has no operation %q", op.F))
}

func topic(key string) string { return "queue/" + key }

func notSent(err error) harness.Completion {
	return harness.Completion{Outcome: history.Fail, Error: "not-sent: " + err.Error(), Backoff: true}
}

// unsure is the outcome of an operation that may have taken effect.
func unsure(err error) harness.Completion {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return harness.Completion{Error: "timeout: " + err.Error()}
	}
	return harness.Completion{Error: "no-reply: " + err.Error()}
}

// enqueue publishes an element, and with resend goes on with that, in the same
// session, until the broker has acknowledged it.
func (c *client) enqueue(ctx context.Context, op harness.Invocation) harness.Completion {
	p := packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)
	p.TopicName, p.Qos, p.Payload = topic(op.Key), c.quality, fmt.Append(nil, op.Value)
	if c.quality > 0 {
		c.last++
		p.MessageID = 1 + c.last%65535 // 0 is none
	}
	h := handshake{message: p}
	for {
		err := c.publish(ctx, &h)
		switch {
		case err == nil:
			return harness.Completion{Outcome: history.OK}
		case !h.begun:
			return notSent(err)
		case !c.resend || c.quality == 0 || ctx.Err() != nil || errors.Is(err, errForgotten):
			return unsure(err)
		}
		select {
		case <-time.After(again):
		case <-ctx.Done():
			return unsure(err)
		}
	}
}

// errForgotten says that the broker does not know the session any more, in which it
// would have known the message again.
var errForgotten = errors.New("the broker has forgotten the session")

// publish takes a handshake up where it is, in the connection that there is or a
// new one.
func (c *client) publish(ctx context.Context, h *handshake) (err error) {
	if c.out == nil {
		// Only a publisher that resends needs its session to stay.
		if c.out, err = open(ctx, c.addr, c.name, !c.resend); err != nil {
			c.out = nil
			return err
		}
		if h.begun && !c.out.resumed {
			err = errForgotten
		}
	}
	if err == nil {
		c.out.deadline, _ = ctx.Deadline()
		err = c.out.conn.SetDeadline(c.out.deadline)
	}
	if err == nil {
		err = h.goOn(c.out)
	}
	if err != nil {
		_ = c.Close()
	}
	return err
}

// handshake is what a publisher and a broker tell each other of one message.
type handshake struct {
	message *packets.PublishPacket
	// begun: the message may have been sent. received: the broker has it, and
	// knows that it must not take it again.
	begun, received bool
}

// goOn does what is left of the handshake.
func (h *handshake) goOn(s *session) error {
	if !h.received {
		h.message.Dup = h.begun
		h.begun = true
		if err := h.message.Write(s.conn); err != nil {
			return err
		}
		switch h.message.Qos {
		case 0:
			return nil
		case 1:
			return await[*packets.PubackPacket](s, h.message.MessageID)
		}
		if err := await[*packets.PubrecPacket](s, h.message.MessageID); err != nil {
			return err
		}
		h.received = true
	}
	release := packets.NewControlPacket(packets.Pubrel).(*packets.PubrelPacket)
	release.MessageID = h.message.MessageID
	if err := release.Write(s.conn); err != nil {
		return err
	}
	return await[*packets.PubcompPacket](s, h.message.MessageID)
}

// session resumes the session of a queue, and takes it from whoever had it.
func (c *client) session(ctx context.Context, key string) (*session, error) {
	return open(ctx, c.addr, "tertium-"+key, false)
}

// dequeue takes one element out.
func (c *client) dequeue(ctx context.Context, key string) harness.Completion {
	s, err := c.session(ctx, key)
	if err != nil {
		return notSent(err)
	}
	defer s.Close()
	for {
		m, err := s.receive(dequeueWait)
		if errors.Is(err, errNothing) {
			return harness.Completion{Outcome: history.Fail, Error: "empty"}
		}
		if err != nil {
			return harness.Completion{Outcome: history.Fail, Error: "not-acknowledged: " + err.Error()}
		}
		element, isElement := element(m)
		err = s.acknowledge(m)
		if err == nil && m.Qos == 1 {
			err = s.ping()
		}
		switch {
		case !isElement && err == nil:
			continue // a drain's own
		case !isElement:
			return harness.Completion{Outcome: history.Fail, Error: "not-acknowledged: " + err.Error()}
		case err != nil && c.confirmed:
			return unsure(err)
		}
		return harness.Completion{Outcome: history.OK, Value: element}
	}
}

// element is what a message holds; what a drain publishes is no number.
func element(m *packets.PublishPacket) (int64, bool) {
	n, err := strconv.ParseInt(string(m.Payload), 10, 64)
	return n, err == nil
}

// drain takes elements out up to a message of its own, which came after all that
// was there when it began.
func (c *client) drain(ctx context.Context, key string) harness.Completion {
	s, err := c.session(ctx, key)
	if err != nil {
		return notSent(err)
	}
	defer s.Close()
	last := rand.Text()
	h := handshake{message: packets.NewControlPacket(packets.Publish).(*packets.PublishPacket)}
	h.message.TopicName, h.message.Payload, h.message.Qos, h.message.MessageID = topic(key), []byte(last), 1, 1
	if err := c.mark(ctx, h); err != nil {
		return notSent(err)
	}
	taken := []any{}
	for {
		m, err := s.receive(time.Until(s.deadline))
		if err == nil {
			err = s.acknowledge(m)
		}
		if err == nil && string(m.Payload) == last {
			err = s.ping() // so that all acknowledgements have arrived
		}
		switch {
		case err != nil && len(taken) == 0 && m == nil:
			return notSent(err)
		case err != nil:
			return unsure(err)
		case string(m.Payload) == last:
			return harness.Completion{Outcome: history.OK, Value: taken}
		}
		if n, ok := element(m); ok {
			taken = append(taken, n)
		}
	}
}

// mark publishes the message that ends a drain, on a connection of its own: on that
// of the session, what comes in between would be in the way.
func (c *client) mark(ctx context.Context, h handshake) error {
	s, err := open(ctx, c.addr, "", true)
	if err != nil {
		return err
	}
	defer s.Close()
	return h.goOn(s)
}
