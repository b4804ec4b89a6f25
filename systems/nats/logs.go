package nats

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/nats-io/nats.go"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/workloads/stream"
)

// poll returns the messages of a partition from an offset on.
func (c *client) poll(ctx context.Context, key string, value any) harness.Completion {
	from, ok := value.(int64)
	if !ok {
		return fail(fmt.Errorf("%w: %v is no offset", errNotSent, value))
	}
	messages, err := c.since(ctx, logStream(key), logSubject(key), from, stream.Batch, true)
	if err != nil {
		return failed(ctx, err)
	}
	given := make([]any, len(messages))
	for i, m := range messages {
		content, err := number(m.data)
		if err != nil {
			return fail(err)
		}
		given[i] = []any{m.sequence, content}
	}
	return harness.Completion{Outcome: history.OK, Value: given}
}

// mark is what a read puts into a set to see that what it reads is not old.
const mark = "read"

// readSet publishes a mark and reads up to it.
func (c *client) readSet(ctx context.Context, key string) harness.Completion {
	conn, err := c.connection(ctx)
	if err != nil {
		return fail(err)
	}
	reply, err := conn.RequestMsgWithContext(ctx, &nats.Msg{Subject: setSubject(key), Data: []byte(mark)})
	if err != nil {
		return c.unread(ctx, setStream, err)
	}
	until, err := stored(reply)
	if err != nil {
		return c.unread(ctx, setStream, err)
	}
	elements := []any{}
	for from := int64(1); from <= until; {
		messages, err := c.since(ctx, setStream, setSubject(key), from, stream.Batch, false)
		if err != nil {
			return failed(ctx, err)
		}
		if len(messages) == 0 {
			if ctx.Err() != nil {
				return failed(ctx, ctx.Err())
			}
			wait(ctx, lookEvery/10) // the replica lags
		}
		for _, m := range messages {
			from = m.sequence + 1
			if m.sequence >= until || string(m.data) == mark {
				continue
			}
			element, err := number(m.data)
			if err != nil {
				return fail(err)
			}
			elements = append(elements, element)
		}
	}
	return harness.Completion{Outcome: history.OK, Value: elements}
}

// unread says what is known of a set that could not be marked. That there is no
// such stream has to be told by the leader of the cluster.
func (c *client) unread(ctx context.Context, stream string, cause error) harness.Completion {
	if _, err := c.api(ctx, "STREAM.INFO."+stream, nil); is(err, noSuchStream) {
		return harness.Completion{Outcome: history.OK, Value: []any{}}
	}
	return failed(ctx, cause)
}

// latest returns the latest message of a register, with sequence 0 if there is
// none, as the stream's leader has it.
func (c *client) latest(ctx context.Context, key string) (message, error) {
	body, err := json.Marshal(map[string]string{"last_by_subj": registerSubject(key)})
	if err != nil {
		return message{}, err
	}
	data, err := c.api(ctx, "STREAM.MSG.GET."+bucketStream, body)
	if is(err, noSuchMessage, noSuchStream) {
		return message{}, nil
	}
	if err != nil {
		return message{}, err
	}
	var answer struct {
		Message struct {
			Sequence int64 `json:"seq"`
			Data     []byte
		}
	}
	if err := json.Unmarshal(data, &answer); err != nil {
		return message{}, fmt.Errorf("bad-reply: %w", err)
	}
	if answer.Message.Sequence <= 0 {
		return message{}, fmt.Errorf("bad-reply: %q", data)
	}
	return message{answer.Message.Sequence, answer.Message.Data}, nil
}

func (c *client) readRegister(ctx context.Context, key string) harness.Completion {
	m, err := c.latest(ctx, key)
	if err != nil {
		return failed(ctx, err)
	}
	if m.sequence == 0 {
		return harness.Completion{Outcome: history.OK}
	}
	value, err := number(m.data)
	if err != nil {
		return fail(err)
	}
	return harness.Completion{Outcome: history.OK, Value: value}
}

// compareAndSet publishes on the condition that the message which it read is
// still the latest.
func (c *client) compareAndSet(ctx context.Context, key string, value any) harness.Completion {
	pair, _ := value.([]any)
	if len(pair) != 2 {
		return fail(fmt.Errorf("%w: cas of %v: want old and new", errNotSent, value))
	}
	m, err := c.latest(ctx, key)
	if err != nil {
		return failed(ctx, err)
	}
	mismatch := harness.Completion{Outcome: history.Fail, Error: "mismatch"}
	if m.sequence == 0 {
		return mismatch // there is no value
	}
	now, err := number(m.data)
	if err != nil {
		return fail(err)
	}
	if any(now) != pair[0] {
		mismatch.Value = now
		return mismatch
	}
	done := c.publish(ctx, registerSubject(key), pair[1], nats.Header{
		nats.ExpectedLastSubjSeqHdr: {strconv.FormatInt(m.sequence, 10)},
	})
	done.Value = nil // the sequence says nothing
	return done
}
