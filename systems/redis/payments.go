package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// lookUp is the part of a payment that answers a request that was done before.
// The hash KEYS[1] has the request and its answer, apart by a line break, for
// each ARGV[1] = operation/key.
const lookUp = `
local known = redis.call('HGET', KEYS[1], ARGV[1])
if known then
  local bar = string.find(known, '\n', 1, true)
  if string.sub(known, 1, bar - 1) ~= ARGV[2] then return 'conflict' end
  return string.sub(known, bar + 1)
end
`

// payNow is the part that does what ARGV[2] asks for: it takes ARGV[5] from
// account ARGV[3] and gives it to account ARGV[4], one of which may be "".
// KEYS[2] has the balances, KEYS[3] the entries, and KEYS[4] the last id.
const payNow = `
local answer
if ARGV[3] ~= '' and tonumber(redis.call('HGET', KEYS[2], ARGV[3]) or '0') < tonumber(ARGV[5]) then
  answer = 'insufficient-funds'
else
  local id = string.format('"id":%.0f,', redis.call('INCR', KEYS[4]))
  local balance
  if ARGV[3] ~= '' then balance = redis.call('HINCRBY', KEYS[2], ARGV[3], '-' .. ARGV[5]) end
  if ARGV[4] ~= '' then
    local credited = redis.call('HINCRBY', KEYS[2], ARGV[4], ARGV[5])
    balance = balance or credited
  end
  redis.call('RPUSH', KEYS[3], '{' .. id .. ARGV[6] .. ARGV[2] .. '}')
  answer = '{' .. id .. ARGV[2] .. string.format(',"balance":%.0f}', balance)
end
`

// remember is the part that notes the answer, which is then given.
const remember = `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. '\n' .. answer)
`

const (
	payOnce   = lookUp + payNow + remember + "return answer\n"
	payAnyway = payNow + "return answer\n"
)

// The answers of these scripts that are not a reply.
const (
	insufficient = "insufficient-funds"
	conflict     = "conflict"
)

// payment is a deposit or a transfer.
type payment struct {
	// tenant, operation and key are what the request is under.
	tenant, operation, key string
	// fields are what it asks for, as the inside of a JSON object.
	fields        string
	debit, credit string
	amount        int64
}

// paymentOf reads an operation.
func paymentOf(op harness.Invocation) (payment, error) {
	value, _ := op.Value.(map[string]any)
	parts := strings.SplitN(op.Idem, "/", 3)
	amount, isAmount := value["amount"].(int64)
	if len(parts) != 3 || !isAmount || amount < 0 {
		return payment{}, fmt.Errorf("%s of %v under key %q: want an amount, and tenant/operation/key", op.F, op.Value, op.Idem)
	}
	p := payment{tenant: parts[0], operation: op.F, key: parts[2], amount: amount}
	asked := map[string]any{"amount": amount}
	accounts := map[string]*string{"account": &p.credit}
	if op.F == "transfer" {
		accounts = map[string]*string{"from": &p.debit, "to": &p.credit}
	}
	for name, account := range accounts {
		if *account, _ = value[name].(string); *account == "" {
			return payment{}, fmt.Errorf("%s of %v: want accounts", op.F, op.Value)
		}
		asked[name] = *account
	}
	text, err := json.Marshal(asked) // in order of the names
	p.fields = strings.Trim(string(text), "{}")
	return p, err
}

// field is where the request is in the hash of its tenant.
func (p payment) field() string { return p.operation + "/" + p.key }

func requestsKey(tenant string) string { return "requests:" + tenant }
func accountsKey(tenant string) string { return "accounts:" + tenant }
func entriesKey(tenant string) string  { return "entries:" + tenant }
func idsKey(tenant string) string      { return "ids:" + tenant }

// eval are the arguments of an EVAL of one of the scripts above.
func (p payment) eval(script string) []any {
	head := fmt.Sprintf(`"operation":%q,"key":%q,`, p.operation, p.key)
	return []any{
		"EVAL", script, 4, requestsKey(p.tenant), accountsKey(p.tenant), entriesKey(p.tenant), idsKey(p.tenant),
		p.field(), p.fields, p.debit, p.credit, p.amount, head,
	}
}

// pay does a deposit or a transfer once for its key, or tries to.
func (c *client) pay(ctx context.Context, op harness.Invocation) harness.Completion {
	p, err := paymentOf(op)
	if err != nil {
		return notSent("%v", err)
	}
	if c.ttl {
		return c.payMarked(ctx, p)
	}
	r := c.change(ctx, p.eval(c.script(payOnce))...)
	if err := r.unsure(); err != nil {
		return c.failedBut(ctx, err, c.scriptProofs())
	}
	return paid(r)
}

// paid reads the answer of a script.
func paid(r reply) harness.Completion {
	answer, err := r.Text()
	switch {
	case err != nil:
		return badReply(err)
	case answer == insufficient || answer == conflict:
		return harness.Completion{Outcome: history.Fail, Error: answer}
	}
	value, err := object(answer)
	if err != nil {
		return badReply(err)
	}
	return harness.Completion{Outcome: history.OK, Value: value}
}

