package postgres

import (
	"context"
	"strings"
)

// tables are all that workloads use. Nothing but a primary key keeps two rows of
// one name apart; loose_requests have none, for the option dedupe.
var tables = []string{
	`registers (name text PRIMARY KEY, value bigint NOT NULL)`,
	`lists (name text PRIMARY KEY, elements bigint[] NOT NULL)`,
	`counters (name text PRIMARY KEY, value bigint NOT NULL)`,
	`elements (name text, element bigint, PRIMARY KEY (name, element))`,
	`savings (name text PRIMARY KEY, balance bigint NOT NULL)`,
	`accounts (tenant text, account text, balance bigint NOT NULL, PRIMARY KEY (tenant, account))`,
	`entries (id bigserial PRIMARY KEY, tenant text, operation text, key text, account text, recipient text, amount bigint)`,
	`requests (` + request + `, PRIMARY KEY (tenant, operation, key))`,
	`loose_requests (` + request + `)`,
}

const request = `tenant text, operation text, key text, payload text, code text, id bigint, balance bigint`

// ready asks a server whether it takes statements, and makes the tables on a
// primary if they are not there. It does not wait for replicas: they come later.
func ready(ctx context.Context, addr string) error {
	c := &client{addr: addr}
	defer c.Close()
	conn, err := c.connection(ctx)
	if err != nil {
		return err
	}
	var replica bool
	if err := conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&replica); err != nil || replica {
		return err
	}
	var script strings.Builder
	script.WriteString("SET synchronous_commit = local;")
	for _, table := range tables {
		script.WriteString("CREATE TABLE IF NOT EXISTS " + table + ";")
	}
	script.WriteString("CREATE INDEX IF NOT EXISTS loose_keys ON loose_requests (tenant, operation, key);")
	_, err = conn.Exec(ctx, script.String())
	return err
}
