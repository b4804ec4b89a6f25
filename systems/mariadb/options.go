package mariadb

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tertium-dev/tertium/harness/plan"
)

// choices are the options of a config with the values that each may have, the
// default first.
var choices = []struct {
	name   string
	values []string
	// cluster is true if it is for several nodes only, and lone for one alone.
	cluster, lone bool
	// args are the server's for a value.
	args func(value string) []string
}{
	{
		name: "isolation", values: []string{"serializable", "repeatable-read", "read-committed", "read-uncommitted"},
		args: func(value string) []string {
			return []string{"--transaction-isolation=" + strings.ToUpper(value)}
		},
	},
	{
		name: "innodb_snapshot_isolation", values: []string{"off", "on"},
		args: func(value string) []string {
			return []string{"--innodb-snapshot-isolation=" + strings.ToUpper(value)}
		},
	},
	{
		name: "flush_log_at_trx_commit", values: []string{"1", "0", "2"},
		args: func(value string) []string {
			return []string{"--innodb-flush-log-at-trx-commit=" + value}
		},
	},
	{
		name: "log_bin", values: []string{"on", "off"}, lone: true,
		args: func(value string) []string {
			if value == "off" {
				return []string{"--skip-log-bin"}
			}
			return []string{"--log-bin=binlog", "--binlog-format=ROW", "--server-id=1", "--sync-binlog=1"}
		},
	},
	{
		name: "wsrep_sync_wait", values: []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13", "14", "15"},
		cluster: true,
		args: func(value string) []string {
			return []string{"--wsrep-sync-wait=" + value}
		},
	},
}

// arguments returns the server's arguments for the options of a config, or an
// error that says what they may be.
func arguments(config plan.Config) ([]string, error) {
	var args []string
	several := len(config.Nodes) > 1
	for _, c := range choices {
		asked := config.Options[c.name]
		switch {
		case asked == "" && (c.cluster && !several || c.lone && several):
			continue
		case asked == "":
			asked = c.values[0]
		case c.cluster && !several:
			return nil, fmt.Errorf("mariadb: option %s is for several nodes, and there is one: use --nodes 3", c.name)
		case c.lone && several:
			return nil, fmt.Errorf("mariadb: option %s is for one node alone, and there are %d", c.name, len(config.Nodes))
		}
		if !slices.Contains(c.values, asked) {
			return nil, fmt.Errorf("mariadb: option %s is %q; it may be one of %q", c.name, asked, c.values)
		}
		args = append(args, c.args(asked)...)
	}
	return args, nil
}