// markLives is how long a request stays marked with dedupe=ttl: as long as it
// usually takes, and not as long as it may.
const markLives = "500"

// payMarked does a payment the way that does not work: the mark does not outlive
// the work.
func (c *client) payMarked(ctx context.Context, p payment) harness.Completion {
	marked := c.change(ctx, "SET", "mark:"+p.tenant+"/"+p.field(), "1", "NX", "PX", markLives)
	taken := errors.Is(marked.Err(), redis.Nil)
	if err := marked.unsure(); err != nil && !taken {
		return c.failed(ctx, err)
	}
	known, err := c.ask(ctx, "HGET", requestsKey(p.tenant), p.field()).Text()
	switch {
	case errors.Is(err, redis.Nil) && taken:
		return harness.Completion{Error: "in-flight: another attempt has marked the request"}
	case errors.Is(err, redis.Nil):
	case err != nil:
		return unknownAfter(c.failed(ctx, err))
	default:
		return p.answered(known)
	}
	r := c.change(ctx, p.eval(c.script(payAnyway))...)
	if err := r.unsure(); err != nil {
		return unknownAfter(c.failed(ctx, err))
	}
	answer, err := r.Text()
	if err != nil {
		return badReply(err)
	}
	noted := c.change(ctx, "HSET", requestsKey(p.tenant), p.field(), p.fields+"\n"+answer)
	if err := noted.unsure(); err != nil {
		return unknownAfter(c.failed(ctx, err))
	}
	return paid(r)
}

// unknownAfter makes of what is known of a command what is known of the work
// that it is a part of.
func unknownAfter(done harness.Completion) harness.Completion {
	return harness.Completion{Error: "half-done: " + done.Error, Backoff: done.Backoff}
}

// answered reads what was noted under the key of a payment, as lookUp does.
func (p payment) answered(known string) harness.Completion {
	fields, answer, _ := strings.Cut(known, "\n")
	if fields != p.fields {
		return harness.Completion{Outcome: history.Fail, Error: conflict}
	}
	if answer == insufficient {
		return harness.Completion{Outcome: history.Fail, Error: answer}
	}
	value, err := object(answer)
	if err != nil {
		return badReply(err)
	}
	return harness.Completion{Outcome: history.OK, Value: value}
}

// balance reads that of tenant/account.
func (c *client) balance(ctx context.Context, key string) harness.Completion {
	tenant, account, _ := strings.Cut(key, "/")
	text, err := c.ask(ctx, "HGET", accountsKey(tenant), account).Text()
	if errors.Is(err, redis.Nil) {
		return harness.Completion{Outcome: history.OK, Value: int64(0)}
	}
	if err != nil {
		return c.failed(ctx, err)
	}
	value, err := number(text)
	if err != nil {
		return badReply(err)
	}
	return harness.Completion{Outcome: history.OK, Value: value}
}

// accounts reads all balances of a tenant that this very server has.
func (c *client) accounts(ctx context.Context, tenant string) harness.Completion {
	balances, err := c.redis.HGetAll(ctx, accountsKey(tenant)).Result()
	if err != nil {
		return c.failed(ctx, err)
	}
	list := []any{}
	for account, text := range balances {
		balance, err := number(text)
		if err != nil {
			return badReply(err)
		}
		list = append(list, map[string]any{"account": account, "balance": balance})
	}
	slices.SortFunc(list, func(a, b any) int {
		return strings.Compare(a.(map[string]any)["account"].(string), b.(map[string]any)["account"].(string))
	})
	return harness.Completion{Outcome: history.OK, Value: list}
}

// pageSize is how many entries are read by one command.
const pageSize = 5000

// entries reads all entries of a tenant that this very server has. They only
// grow, at the end.
func (c *client) entries(ctx context.Context, tenant string) harness.Completion {
	list := []any{}
	for {
		page, err := c.redis.LRange(ctx, entriesKey(tenant), int64(len(list)), int64(len(list)+pageSize-1)).Result()
		if err != nil {
			return c.failed(ctx, err)
		}
		for _, text := range page {
			entry, err := object(text)
			if err != nil {
				return badReply(err)
			}
			list = append(list, entry)
		}
		if len(page) < pageSize {
			return harness.Completion{Outcome: history.OK, Value: list}
		}
	}
}

// object reads a JSON object of texts and whole numbers.
func object(text string) (map[string]any, error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	var value map[string]any
	if err := decoder.Decode(&value); err != nil {
		return nil, fmt.Errorf("there is %q, which nobody wrote: %w", text, err)
	}
	for name, v := range value {
		if n, ok := v.(json.Number); ok {
			whole, err := strconv.ParseInt(n.String(), 10, 64)
			if err != nil {
				return nil, fmt.Errorf("there is %q, which nobody wrote: %w", text, err)
			}
			value[name] = whole
		}
	}
	return value, nil
}
