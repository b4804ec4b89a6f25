package etcd

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// errBadReply says that a reply with a status of success was not understood.
var errBadReply = errors.New("bad-reply")

// refusal is a reply whose status is none of success.
type refusal struct {
	status int
	// code is that of gRPC, and message what the server says.
	code    int
	message string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("status-%d: grpc code %d: %s", r.status, r.code, r.message)
}

func refusalOf(reply answer) *refusal {
	var p problem
	if err := json.Unmarshal(reply.body, &p); err != nil {
		return &refusal{status: reply.status, code: -1, message: "not understood: " + err.Error()}
	}
	return &refusal{reply.status, p.Code, cmp.Or(p.Message, p.Error)}
}

// proof is a message that proves that a request had no effect and never will,
// with the code of gRPC that it comes with.
type proof struct {
	code int
	// name is short, for completions.
	name string
	// backoff says that the server may serve later.
	backoff bool
}

var proofs = map[string]proof{
	"etcdserver: not capable":                        {14, "not-capable", true},
	"etcdserver: too many requests":                  {8, "too-many-requests", true},
	"raft proposal dropped":                          {2, "dropped", true},
	"etcdserver: request is too large":               {3, "too-large", false},
	"etcdserver: key is not provided":                {3, "no-key", false},
	"etcdserver: duplicate key given in txn request": {3, "duplicate-key", false},
	"etcdserver: too many operations in txn request": {3, "too-many-operations", false},
	"etcdserver: requested lease not found":          {5, "no-lease", false},
}

// proven returns the proof that a refusal is, if it is one.
func proven(err error) (proof, bool) {
	r, refused := errors.AsType[*refusal](err)
	if !refused {
		return proof{}, false
	}
	p, known := proofs[r.message]
	return p, known && p.code == r.code
}

// failed says what an error means, as the package comment does.
func failed(ctx context.Context, err error) harness.Completion {
	if errors.Is(err, errNeverSent) {
		return harness.Completion{Outcome: history.Fail, Error: err.Error(), Backoff: true}
	}
	if p, is := proven(err); is {
		return harness.Completion{Outcome: history.Fail, Error: p.name + ": " + err.Error(), Backoff: p.backoff}
	}
	_, refused := errors.AsType[*refusal](err)
	switch {
	case refused:
		return harness.Completion{Error: err.Error(), Backoff: true}
	case errors.Is(err, errBadReply):
		return harness.Completion{Error: err.Error()}
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded):
		return harness.Completion{Error: "timeout: " + err.Error()}
	}
	return harness.Completion{Error: "no-reply: " + err.Error()}
}

// before says what an error means of an operation that was to write only after
// the request that ended with it: nothing was written, whatever became of that.
func before(ctx context.Context, err error) harness.Completion {
	c := failed(ctx, err)
	if c.Outcome != history.Fail {
		c = harness.Completion{Outcome: history.Fail, Error: "nothing-written: the request before it: " + c.Error, Backoff: true}
	}
	return c
}

// notSent is the completion of an operation for which there is no request.
func notSent(format string, args ...any) harness.Completion {
	return harness.Completion{Outcome: history.Fail, Error: errNeverSent.Error() + ": " + fmt.Sprintf(format, args...)}
}

// badReply is what is known of an operation whose answer nobody understands.
func badReply(err error) harness.Completion {
	return harness.Completion{Error: fmt.Sprintf("%v: %v", errBadReply, err)}
}

func ok(value any) harness.Completion {
	return harness.Completion{Outcome: history.OK, Value: value}
}
