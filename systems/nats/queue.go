package nats

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/workloads/queue"
)

// errEmpty says that there is no message to be had now.
var errEmpty = errors.New("empty")

// lookEvery is how often a drain looks whether a message that is out with another
// client has come back.
const lookEvery = 50 * time.Millisecond

// taken is a message that was delivered.
type taken struct {
	element int64
	// ack is where to acknowledge it.
	ack string
}

// take has the next message of a queue delivered. It is not gone by that: without
// an acknowledgement it comes again. Any error means that nothing was taken.
func (c *client) take(ctx context.Context, key string) (taken, error) {
	conn, err := c.connection(ctx)
	if err != nil {
		return taken{}, err
	}
	reply, err := conn.RequestWithContext(ctx,
		"$JS.API.CONSUMER.MSG.NEXT."+queueStream(key)+"."+consumerName, []byte(`{"batch":1,"no_wait":true}`))
	if err != nil {
		return taken{}, err
	}
	if s, ok := statusOf(reply); ok {
		if s == statusNothing {
			return taken{}, errEmpty
		}
		return taken{}, s
	}
	element, err := number(reply.Data)
	return taken{element, reply.Reply}, err
}

// acknowledge tells that a message was taken, and waits until that is confirmed.
func (c *client) acknowledge(ctx context.Context, t taken) error {
	conn, err := c.connection(ctx)
	if err != nil {
		return err
	}
	_, err = conn.RequestWithContext(ctx, t.ack, []byte("+ACK"))
	return err
}

// dequeue takes one element.
func (c *client) dequeue(ctx context.Context, key string) harness.Completion {
	t, err := c.take(ctx, key)
	switch {
	case errors.Is(err, errEmpty):
		return harness.Completion{Outcome: history.Fail, Error: errEmpty.Error()}
	case err != nil:
		return failed(ctx, err)
	}
	err = c.acknowledge(ctx, t)
	switch {
	case err == nil, c.settings.delivery == queue.AtLeastOnce:
		// It came out. If it was not acknowledged, it may come again.
		return harness.Completion{Outcome: history.OK, Value: t.element}
	case errors.Is(err, errNotSent), errors.Is(err, nats.ErrNoResponders):
		return failed(ctx, err) // nobody learnt that it was taken
	}
	return harness.Completion{Error: code(ctx, err)}
}

// drain takes elements until the stream says that it has none.
func (c *client) drain(ctx context.Context, key string) harness.Completion {
	elements := []any{}
	for {
		err := c.drainOnce(ctx, key, &elements)
		switch {
		case err == nil:
			return harness.Completion{Outcome: history.OK, Value: elements}
		case ctx.Err() == nil && !errors.Is(err, errUnconfirmed):
			// Something is out with a client that is gone, or the consumer has no
			// leader: look again.
			wait(ctx, lookEvery)
		case len(elements) == 0 && !errors.Is(err, errUnconfirmed):
			return failed(ctx, err)
		default:
			return harness.Completion{Error: code(ctx, err)}
		}
	}
}

// errUnconfirmed says that an element may have been taken, or not.
var errUnconfirmed = errors.New("unconfirmed")

// drainOnce takes elements until there is none to be had, and then asks whether
// the queue is empty.
func (c *client) drainOnce(ctx context.Context, key string, elements *[]any) error {
	for {
		t, err := c.takeSoon(ctx, key)
		if err != nil {
			break // there may be no such queue
		}
		err = c.acknowledge(ctx, t)
		switch {
		case err == nil, c.settings.delivery == queue.AtLeastOnce:
			*elements = append(*elements, t.element)
		case errors.Is(err, errNotSent), errors.Is(err, nats.ErrNoResponders):
			return err
		default:
			return errors.Join(errUnconfirmed, err)
		}
	}
	inside, err := c.count(ctx, queueStream(key))
	if err != nil {
		return err
	}
	if inside > 0 {
		return errors.New("not-empty: messages are out with clients that did not acknowledge them")
	}
	return nil
}

// takeSoon is take that leaves time to ask something else if it is not answered.
func (c *client) takeSoon(ctx context.Context, key string) (taken, error) {
	if end, bounded := ctx.Deadline(); bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, time.Until(end)/3)
		defer cancel()
	}
	return c.take(ctx, key)
}

// count returns how many messages a stream has, none if there is no such stream.
func (c *client) count(ctx context.Context, stream string) (int64, error) {
	data, err := c.api(ctx, "STREAM.INFO."+stream, nil)
	if is(err, noSuchStream) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	var info struct {
		State *struct{ Messages int64 }
	}
	if err := json.Unmarshal(data, &info); err != nil {
		return 0, err
	}
	if info.State == nil {
		return 0, errors.New("bad-reply: a stream without its state")
	}
	return info.State.Messages, nil
}

// wait waits, but not longer than the context.
func wait(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
