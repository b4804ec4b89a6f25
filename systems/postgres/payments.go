package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// payment is a deposit or a transfer of the workload ledger.
type payment struct {
	tenant, operation, key string
	// account is credited by a deposit and debited by a transfer, to credited by
	// a transfer.
	account, to string
	amount      int64
}

// payload is what another request under the same key must not differ in.
func (p payment) payload() string { return fmt.Sprintf("%s %s %d", p.account, p.to, p.amount) }

// reply is the answer that is remembered under a key.
type reply struct {
	payload string
	// code is empty, or why it was refused.
	code        string
	id, balance int64
}

// completion is what a client makes of the reply to its payment.
func (r reply) completion(p payment) harness.Completion {
	if r.payload != p.payload() {
		return harness.Completion{Outcome: history.Fail, Error: "conflict"}
	}
	if r.code != "" {
		return harness.Completion{Outcome: history.Fail, Error: r.code}
	}
	value := map[string]any{"id": r.id, "amount": p.amount, "balance": r.balance}
	p.name(value)
	return harness.Completion{Outcome: history.OK, Value: value}
}

// name puts the accounts into a reply or an entry.
func (p payment) name(value map[string]any) {
	if p.operation == "transfer" {
		value["from"], value["to"] = p.account, p.to
	} else {
		value["account"] = p.account
	}
}

// paymentOf reads a request.
func paymentOf(op harness.Invocation) (payment, error) {
	value, _ := op.Value.(map[string]any)
	scope := strings.SplitN(op.Idem, "/", 3)
	p := payment{operation: op.F}
	p.tenant, _ = value["tenant"].(string)
	p.amount, _ = value["amount"].(int64)
	p.account, _ = value["account"].(string)
	if op.F == "transfer" {
		p.account, _ = value["from"].(string)
		p.to, _ = value["to"].(string)
	}
	switch {
	case len(scope) != 3 || scope[0] != p.tenant || scope[1] != op.F:
		return p, fmt.Errorf("%s under the key %q: want tenant/operation/key", op.F, op.Idem)
	case p.account == "" || p.account == p.to || p.amount <= 0 || op.F == "transfer" && p.to == "":
		return p, fmt.Errorf("%s of %v: want an amount, and an account or two", op.F, op.Value)
	}
	p.key = scope[2]
	return p, nil
}

// pay does what is asked for under a key, unless it has been done. All of it is
// one transaction that is read committed: rows that are to be changed are locked.
//
// As it should be, the key goes in first, where it can be only once: a second
// attempt waits there for the first. The option dedupe=check-then-insert looks
// for it instead, and puts it in at last; two attempts at once then both find
// nothing.
func (c *client) pay(ctx context.Context, conn *pgx.Conn, op harness.Invocation) harness.Completion {
	p, err := paymentOf(op)
	if err != nil {
		return refused("%v", err)
	}
	return c.within(ctx, conn, "BEGIN ISOLATION LEVEL READ COMMITTED", func() (harness.Completion, error) {
		known, err := c.recall(ctx, conn, p)
		if err != nil {
			return harness.Completion{}, err
		}
		if known != nil {
			return known.completion(p), errUndo
		}
		r, err := p.do(ctx, conn)
		if err == nil {
			err = c.remember(ctx, conn, p, r)
		}
		return r.completion(p), err
	})
}

// recall returns the reply that is remembered under a key, or nil.
func (c *client) recall(ctx context.Context, conn *pgx.Conn, p payment) (*reply, error) {
	table := "loose_requests"
	if c.ways.unique {
		table = "requests"
		tag, err := conn.Exec(ctx, `INSERT INTO requests VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`, p.tenant, p.operation, p.key)
		if err != nil || tag.RowsAffected() == 1 {
			return nil, err
		}
	}
	var r reply
	err := conn.QueryRow(ctx, `SELECT payload, code, id, balance FROM `+table+` WHERE tenant = $1 AND operation = $2 AND key = $3`,
		p.tenant, p.operation, p.key).Scan(&r.payload, &r.code, &r.id, &r.balance)
	if errors.Is(err, pgx.ErrNoRows) && !c.ways.unique {
		return nil, nil
	}
	return &r, err
}

