package nats

import (
	"context"
	"errors"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// code returns the text of an error with a short code first.
func code(ctx context.Context, err error) string {
	text := err.Error()
	switch {
	case errors.Is(err, errNotSent), strings.HasPrefix(text, "bad-reply: "):
		return text
	case errors.Is(err, nats.ErrNoResponders):
		return "no-responders: nobody serves the subject now"
	case is(err, wrongLastSequence, wrongLastSequenceNumber):
		return "mismatch: " + text
	case is(err, noSuchStream):
		return "no-stream: " + text
	}
	if _, ok := errors.AsType[*apiError](err); ok {
		return "error: " + text
	}
	if ctx.Err() != nil || errors.Is(err, nats.ErrTimeout) {
		return "timeout: " + text
	}
	return "no-reply: " + text
}

// fail says that something did not happen, for this reason, and never will.
func fail(err error) harness.Completion { return failed(context.Background(), err) }

func failed(ctx context.Context, err error) harness.Completion {
	// A node that answers with a mismatch serves.
	return harness.Completion{Outcome: history.Fail, Error: code(ctx, err), Backoff: !is(err, wrongLastSequence, wrongLastSequenceNumber)}
}

// published says what an error in answer to a publish means, as the package
// comment does. One with a message ID may have been delivered more than once, so
// that a refusal says nothing of the other deliveries.
func published(ctx context.Context, err error, repeatable bool) harness.Completion {
	refused := errors.Is(err, nats.ErrNoResponders) || is(err, wrongLastSequence, wrongLastSequenceNumber, messageTooLarge)
	if errors.Is(err, errNotSent) || refused && !repeatable {
		return failed(ctx, err)
	}
	return harness.Completion{Error: code(ctx, err), Backoff: refused}
}
