package mariadb

import (
	"context"
	"fmt"

	"github.com/tertium-dev/tertium/harness"
)

// opened is what an account holds that no transfer has touched.
const opened = 10

// balances reads accounts one by one, in one transaction.
func (c *client) balances(ctx context.Context, value any) harness.Completion {
	names, ok := value.([]any)
	if !ok {
		return notSent("read of %v: want the names of accounts", value)
	}
	return c.within(ctx, func() (any, error) {
		found := map[string]any{}
		for _, name := range names {
			account, ok := name.(string)
			if !ok {
				return nil, fmt.Errorf("%w: not-sent: an account called %v", errRefused, name)
			}
			balance, err := c.balance(ctx, account)
			if err != nil {
				return nil, err
			}
			found[account] = balance
		}
		return found, nil
	})
}

// balance reads one account.
func (c *client) balance(ctx context.Context, account string) (int64, error) {
	rows, err := c.query(ctx, "SELECT balance FROM accounts WHERE name = ?", account)
	if err != nil || len(rows) == 0 {
		return opened, err
	}
	return number(rows[0][0])
}

// transfer takes an amount from one account and puts it on another, unless there
// is not enough.
func (c *client) transfer(ctx context.Context, value any) harness.Completion {
	order, _ := value.(map[string]any)
	from, isFrom := order["from"].(string)
	to, isTo := order["to"].(string)
	amount, isAmount := order["amount"].(int64)
	if !isFrom || !isTo || !isAmount {
		return notSent("transfer of %v: want from, to and amount", value)
	}
	return c.within(ctx, func() (any, error) {
		source, err := c.balance(ctx, from)
		if err != nil {
			return nil, err
		}
		target, err := c.balance(ctx, to)
		if err != nil {
			return nil, err
		}
		if source < amount {
			return nil, fmt.Errorf("%w: insufficient-funds", errRefused)
		}
		const set = "INSERT INTO accounts VALUES (?, ?) ON DUPLICATE KEY UPDATE balance = VALUES(balance)"
		if _, err := c.exec(ctx, set, from, source-amount); err != nil {
			return nil, err
		}
		_, err = c.exec(ctx, set, to, target+amount)
		return nil, err
	})
}
