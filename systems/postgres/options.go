package postgres

import (
	"fmt"
	"slices"
	"time"

	"github.com/tertium-dev/tertium/harness/plan"
)

// option is an option of the config with what it may be, the default first.
type option struct {
	name   string
	values []string
}

// settings are the options that go to the server as they are.
var settings = []option{
	{"synchronous_commit", []string{"on", "off"}},
	{"fsync", []string{"on", "off"}},
}

var (
	isolation   = option{"isolation", []string{"serializable", "repeatable-read", "read-committed"}}
	replication = option{"replication", []string{"async", "sync"}}
	reads       = option{"reads", []string{"primary", "any"}}
	dedupe      = option{"dedupe", []string{"unique", "check-then-insert"}}
)

// of returns what a config says of the option.
func (o option) of(config plan.Config) string {
	if value := config.Options[o.name]; value != "" {
		return value
	}
	return o.values[0]
}

// check returns an error if a config gives the option what it may not be.
func (o option) check(config plan.Config) error {
	if value := o.of(config); !slices.Contains(o.values, value) {
		return fmt.Errorf("postgres: option %s is %q; it may be one of %q", o.name, value, o.values)
	}
	return nil
}

// delays are options that go to the server as they are and are times, with the
// unit of the server's own; without one there is no delay.
var delays = []struct {
	name string
	unit time.Duration
}{
	{"commit_delay", time.Microsecond},
	{"recovery_min_apply_delay", time.Millisecond},
}

// delayed returns the arguments of the server for the delays of a config.
func delayed(config plan.Config) ([]string, error) {
	var args []string
	for _, option := range delays {
		text := config.Options[option.name]
		if text == "" {
			continue
		}
		delay, err := time.ParseDuration(text)
		if err != nil || delay < 0 || delay%option.unit != 0 {
			return nil, fmt.Errorf("postgres: option %s is %q; it may be a time such as 5ms, in whole units of %v", option.name, text, option.unit)
		}
		args = append(args, "-c", fmt.Sprintf("%s=%d", option.name, delay/option.unit))
		if option.name == "commit_delay" {
			args = append(args, "-c", "commit_siblings=1") // however few others there are
		}
	}
	return args, nil
}

// checkOptions returns an error if any option is what it may not be.
func checkOptions(config plan.Config) error {
	for _, o := range append([]option{isolation, replication, reads, dedupe}, settings...) {
		if err := o.check(config); err != nil {
			return err
		}
	}
	return nil
}

// levels are isolation levels as SQL names them.
var levels = map[string]string{
	"read-committed":  "READ COMMITTED",
	"repeatable-read": "REPEATABLE READ",
	"serializable":    "SERIALIZABLE",
}

// ways are what clients do otherwise by the config.
type ways struct {
	// level is the isolation of transactions.
	level string
	// several is true where there are replicas, and anyReads if transactions
	// that only read may go to them.
	several, anyReads bool
	// unique is false if a client looks for an idempotency key before it
	// inserts it, and nothing else keeps it from being there twice.
	unique bool
	// What the functions of several workloads mean: whether reads are of sets or
	// of counters, and those of transactions are of lists.
	sets, counters, lists bool
}

func waysOf(config plan.Config) ways {
	workloads := config.Workloads()
	return ways{
		level:    levels[isolation.of(config)],
		several:  len(config.Nodes) > 1,
		anyReads: reads.of(config) == "any",
		unique:   dedupe.of(config) == "unique",
		sets:     slices.Contains(workloads, "set"),
		counters: slices.Contains(workloads, "counter"),
		lists:    slices.Contains(workloads, "list-append"),
	}
}
