package redis

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// proofs begin the errors with which a server refuses a command before it does
// anything. The last is that of our own script.
var proofs = []string{
	"LOADING", "MASTERDOWN", "CLUSTERDOWN", "READONLY", "NOREPLICAS", "MISCONF", "OOM", "BUSY", "NOAUTH",
	"WRONGTYPE", "NOPERM", "ERR", replicaCode,
}

var (
	// scriptProofs begin the errors with which a server refuses a script before
	// it begins. Any other error may be one of its middle, after a write.
	scriptProofs = []string{"LOADING", "MASTERDOWN", "CLUSTERDOWN", "BUSY", "NOAUTH"}
	// declaredProofs are those of a script that says that it writes. It is not
	// begun where its writes would be refused for these reasons, and while a
	// script runs the reasons do not change.
	declaredProofs = append([]string{"READONLY", "NOREPLICAS", "MISCONF", "OOM"}, scriptProofs...)
)

// scriptProofs are those of the scripts that this client sends.
func (c *client) scriptProofs() []string {
	if c.several {
		return declaredProofs
	}
	return scriptProofs
}

// failed says what an error of a single command, or of a script whose only write
// is its last step, means, as the package comment does.
func (c *client) failed(ctx context.Context, err error) harness.Completion {
	return c.failedBut(ctx, err, proofs)
}

// failedBut says what an error means if only these of the server's refusals
// prove that nothing was done.
func (c *client) failedBut(ctx context.Context, err error, proofs []string) harness.Completion {
	var refusal redis.Error
	switch {
	case errors.Is(err, errFewReplicas):
		return harness.Completion{Error: err.Error()}
	case errors.As(err, &refusal):
		return refused(refusal.Error(), proofs)
	case !c.greeted.Load():
		c.renew()
		return harness.Completion{Outcome: history.Fail, Error: "not-sent: " + err.Error(), Backoff: true}
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded):
		return harness.Completion{Error: "timeout: " + err.Error()}
	}
	return harness.Completion{Error: "no-reply: " + err.Error()}
}

// refused says what an error that a server answered with means.
func refused(text string, proofs []string) harness.Completion {
	code, _, _ := strings.Cut(text, " ")
	if slices.Contains(proofs, code) {
		return harness.Completion{Outcome: history.Fail, Error: strings.ToLower(code) + ": " + text, Backoff: true}
	}
	return harness.Completion{Error: fmt.Sprintf("error: %s", text)}
}
