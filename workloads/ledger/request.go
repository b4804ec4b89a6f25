package ledger

import (
	"strconv"

	"github.com/tertium-dev/tertium/harness/plan"
)

const (
	deposit  = "deposit"
	transfer = "transfer"
	balance  = "balance"
	accounts = "accounts"
	entries  = "entries"
)

const (
	// tenants share the accounts evenly. Two are enough to see one in the
	// other's books.
	tenants = 2
	// retries is how often a client tries again that does not know.
	retries = 3
)

// request is a deposit or transfer under an idempotency key.
type request struct {
	operation, tenant, key string
	// account is the one credited by a deposit and debited by a transfer, to
	// the other one of a transfer.
	account, to string
	amount      int64
}

// op returns an operation that makes the request.
func (r request) op() plan.Op {
	value := map[string]any{"tenant": r.tenant, "amount": r.amount}
	if r.operation == transfer {
		value["from"], value["to"] = r.account, r.to
	} else {
		value["account"] = r.account
	}
	return plan.Op{
		F: r.operation, Key: r.tenant + "/" + r.account, Value: value, Retries: retries,
		Idem: r.tenant + "/" + r.operation + "/" + r.key,
	}
}

// bank says which tenants and accounts there are.
type bank struct{ perTenant int64 }

func newBank(c plan.Config) bank { return bank{max(2, int64(c.Keys)/tenants)} }

func tenant(n int64) string  { return "t" + strconv.FormatInt(n+1, 10) }
func account(n int64) string { return "a" + strconv.FormatInt(n+1, 10) }

// request draws a deposit or a transfer.
func (b bank) request(r *plan.Stream, operation, key string) request {
	from := r.Below(b.perTenant)
	to := (from + 1 + r.Below(b.perTenant-1)) % b.perTenant
	q := request{
		operation: operation, key: key, tenant: tenant(r.Below(tenants)),
		account: account(from), to: account(to), amount: drawAmount(r),
	}
	if operation == deposit {
		q.to = ""
	}
	return q
}

// drawAmount is mostly small change, and now and then more than an account is
// likely to hold, because refusals have to be replayed like any other reply.
func drawAmount(r *plan.Stream) int64 {
	if r.Below(20) == 0 {
		return r.Between(1000, 10_000)
	}
	return r.Between(1, 100)
}

// balance draws a reading of one account.
func (b bank) balance(r *plan.Stream) plan.Op {
	return plan.Op{F: balance, Key: tenant(r.Below(tenants)) + "/" + account(r.Below(b.perTenant))}
}

// funding deposits something into every account.
func (b bank) funding() []plan.Op {
	var ops []plan.Op
	for n := range b.perTenant {
		for t := range int64(tenants) {
			ops = append(ops, request{
				operation: deposit, tenant: tenant(t), key: "open-" + account(n), account: account(n), amount: 1000,
			}.op())
		}
	}
	return ops
}
