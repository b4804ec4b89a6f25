package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

var _ harness.Promoter = System{}

// askTimeout bounds one question to a node.
const askTimeout = 5 * time.Second

// standing is what a node says of itself.
type standing struct {
	node cluster.Node
	err  error
	// replica is whether it follows another. timeline is that of a primary,
	// which is higher the later it was promoted.
	replica  bool
	timeline string
	// received is how far a replica has the log, in bytes.
	received int64
}

// ask asks all nodes at the same time, past every proxy.
func ask(ctx context.Context, nodes []cluster.Node) []standing {
	answers := make([]standing, len(nodes))
	var all sync.WaitGroup
	for i, node := range nodes {
		all.Go(func() {
			answers[i] = standing{node: node}
			answers[i].err = on(ctx, node, func(ctx context.Context, conn *pgx.Conn) error {
				return conn.QueryRow(ctx, `SELECT pg_is_in_recovery(),
					CASE WHEN pg_is_in_recovery() THEN '' ELSE left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) END,
					coalesce(greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0', 0)::bigint`,
				).Scan(&answers[i].replica, &answers[i].timeline, &answers[i].received)
			})
		})
	}
	all.Wait()
	return answers
}

// on connects to a node, past every proxy, and does something there.
func on(ctx context.Context, node cluster.Node, do func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	c := &client{addr: node.Addr(cluster.ClientPort)}
	defer c.Close()
	conn, err := c.connection(ctx)
	if err == nil {
		err = do(ctx, conn)
	}
	if err != nil {
		return fmt.Errorf("asking %s: %w", node.Name(), err)
	}
	return nil
}

// Primary is the node that is not in recovery. Of several it is the one that was
// promoted last.
func (System) Primary(ctx context.Context, c cluster.Cluster) (string, error) {
	nodes := c.Nodes()
	if len(nodes) == 1 {
		return nodes[0].Name(), nil
	}
	var primaries []standing
	var errs []error
	for _, answer := range ask(ctx, nodes) {
		if answer.err != nil {
			errs = append(errs, answer.err)
		} else if !answer.replica {
			primaries = append(primaries, answer)
		}
	}
	if len(primaries) == 0 {
		return "", errors.Join(append(errs, errors.New("postgres: no node says that it is a primary"))...)
	}
	last := slices.MaxFunc(primaries, func(a, b standing) int { return cmp.Compare(a.timeline, b.timeline) })
	return last.node.Name(), nil
}

