package redis

import (
	"context"
	"errors"
	"fmt"

	"github.com/redis/go-redis/v9"
)

// errFewReplicas says that a write was done, and that fewer replicas have it
// than were asked for.
var errFewReplicas = errors.New("few-replicas")

// reply is what came of a command that writes.
type reply struct {
	*redis.Cmd
	// waiting is what came of waiting for replicas, if the command was done.
	waiting error
}

// unsure is the reason why it is not known that the command was done, or that it
// will last.
func (r reply) unsure() error {
	if err := r.Err(); err != nil {
		return err
	}
	return r.waiting
}

// once does one command and waits for nothing else.
func (c *client) once(ctx context.Context, args ...any) reply {
	return reply{Cmd: c.redis.Do(ctx, args...)}
}

// change does one command that may write, and waits for replicas if it is to.
// WAIT goes with the command over the same connection: it asks about the writes
// of its own connection, and is at once content on another.
func (c *client) change(ctx context.Context, args ...any) reply {
	if c.wait == 0 {
		return c.once(ctx, args...)
	}
	pipe := c.redis.Pipeline()
	cmd := pipe.Do(ctx, args...)
	wait := pipe.Do(ctx, "WAIT", c.wait, c.within.Milliseconds())
	_, _ = pipe.Exec(ctx) // each has its own error
	r := reply{Cmd: cmd}
	if cmd.Err() != nil {
		return r
	}
	switch n, err := wait.Int64(); {
	case err != nil:
		r.waiting = fmt.Errorf("%w: it is not known how many have it: %w", errFewReplicas, err)
	case n < int64(c.wait):
		r.waiting = fmt.Errorf("%w: %d have it and %d should, after %v", errFewReplicas, n, c.wait, c.within)
	}
	return r
}

const (
	// declared says that a script writes, so that a replica refuses it whether
	// or not it comes to its write. Servers before version 7 do not know it.
	declared = "#!lua\n"
	// replicaCode begins the refusal of primaryRead.
	replicaCode = "REPLICA"
)

// script returns the source of a script that may write, as it is sent.
func (c *client) script(source string) string {
	if c.several {
		return declared + source
	}
	return source
}

// primaryRead does the command in ARGV if the server is primary at that moment.
const primaryRead = `#!lua flags=no-writes
if not string.find(redis.call('INFO', 'replication'), 'role:master', 1, true) then
  return redis.error_reply('` + replicaCode + ` this server is a replica, and what it has may be old')
end
return redis.call(unpack(ARGV))
`

// ask does one command that reads.
func (c *client) ask(ctx context.Context, args ...any) *redis.Cmd {
	if !c.primaryOnly {
		return c.redis.Do(ctx, args...)
	}
	return c.redis.Do(ctx, append([]any{"EVAL_RO", primaryRead, 0}, args...)...)
}
