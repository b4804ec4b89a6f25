package conservation

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/tertium-dev/tertium/harness/history"
)

// never is the return of an attempt whose outcome is unknown.
const never = math.MaxInt32

// none stands for the absence of an account, attempt, request or effect.
const none = -1

// move is what an effect does to the accounts of a tenant. A deposit debits
// none. A transfer from an account to itself moves nothing.
type move struct {
	debit, credit int32
	amount        int64
}

// moves is false of what changes no balance.
func (m *move) moves() bool { return m.debit != m.credit && m.amount != 0 }

// on is what it adds to an account.
func (m *move) on(account int32) int64 {
	switch {
	case !m.moves():
		return 0
	case m.credit == account:
		return m.amount
	case m.debit == account:
		return -m.amount
	}
	return 0
}

// attempt is one deposit or transfer that was asked for.
type attempt struct {
	op int32
	// next is the next attempt under the same key, or none.
	next      int32
	call, ret int32
	move      move
	// possible is false if it certainly was not done and never will be.
	possible bool
}

// request is all attempts under one idempotency key. There are none under keys
// that only the books know.
type request struct {
	first, last int32
	tenant      int32
	// effect is the first of its effects, or none.
	effect int32
}

// ledger is what was asked of the accounts and what came of it.
type ledger struct {
	ops      []history.Operation
	attempts []attempt
	requests []request
	// effects are those that are known, or possible.
	effects []effect

	tenants    []string
	byTenant   map[string]int32
	accounts   []string
	accountsOf []int32 // the tenant of each account
	byAccount  map[string]int32
	byKey      map[string]int32
	name       []byte // scratch
	// strangers are the names of requests without attempts.
	strangers map[int32]string
	// volume is the sum of all amounts, so that no sum of some overflows.
	volume int64
}

var (
	errNoKey  = errors.New("it carries no idempotency key, so that its effect cannot be told from others")
	errTenant = errors.New("it names no tenant, or one with a slash in its name")
	errAmount = errors.New("amounts are not whole numbers from 0 on, or too large to be added up")
)

// unreadable says which operation could not be understood.
type unreadable struct {
	call int
	err  error
}

func (u *unreadable) Error() string {
	return fmt.Sprintf("the operation at event %d cannot be judged: %v", u.call, u.err)
}

func (u *unreadable) Unwrap() error { return u.err }

func newLedger(ops []history.Operation) *ledger {
	n := 0
	for i := range ops {
		if isMutation(&ops[i]) {
			n++
		}
	}
	return &ledger{
		ops: ops, attempts: make([]attempt, 0, n), requests: make([]request, 0, n), effects: make([]effect, 0, n),
		strangers: make(map[int32]string), byTenant: make(map[string]int32), byAccount: make(map[string]int32), byKey: make(map[string]int32, n),
	}
}

func isMutation(op *history.Operation) bool { return op.F == "deposit" || op.F == "transfer" }

// ask files a deposit or a transfer under its key.
func (l *ledger) ask(i int) error {
	op := &l.ops[i]
	if op.Idem == "" {
		return &unreadable{op.Call, errNoKey}
	}
	input, _ := op.Input.(map[string]any)
	tenant, named := input["tenant"].(string)
	if !named || strings.Contains(tenant, "/") {
		return &unreadable{op.Call, errTenant}
	}
	m, err := l.move(op.F, l.tenant(tenant), input)
	if err == nil {
		err = l.add(m.amount)
	}
	if err != nil {
		return &unreadable{op.Call, err}
	}
	a := attempt{op: int32(i), next: none, call: int32(op.Call), ret: never, move: m, possible: possible(op)}
	if op.Outcome != history.Unknown {
		a.ret = int32(op.Return)
	}
	at := int32(len(l.attempts))
	l.attempts = append(l.attempts, a)
	id, known := l.byKey[op.Idem]
	if !known {
		l.byKey[op.Idem] = int32(len(l.requests))
		l.requests = append(l.requests, request{first: at, last: at, tenant: l.tenant(tenant), effect: none})
		return nil
	}
	r := &l.requests[id]
	l.attempts[r.last].next = at
	r.last = at
	return nil
}

// stranger adds a request that only the books know.
func (l *ledger) stranger(name string, tenant int32) int32 {
	id := int32(len(l.requests))
	l.requests = append(l.requests, request{first: none, last: none, tenant: tenant, effect: none})
	l.byKey[name], l.strangers[id] = id, name
	return id
}

// possible reports whether an attempt may have been done, or may still be. What
// a node turned away may have been delivered to another node too, by a network
// that copies requests; all that is certain is a refusal that is replayed, and
// a failure of a kind that only the client vouches for.
func possible(op *history.Operation) bool {
	if op.Outcome != history.Fail {
		return true
	}
	switch code(op.Error) {
	case "conflict", "in-flight", "no-leader":
		return true
	}
	return false
}

// code is an error up to its first colon.
func code(err string) string {
	short, _, _ := strings.Cut(err, ":")
	return short
}

// move reads what a request, a reply or an entry says is moved.
func (l *ledger) move(f string, tenant int32, fields map[string]any) (move, error) {
	amount, isNumber := fields["amount"].(int64)
	if !isNumber || amount < 0 {
		return move{}, errAmount
	}
	if f == "deposit" {
		account, named := fields["account"].(string)
		if !named {
			return move{}, errors.New("it names no account")
		}
		return move{debit: none, credit: l.account(tenant, account), amount: amount}, nil
	}
	from, isFrom := fields["from"].(string)
	to, isTo := fields["to"].(string)
	if !isFrom || !isTo {
		return move{}, errors.New("it does not name both accounts")
	}
	return move{debit: l.account(tenant, from), credit: l.account(tenant, to), amount: amount}, nil
}

// add counts an amount among those that sums are made of.
func (l *ledger) add(amount int64) error {
	if amount > math.MaxInt64-l.volume {
		return errAmount
	}
	l.volume += amount
	return nil
}

func (l *ledger) tenant(name string) int32 {
	id, known := l.byTenant[name]
	if !known {
		id = int32(len(l.tenants))
		l.byTenant[name] = id
		l.tenants = append(l.tenants, name)
	}
	return id
}

// accountOfKey returns the number of the account with a key of the history:
// tenant/account.
func (l *ledger) accountOfKey(key string) int32 {
	if id, known := l.byAccount[key]; known {
		return id
	}
	tenant, account, _ := strings.Cut(key, "/")
	return l.account(l.tenant(tenant), account)
}

// account returns the number of a tenant's account.
func (l *ledger) account(tenant int32, name string) int32 {
	l.name = append(append(append(l.name[:0], l.tenants[tenant]...), '/'), name...)
	id, known := l.byAccount[string(l.name)]
	if !known {
		id = int32(len(l.accounts))
		full := string(l.name)
		l.byAccount[full] = id
		l.accounts = append(l.accounts, full)
		l.accountsOf = append(l.accountsOf, tenant)
	}
	return id
}
