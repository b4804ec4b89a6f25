package mariadb

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// status is what a node of a cluster says of itself, by the name of each
// variable without its prefix "wsrep_".
type status map[string]string

// look asks a node, past every proxy.
func look(ctx context.Context, addr string) (status, error) {
	c := connection{addr: addr}
	defer c.close()
	if err := c.open(ctx); err != nil {
		return nil, err
	}
	rows, err := c.query(ctx, "SHOW GLOBAL STATUS LIKE 'wsrep\\_%'")
	if err != nil {
		return nil, err
	}
	s := status{}
	for _, row := range rows {
		name, err := text(row[0])
		if err != nil {
			return nil, err
		}
		// Those with numbers are not always text.
		if s[strings.TrimPrefix(name, "wsrep_")], err = text(row[1]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// unsettled says what a node of so many lacks to be where the first one is.
func (s status) unsettled(first status, nodes int) string {
	for _, want := range []struct{ name, value string }{
		{"ready", "ON"},
		{"cluster_status", "Primary"},
		{"cluster_size", strconv.Itoa(nodes)},
		{"local_state_comment", "Synced"},
		{"local_recv_queue", "0"},
		{"cluster_state_uuid", first["cluster_state_uuid"]},
		{"last_committed", first["last_committed"]},
	} {
		if s[want.name] != want.value {
			return fmt.Sprintf("wsrep_%s is %q and not yet %q", want.name, s[want.name], want.value)
		}
	}
	return ""
}

// serves asks a lone server whether it takes statements.
func serves(ctx context.Context, addr string) error {
	c := connection{addr: addr}
	defer c.close()
	if err := c.open(ctx); err != nil {
		return err
	}
	_, err := c.query(ctx, "SELECT COUNT(*) FROM registers")
	return err
}

// replicates asks a node of a cluster whether it is in the primary component and
// takes statements.
func replicates(ctx context.Context, addr string) error {
	s, err := look(ctx, addr)
	if err != nil {
		return err
	}
	if s["ready"] != "ON" || s["local_state_comment"] != "Synced" {
		return errors.New("it is not ready: " + s["local_state_comment"])
	}
	return serves(ctx, addr)
}
