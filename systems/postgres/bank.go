package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/history"
)

// opening is what an account of the workload bank holds that has no row.
const opening = 10

// poor is the completion of a transfer that an account cannot pay.
var poor = harness.Completion{Outcome: history.Fail, Error: "insufficient-funds"}

// savings reads all accounts of the workload bank in one statement.
func (c *client) savings(ctx context.Context, conn *pgx.Conn, accounts any) harness.Completion {
	var names []string
	list, _ := accounts.([]any)
	for _, name := range list {
		text, ok := name.(string)
		if !ok {
			return refused("read of %v: want the names of accounts", accounts)
		}
		names = append(names, text)
	}
	if len(names) == 0 {
		return refused("read of no key and no accounts")
	}
	return c.within(ctx, conn, c.begin(true), func() (harness.Completion, error) {
		held, err := balances(ctx, conn, names)
		if err != nil {
			return harness.Completion{}, err
		}
		value := map[string]any{}
		for name, balance := range held {
			value[name] = balance
		}
		return harness.Completion{Outcome: history.OK, Value: value}, nil
	})
}

// balances returns what accounts hold.
func balances(ctx context.Context, conn *pgx.Conn, names []string) (map[string]int64, error) {
	held := map[string]int64{}
	for _, name := range names {
		held[name] = opening
	}
	rows, err := conn.Query(ctx, `SELECT name, balance FROM savings WHERE name = ANY ($1)`, names)
	if err != nil {
		return nil, err
	}
	var name string
	var balance int64
	_, err = pgx.ForEachRow(rows, []any{&name, &balance}, func() error {
		held[name] = balance
		return nil
	})
	return held, err
}

// move does a transfer of the workload bank: it reads both balances, and writes
// both. What that is worth is up to the level of isolation.
func (c *client) move(ctx context.Context, conn *pgx.Conn, value any) harness.Completion {
	fields, _ := value.(map[string]any)
	from, isFrom := fields["from"].(string)
	to, isTo := fields["to"].(string)
	amount, isAmount := fields["amount"].(int64)
	if !isFrom || !isTo || !isAmount || from == to {
		return refused("transfer of %v: want an amount, and two accounts", value)
	}
	return c.within(ctx, conn, c.begin(false), func() (harness.Completion, error) {
		held, err := balances(ctx, conn, []string{from, to})
		if err != nil {
			return harness.Completion{}, err
		}
		if held[from] < amount {
			return poor, errUndo
		}
		update, insert := `UPDATE savings SET balance = $2 WHERE name = $1`, upsert("savings", "balance")
		if err := c.put(ctx, conn, from, held[from]-amount, update, insert); err != nil {
			return harness.Completion{}, err
		}
		if err := c.put(ctx, conn, to, held[to]+amount, update, insert); err != nil {
			return harness.Completion{}, err
		}
		return harness.Completion{Outcome: history.OK}, nil
	})
}