// remember notes the reply under its key.
func (c *client) remember(ctx context.Context, conn *pgx.Conn, p payment, r reply) error {
	sql := `INSERT INTO loose_requests VALUES ($1, $2, $3, $4, $5, $6, $7)`
	if c.ways.unique {
		sql = `UPDATE requests SET payload = $4, code = $5, id = $6, balance = $7 WHERE tenant = $1 AND operation = $2 AND key = $3`
	}
	_, err := conn.Exec(ctx, sql, p.tenant, p.operation, p.key, r.payload, r.code, r.id, r.balance)
	return err
}

// do moves the money and enters that into the books.
func (p payment) do(ctx context.Context, conn *pgx.Conn) (reply, error) {
	r := reply{payload: p.payload()}
	credited := p.account
	if p.operation == "transfer" {
		// Both are locked in one order, or transfers there and back would wait
		// for each other.
		held := map[string]int64{}
		rows, err := conn.Query(ctx, `SELECT account, balance FROM accounts WHERE tenant = $1 AND account IN ($2, $3)
			ORDER BY account FOR UPDATE`, p.tenant, p.account, p.to)
		if err != nil {
			return r, err
		}
		var account string
		var balance int64
		if _, err := pgx.ForEachRow(rows, []any{&account, &balance}, func() error {
			held[account] = balance
			return nil
		}); err != nil {
			return r, err
		}
		if held[p.account] < p.amount {
			r.code = "insufficient-funds"
			return r, nil
		}
		if err := conn.QueryRow(ctx, `UPDATE accounts SET balance = balance - $3 WHERE tenant = $1 AND account = $2 RETURNING balance`,
			p.tenant, p.account, p.amount).Scan(&r.balance); err != nil {
			return r, err
		}
		credited = p.to
	}
	var balance int64
	if err := conn.QueryRow(ctx, `INSERT INTO accounts VALUES ($1, $2, $3) ON CONFLICT (tenant, account)
		DO UPDATE SET balance = accounts.balance + excluded.balance RETURNING balance`, p.tenant, credited, p.amount).Scan(&balance); err != nil {
		return r, err
	}
	if p.operation == "deposit" {
		r.balance = balance
	}
	err := conn.QueryRow(ctx, `INSERT INTO entries (tenant, operation, key, account, recipient, amount) VALUES ($1, $2, $3, $4, $5, $6)
		RETURNING id`, p.tenant, p.operation, p.key, p.account, p.to, p.amount).Scan(&r.id)
	return r, err
}

// books reads a balance, or all accounts or entries of a tenant, in one
// statement.
func books(ctx context.Context, conn *pgx.Conn, op harness.Invocation) harness.Completion {
	tenant, account, _ := strings.Cut(op.Key, "/")
	if op.F == "balance" {
		return one[int64](ctx, conn, `SELECT coalesce((SELECT balance FROM accounts WHERE tenant = $1 AND account = $2), 0)`, tenant, account)
	}
	list := []any{}
	var p payment
	var id, balance int64
	sql, into, item := `SELECT account, balance FROM accounts WHERE tenant = $1 ORDER BY account`, []any{&p.account, &balance}, func() any {
		return map[string]any{"account": p.account, "balance": balance}
	}
	if op.F == "entries" {
		sql = `SELECT id, operation, key, account, recipient, amount FROM entries WHERE tenant = $1 ORDER BY id`
		into = []any{&id, &p.operation, &p.key, &p.account, &p.to, &p.amount}
		item = func() any {
			entry := map[string]any{"id": id, "operation": p.operation, "key": p.key, "amount": p.amount}
			p.name(entry)
			return entry
		}
	}
	rows, err := conn.Query(ctx, sql, tenant)
	if err == nil {
		_, err = pgx.ForEachRow(rows, into, func() error {
			list = append(list, item())
			return nil
		})
	}
	if err != nil {
		return failed(ctx, err)
	}
	return harness.Completion{Outcome: history.OK, Value: list}
}
