package rabbitmq

import (
	"context"
	"errors"
	"sync"

	amqp "github.com/rabbitmq/amqp091-go"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// drainers is how many channels take messages at once in a drain. Each message
// costs a round trip.
const drainers = 8

// drained is what several channels took together.
type drained struct {
	mu       sync.Mutex
	elements []any
	acked    bool
	errs     []error
}

// drain takes messages until none is left.
func (c *client) drain(ctx context.Context, queue string) harness.Completion {
	d := &drained{elements: []any{}}
	var group sync.WaitGroup
	for range drainers {
		channel, err := c.library.Channel()
		if err != nil {
			d.fail(err)
			break
		}
		defer channel.Close()
		group.Go(func() { d.takeAll(channel, queue) })
	}
	group.Wait()
	if err := errors.Join(d.errs...); err != nil {
		_ = c.Close()
		if d.acked {
			return unknown(ctx, err)
		}
		return backOff(harness.Completion{Outcome: history.Fail, Error: "not-taken: " + err.Error()})
	}
	return harness.Completion{Outcome: history.OK, Value: d.elements}
}

// takeAll takes messages on one channel until it is told that there are none.
// Then each of the others acknowledges at most the one that it has, and is told
// the same.
func (d *drained) takeAll(channel *amqp.Channel, queue string) {
	for {
		element, found, acked, err := take(channel, queue)
		d.mu.Lock()
		d.acked = d.acked || acked
		if found {
			d.elements = append(d.elements, element)
		}
		d.mu.Unlock()
		if err != nil {
			d.fail(err)
		}
		if err != nil || !found {
			return
		}
	}
}

func (d *drained) fail(err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.errs = append(d.errs, err)
}
