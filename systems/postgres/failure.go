package postgres

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// errNeverSent says that nothing was sent that could have changed anything.
var errNeverSent = errors.New("not-sent")

// refused is the completion of an operation that the client does not do.
func refused(format string, args ...any) harness.Completion {
	return harness.Completion{Outcome: history.Fail, Error: errNeverSent.Error() + ": " + fmt.Sprintf(format, args...)}
}

var (
	// proofs are the classes of SQLSTATE, and single ones, that prove that a
	// statement by itself had no effect.
	proofs = []string{"22", "23", "40", "42", "53", "55", "25006"}
	// commitProofs are those that prove that a COMMIT rolled back.
	commitProofs = []string{"23", "40"}
	// doubted are what proves nothing all the same: statement completion unknown.
	doubted = []string{"40003"}
)

// failed says what an error of a statement by itself means, as the package
// comment does.
func failed(ctx context.Context, err error) harness.Completion { return failedBut(ctx, err, proofs) }

// failedBut says what an error means if only these of the server's refusals prove
// that nothing was done.
func failedBut(ctx context.Context, err error, proofs []string) harness.Completion {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && !errors.Is(err, errNeverSent) {
		proves := func(p string) bool { return strings.HasPrefix(refusal.Code, p) }
		c := harness.Completion{Error: "sqlstate-" + refusal.Code + ": " + refusal.Message}
		if slices.ContainsFunc(proofs, proves) && !slices.ContainsFunc(doubted, proves) {
			c.Outcome = history.Fail
		}
		return c
	}
	switch {
	case errors.Is(err, errNeverSent):
		return harness.Completion{Outcome: history.Fail, Error: err.Error(), Backoff: true}
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded):
		return harness.Completion{Error: "timeout: " + err.Error()}
	}
	return harness.Completion{Error: "no-reply: " + err.Error()}
}

// aborted says what an error before the COMMIT of a transaction means: nothing
// was committed, and nobody will ask for it any more.
func aborted(err error) harness.Completion {
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok {
		return harness.Completion{Outcome: history.Fail, Error: "sqlstate-" + refusal.Code + ": " + refusal.Message}
	}
	return harness.Completion{Outcome: history.Fail, Error: "not-committed: " + err.Error(), Backoff: true}
}