// Settled returns nil once one node is a primary and all others stream from it
// and have replayed what it had when it was asked. A lone server has nothing to
// catch up with.
func (System) Settled(ctx context.Context, c cluster.Cluster) error {
	nodes := c.Nodes()
	if len(nodes) == 1 {
		return nil
	}
	var primary cluster.Node
	for _, answer := range ask(ctx, nodes) {
		switch {
		case answer.err != nil:
			return answer.err
		case !answer.replica && primary != nil:
			return fmt.Errorf("both %s and %s are primaries", primary.Name(), answer.node.Name())
		case !answer.replica:
			primary = answer.node
		}
	}
	if primary == nil {
		return errors.New("no node is a primary")
	}
	var end string
	err := on(ctx, primary, func(ctx context.Context, conn *pgx.Conn) error {
		// A commit of its own has the log flushed up to here, and so sent.
		if _, err := conn.Exec(ctx, `SET synchronous_commit = local`); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, `SELECT pg_logical_emit_message(true, 'tertium', 'settled')`); err != nil {
			return err
		}
		return conn.QueryRow(ctx, `SELECT pg_current_wal_flush_lsn()::text`).Scan(&end)
	})
	for _, node := range nodes {
		if err != nil {
			return err
		}
		if node.Name() == primary.Name() {
			continue
		}
		err = on(ctx, node, func(ctx context.Context, conn *pgx.Conn) error {
			var streams, replayed bool
			if err := conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming'),
				coalesce(pg_last_wal_replay_lsn() >= $1::pg_lsn, false)`, end).Scan(&streams, &replayed); err != nil {
				return err
			}
			if !streams || !replayed {
				return fmt.Errorf("it has not caught up with %s (streams: %v, has replayed all: %v)", primary.Name(), streams, replayed)
			}
			return nil
		})
	}
	return err
}

// Promote makes a replica a primary, and has the other replicas follow it. It
// refuses one that lacks some of the log that another replica has: an operator
// promotes the one that has most, and that is what makes synchronous replication
// to one of several enough.
func (System) Promote(ctx context.Context, c cluster.Cluster, node string) error {
	var chosen *standing
	var others []standing
	for _, answer := range ask(ctx, c.Nodes()) {
		switch {
		case answer.node.Name() == node && answer.err != nil:
			return answer.err
		case answer.node.Name() == node:
			chosen = &answer
		case answer.err == nil && answer.replica:
			others = append(others, answer)
		}
	}
	switch {
	case chosen == nil:
		return fmt.Errorf("postgres: there is no node %q to promote", node)
	case !chosen.replica:
		return fmt.Errorf("postgres: %s is a primary already", node)
	}
	for _, other := range others {
		if other.received > chosen.received {
			return fmt.Errorf("postgres: %s is not to be promoted: %s has %d bytes more of the log",
				node, other.node.Name(), other.received-chosen.received)
		}
	}
	err := on(ctx, chosen.node, func(ctx context.Context, conn *pgx.Conn) error {
		var promoted bool
		if err := conn.QueryRow(ctx, `SELECT pg_promote(false)`).Scan(&promoted); err != nil || promoted {
			return err
		}
		return errors.New("it refuses to be promoted")
	})
	if err != nil {
		return err
	}
	for {
		answer := ask(ctx, []cluster.Node{chosen.node})[0]
		if answer.err == nil && !answer.replica {
			break
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("postgres: %s has not become a primary: %w", node, errors.Join(answer.err, ctx.Err()))
		case <-time.After(20 * time.Millisecond):
		}
	}
	var errs []error
	for _, other := range others {
		errs = append(errs, on(ctx, other.node, func(ctx context.Context, conn *pgx.Conn) error {
			return followNow(ctx, conn, node)
		}))
	}
	return errors.Join(errs...)
}

// followNow has a replica follow another primary from now on.
func followNow(ctx context.Context, conn *pgx.Conn, primary string) error {
	var now string
	if err := conn.QueryRow(ctx, `SELECT current_setting('primary_conninfo')`).Scan(&now); err != nil {
		return err
	}
	fields := strings.Fields(now)
	for i, field := range fields {
		if strings.HasPrefix(field, "host=") {
			fields[i] = "host=" + primary
		}
	}
	// The value stands in the statement itself, in which quotes are doubled.
	value := strings.ReplaceAll(strings.Join(fields, " "), "'", "''")
	if _, err := conn.Exec(ctx, `ALTER SYSTEM SET primary_conninfo = '`+value+`'`); err != nil {
		return err
	}
	_, err := conn.Exec(ctx, `SELECT pg_reload_conf()`)
	return err
}

// topology returns the arguments that say which node is which, and the settings
// of servers that replicate.
func topology(config plan.Config, me string, place cluster.Place) (args []string, host, port string) {
	nodes := config.Nodes
	host, port, _ = net.SplitHostPort(place.Listen[cluster.ClientPort])
	if len(nodes) == 1 {
		return []string{"", "", ""}, host, port
	}
	peers := slices.DeleteFunc(slices.Clone(nodes), func(name string) bool { return name == me })
	args = []string{me, nodes[0], strings.Join(peers, " ")}
	for _, setting := range []string{
		"wal_keep_size=1GB", "wal_retrieve_retry_interval=200ms", "wal_receiver_timeout=5s", "wal_sender_timeout=5s",
	} {
		args = append(args, "-c", setting)
	}
	if replication.of(config) == "sync" {
		args = append(args, "-c", "synchronous_standby_names=*")
	}
	return args, host, port
}
