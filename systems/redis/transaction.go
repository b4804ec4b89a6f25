package redis

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/systems/internal/micro"
)

// transaction is a script that does the commands of a transaction, which no
// other command comes between. ARGV has the command and the argument for each of
// KEYS. If one of them is refused, those before it stay done: there is no way
// back. So it stops there, and answers how many writes had been done, and why it
// stopped; otherwise it answers with -1 and the answers.
const transaction = `
local answers, writes = {}, 0
for i, key in ipairs(KEYS) do
  local command, argument = ARGV[2 * i - 1], ARGV[2 * i]
  local answer
  if command == 'LRANGE' then answer = redis.pcall('LRANGE', key, '0', '-1')
  elseif command == 'GET' then answer = redis.pcall('GET', key)
  else answer = redis.pcall(command, key, argument) end
  if type(answer) == 'table' and answer.err then return {writes, answer.err} end
  if command == 'RPUSH' or command == 'SET' then writes = writes + 1 end
  answers[i] = answer
end
return {-1, answers}
`

// transact does a transaction.
func (c *client) transact(ctx context.Context, value any) harness.Completion {
	list, err := micro.Parse(value)
	if err != nil {
		return notSent("%v", err)
	}
	var keys, args []any
	for _, m := range list {
		command, err := c.command(m)
		if err != nil {
			return notSent("%v", err)
		}
		keys = append(keys, m.Key)
		args = append(args, command, argument(m.Value))
	}
	send, source := c.once, transaction
	writes := slices.ContainsFunc(list, func(m micro.Op) bool { return !m.Read() })
	if writes {
		send = c.change
	}
	if writes || c.primaryOnly {
		source = c.script(transaction)
	}
	r := send(ctx, append(append([]any{"EVAL", source, len(keys)}, keys...), args...)...)
	if err := r.unsure(); err != nil {
		return c.failedBut(ctx, err, c.scriptProofs())
	}
	reply, err := r.Slice()
	if err != nil || len(reply) != 2 {
		return badReply(fmt.Errorf("the script answers %v", r.Val()))
	}
	switch done, why := reply[0], reply[1]; {
	case done == int64(-1):
		return answered(list, why)
	case done == int64(0):
		text, _ := why.(string)
		return refused(text, proofs)
	default:
		return harness.Completion{Error: fmt.Sprintf("half-done: after %v of its writes: %v", done, why)}
	}
}

// command returns the command that does a read or a write.
func (t terms) command(m micro.Op) (string, error) {
	switch {
	case m.Read() && t.registers:
		return "GET", nil
	case m.Read():
		return "LRANGE", nil
	case m.Value == nil: // which Redis cannot hold
	case m.F == "w" && t.registers:
		return "SET", nil
	case m.F == "append" && !t.registers:
		return "RPUSH", nil
	}
	return "", fmt.Errorf("redis has no %q of %v in the transactions of this workload", m.F, m.Value)
}

// argument is a value as the script is given it. A read has none.
func argument(value any) any {
	if value == nil {
		return ""
	}
	return value
}

// answered returns the transaction with what it read.
func answered(list []micro.Op, reply any) harness.Completion {
	answers, _ := reply.([]any)
	if len(answers) != len(list) {
		return badReply(fmt.Errorf("%d answers for %d reads and writes", len(answers), len(list)))
	}
	result := make([]any, len(list))
	for i, m := range list {
		value := m.Value
		if m.Read() {
			var err error
			if value, err = whole(answers[i]); err != nil {
				return badReply(err)
			}
		}
		result[i] = []any{m.F, m.Key, value}
	}
	return harness.Completion{Outcome: history.OK, Value: result}
}

// whole turns what a read was answered with, a list or a value or nil, into
// numbers.
func whole(answer any) (any, error) {
	switch v := answer.(type) {
	case nil:
		return nil, nil
	case string:
		return number(v)
	case []any:
		numbers := make([]any, len(v))
		for i, item := range v {
			text, ok := item.(string)
			if !ok {
				return nil, fmt.Errorf("a list holds %v", item)
			}
			n, err := number(text)
			if err != nil {
				return nil, err
			}
			numbers[i] = n
		}
		return numbers, nil
	}
	return nil, errors.New("a read was answered with neither a list nor a value")
}
