package nats

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"
)

// apiError is an error that JetStream answers with.
type apiError struct {
	Code        int    `json:"code"`
	Number      int    `json:"err_code"`
	Description string `json:"description"`
}

func (e *apiError) Error() string { return fmt.Sprintf("%s (%d)", e.Description, e.Number) }

// Numbers of errors (server/errors.json of the server).
const (
	wrongLastSequence       = 10071
	wrongLastSequenceNumber = 10164
	messageTooLarge         = 10054
	noSuchMessage           = 10037
	noSuchStream            = 10059
	otherStream             = 10060
)

// is reports whether an error is one of those that JetStream answers with.
func is(err error, numbers ...int) bool {
	e, ok := errors.AsType[*apiError](err)
	if !ok {
		return false
	}
	for _, number := range numbers {
		if e.Number == number {
			return true
		}
	}
	return false
}

// status is an answer that is a status and nothing else.
type status string

func (s status) Error() string { return "status " + string(s) }

// statusOf returns the status of a message, if it is one.
func statusOf(m *nats.Msg) (status, bool) {
	s := status(m.Header.Get("Status"))
	return s, s != "" && len(m.Data) == 0
}

// Statuses, which are those of HTTP.
const (
	statusEnd     = status("204")
	statusNothing = status("404")
)

// api makes a request of JetStream's API, and returns what it was answered.
func (c *client) api(ctx context.Context, subject string, body []byte) ([]byte, error) {
	conn, err := c.connection(ctx)
	if err != nil {
		return nil, err
	}
	reply, err := conn.RequestWithContext(ctx, "$JS.API."+subject, body)
	if err != nil {
		return nil, err
	}
	var answer struct{ Error *apiError }
	if err := json.Unmarshal(reply.Data, &answer); err != nil {
		return nil, fmt.Errorf("bad-reply: %w", err)
	}
	if answer.Error != nil {
		return nil, answer.Error
	}
	return reply.Data, nil
}

// stored returns the sequence that a publish was given.
func stored(reply *nats.Msg) (int64, error) {
	var answer struct {
		Error    *apiError
		Stream   string
		Sequence int64 `json:"seq"`
	}
	if err := json.Unmarshal(reply.Data, &answer); err != nil {
		return 0, fmt.Errorf("bad-reply: %w", err)
	}
	switch {
	case answer.Error != nil:
		return 0, answer.Error
	case answer.Stream == "" || answer.Sequence <= 0:
		return 0, fmt.Errorf("bad-reply: %q", reply.Data)
	}
	return answer.Sequence, nil
}

// message is one that a stream has.
type message struct {
	sequence int64
	data     []byte
}

// next is a question for messages of a subject, from a sequence on.
type next struct {
	Sequence int64  `json:"seq"`
	Subject  string `json:"next_by_subj"`
	Batch    int    `json:"batch,omitempty"`
}

// widest is how many questions are under way at a time.
const widest = 64

// since returns messages of a subject from a sequence on, in order and without a
// gap, as many as there are or the most that were asked for, from replicas of the
// stream. None means that the replica that was asked has none. When time is up it
// returns what it has.
//
// It asks for each by itself. A replica that lags shows no message in place of one
// that it lacks, as it lacks all behind it too, so it does not matter which one
// answers what. Where sequences are dense, the questions behind the first are
// asked before it is answered.
func (c *client) since(ctx context.Context, stream, subject string, from int64, most int, dense bool) ([]message, error) {
	from = max(1, from)
	if c.settings.batches {
		return c.batch(ctx, stream, next{from, subject, most})
	}
	var found []message
	for width := 1; len(found) < most; {
		answers, err := c.window(ctx, stream, subject, from, width)
		if err != nil && len(found) == 0 {
			return nil, err
		}
		if err != nil {
			return found, nil
		}
		first := from
		for from-first < int64(len(answers)) {
			m := answers[from-first]
			if m == nil {
				return found, nil
			}
			found = append(found, *m)
			from = m.sequence + 1
		}
		if dense {
			width = min(2*width, widest)
		}
	}
	return found, nil
}

// window returns, for so many sequences, the message of the subject at it or next
// behind it, or nil if there is none.
func (c *client) window(ctx context.Context, stream, subject string, from int64, width int) ([]*message, error) {
	conn, err := c.connection(ctx)
	if err != nil {
		return nil, err
	}
	prefix := nats.NewInbox()
	inbox, err := conn.SubscribeSync(prefix + ".*")
	if err != nil {
		return nil, err
	}
	defer func() { _ = inbox.Unsubscribe() }() // it fails only without a connection
	for i := range width {
		body, err := json.Marshal(next{Sequence: from + int64(i), Subject: subject})
		if err != nil {
			return nil, err
		}
		if err := conn.PublishRequest("$JS.API.DIRECT.GET."+stream, prefix+"."+strconv.Itoa(i), body); err != nil {
			return nil, err
		}
	}
	answers := make([]*message, width)
	for range width {
		reply, err := inbox.NextMsgWithContext(ctx)
		if err != nil {
			return nil, err
		}
		if s, ok := statusOf(reply); ok {
			if s == statusNothing {
				continue
			}
			return nil, s
		}
		m, err := direct(reply)
		if err != nil {
			return nil, err
		}
		i, err := strconv.Atoi(strings.TrimPrefix(reply.Subject, prefix+"."))
		if err != nil || i < 0 || i >= width || m.sequence < from+int64(i) {
			return nil, fmt.Errorf("bad-reply: message %d on %s, from %d on", m.sequence, reply.Subject, from)
		}
		answers[i] = &m
	}
	return answers, nil
}

// batch returns the next messages, which one replica gives. Each tells which was
// the one before it, so that none is missed on the way.
func (c *client) batch(ctx context.Context, stream string, ask next) ([]message, error) {
	conn, err := c.connection(ctx)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(ask)
	if err != nil {
		return nil, err
	}
	inbox, err := conn.SubscribeSync(nats.NewInbox())
	if err != nil {
		return nil, err
	}
	defer func() { _ = inbox.Unsubscribe() }() // it fails only without a connection
	if err := conn.PublishRequest("$JS.API.DIRECT.GET."+stream, inbox.Subject, body); err != nil {
		return nil, err
	}
	var found []message
	for {
		reply, err := inbox.NextMsgWithContext(ctx)
		if err != nil {
			return nil, err
		}
		s, ok := statusOf(reply)
		switch {
		case ok && s == statusNothing && len(found) == 0:
			return nil, nil
		case ok && s != statusEnd:
			return nil, s
		}
		before, last := reply.Header.Get("Nats-Last-Sequence"), "0"
		if len(found) > 0 {
			last = strconv.FormatInt(found[len(found)-1].sequence, 10)
		}
		if before != last {
			return nil, fmt.Errorf("bad-reply: behind message %s came one that follows %q", last, before)
		}
		if ok {
			return found, nil
		}
		m, err := direct(reply)
		if err != nil {
			return nil, err
		}
		found = append(found, m)
	}
}

// direct reads a message that a replica gave.
func direct(reply *nats.Msg) (message, error) {
	sequence, err := strconv.ParseInt(reply.Header.Get("Nats-Sequence"), 10, 64)
	if err != nil {
		return message{}, fmt.Errorf("bad-reply: a message without its sequence: %w", err)
	}
	return message{sequence, reply.Data}, nil
}
