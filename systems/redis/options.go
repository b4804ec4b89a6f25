package redis

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/tertium-dev/tertium/harness/plan"
)

// options are those of a config.
type options struct {
	// server are the settings that go to the server as they are.
	server []string
	// sentinel says that there is one beside each server, and downAfter after
	// how many milliseconds of silence it calls a primary down.
	sentinel  bool
	downAfter string
	// wait is how many replicas each write waits for.
	wait int
	// readsAny says that replicas answer reads too.
	readsAny bool
	// ttl says that requests are done once only while their mark lives.
	ttl bool
}

// choices are the options that have few values, the default first.
var choices = []struct {
	name   string
	values []string
	// server is true if it is a setting of the server, and several if it is for
	// several nodes only.
	server, several bool
}{
	{name: "appendonly", values: []string{"yes", "no"}, server: true},
	{name: "appendfsync", values: []string{"always", "everysec", "no"}, server: true},
	{name: "dedupe", values: []string{"script", "ttl"}},
	{name: "min-replicas-to-write", values: []string{"0", "1", "2"}, server: true, several: true},
	{name: "sentinel", values: []string{"on", "off"}, several: true},
	{name: "reads", values: []string{"primary", "any"}, several: true},
	{name: "wait", values: []string{"0", "1", "2"}, several: true},
}

const (
	downAfterOption = "down_after_ms"
	// The shortest silence that a Sentinel may take for an end. It asks a server
	// once in that time.
	leastDownAfter = 100
)

// readOptions returns the options of a config, or an error that says what they
// may be.
func readOptions(config plan.Config) (options, error) {
	o := options{downAfter: "2000"}
	chosen := map[string]string{}
	onlySeveral := func(name string) error {
		return fmt.Errorf("redis: option %s is for several nodes, and there is one: use --nodes 3", name)
	}
	for _, c := range choices {
		value := c.values[0]
		if asked := config.Options[c.name]; asked != "" {
			value = asked
		}
		switch {
		case !slices.Contains(c.values, value):
			return options{}, fmt.Errorf("redis: option %s is %q; it may be one of %q", c.name, value, c.values)
		case c.several && len(config.Nodes) < 2 && config.Options[c.name] != "":
			return options{}, onlySeveral(c.name)
		}
		if chosen[c.name] = value; c.server && (!c.several || value != c.values[0]) {
			o.server = append(o.server, "--"+c.name, value)
		}
	}
	if asked := config.Options[downAfterOption]; asked != "" {
		if n, err := strconv.Atoi(asked); err != nil || n < leastDownAfter {
			return options{}, fmt.Errorf("redis: option %s is %q; it must be a number of milliseconds, at least %d", downAfterOption, asked, leastDownAfter)
		}
		if len(config.Nodes) < 2 {
			return options{}, onlySeveral(downAfterOption)
		}
		o.downAfter = asked
	}
	o.sentinel = chosen["sentinel"] == "on"
	o.readsAny = chosen["reads"] == "any"
	o.ttl = chosen["dedupe"] == "ttl"
	o.wait = slices.Index([]string{"0", "1", "2"}, chosen["wait"])
	for _, name := range []string{"wait", "min-replicas-to-write"} {
		if n, _ := strconv.Atoi(chosen[name]); n > 0 && n >= len(config.Nodes) {
			return options{}, fmt.Errorf("redis: option %s is %d, and %d nodes have %d replicas: use --nodes %d",
				name, n, len(config.Nodes), len(config.Nodes)-1, n+1)
		}
	}
	return o, nil
}
