package mariadb

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/go-sql-driver/mysql"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// Errors of MariaDB (https://mariadb.com/kb/en/mariadb-error-code-reference/).
const (
	tooManyConnections = 1040
	unknownCommand     = 1047 // "WSREP has not yet prepared node for application use"
	checkRead          = 1020 // "Record has changed since last read"
	duplicate          = 1062
	lockWait           = 1205
	deadlock           = 1213
)

// refusals are the errors of single statements that prove that nothing was done
// and nothing will be: a statement that fails is rolled back, and with it its
// transaction if that has no other.
var refusals = []uint16{
	checkRead, tooManyConnections, unknownCommand, duplicate, lockWait, deadlock,
	1048, // a column cannot be null
	1054, // unknown column
	1064, // syntax
	1114, // the table is full
	1146, // no such table
	1264, // out of range
	1290, // the server runs with --read-only
	1366, // incorrect value
	1406, // too long
	1836, // read-only mode
}

// commitRefusals are the same for COMMIT. Any other error of it may be one of a
// transaction whose commit had begun.
var commitRefusals = []uint16{unknownCommand, deadlock}

// stage is how far an operation had come when it failed.
type stage int

const (
	// before: what would have made it last was not sent.
	before stage = iota
	// statement: it is a single statement, in a transaction of its own.
	statement
	// commit: COMMIT was to be sent.
	commit
)

// failed says what an error means, as the package comment does.
func (c *client) failed(ctx context.Context, at stage, err error) harness.Completion {
	refusal, refused := errors.AsType[*mysql.MySQLError](err)
	code := "no-reply"
	switch {
	case errors.Is(err, errNeverSent), errors.Is(err, driver.ErrBadConn):
		return harness.Completion{Outcome: history.Fail, Error: withCode(errNeverSent.Error(), err), Backoff: true}
	case refused:
		code = fmt.Sprintf("error-%d", refusal.Number)
	case errors.Is(err, errBadReply):
		code = errBadReply.Error()
	case ctx.Err() != nil || errors.Is(err, os.ErrDeadlineExceeded):
		code = "timeout"
	}
	completion := harness.Completion{Error: withCode(code, err)}
	switch {
	case at == before,
		refused && at == statement && slices.Contains(c.proofs(refusals), refusal.Number),
		refused && at == commit && slices.Contains(c.proofs(commitRefusals), refusal.Number):
		completion.Outcome = history.Fail
		completion.Backoff = refused && slices.Contains([]uint16{unknownCommand, tooManyConnections}, refusal.Number)
	}
	return completion
}

// proofs leaves out what a node of a cluster says also if it lost the others
// while a transaction was on its way to them.
func (c *client) proofs(refusals []uint16) []uint16 {
	if !c.cluster {
		return refusals
	}
	return slices.DeleteFunc(slices.Clone(refusals), func(n uint16) bool { return n == deadlock || n == lockWait })
}

// withCode puts a code before an error, once.
func withCode(code string, err error) string {
	if err.Error() == code || len(err.Error()) > len(code) && err.Error()[:len(code)+1] == code+":" {
		return err.Error()
	}
	return code + ": " + err.Error()
}

func notSent(format string, args ...any) harness.Completion {
	return harness.Completion{Outcome: history.Fail, Error: errNeverSent.Error() + ": " + fmt.Sprintf(format, args...)}
}
