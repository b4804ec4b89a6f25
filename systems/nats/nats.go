package nats

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/queue"
)

// System is NATS with JetStream.
type System struct{}

var (
	_ harness.System       = System{}
	_ harness.Deduplicator = System{}
)

// Name is "nats".
func (System) Name() string { return "nats" }

// Doc describes the system in one line.
func (System) Doc() string {
	return "NATS JetStream, 1 or 3 replicated servers; options version, sync, storage, replicas and delivery"
}

// Protocol is the framing of client connections.
func (System) Protocol() string { return "nats" }

// Workloads are those that clients can do.
func (System) Workloads() []string { return []string{"queue", "stream", "set", "register"} }

// Deduplicates is true where requests carry a message ID.
func (System) Deduplicates(workload string) bool {
	return slices.Contains([]string{"queue", "stream", "set"}, workload)
}

// Bugs is empty: it has its own.
func (System) Bugs() []harness.Bug { return nil }

// Options of a config.
const (
	nodesOption    = "nodes"
	versionOption  = "version"
	syncOption     = "sync"
	storageOption  = "storage"
	readsOption    = "reads"
	replicasOption = "replicas"
)

const (
	// defaultRate is what two loaded cores do with three servers on them.
	defaultRate = 600
	// defaultTime has room for every fault, and for the elections behind it.
	defaultTime = 45 * time.Second
)

// Defaults fills the nodes, three unless the option says otherwise, and a pace at
// which elections come to an end.
func (System) Defaults(config *plan.Config) {
	if config.Rate == 0 {
		config.Rate = defaultRate
	}
	if config.Time == 0 {
		config.Time = defaultTime
	}
	if len(config.Nodes) > 0 {
		return
	}
	count := 3
	if n, err := strconv.Atoi(config.Options[nodesOption]); err == nil && n > 0 && n <= 9 {
		count = n
	}
	for i := range count {
		config.Nodes = append(config.Nodes, "n"+strconv.Itoa(i+1))
	}
}

// settings are the options of a config, checked.
type settings struct {
	version version
	// always says that every write is flushed.
	always  bool
	storage string
	// batches says that many messages are read at once.
	batches  bool
	replicas int
	delivery string
}

// oneOf returns an option's value, the first of the choices if it is not set.
func oneOf(config plan.Config, option string, choices ...string) (string, error) {
	value := cmp.Or(config.Options[option], choices[0])
	if !slices.Contains(choices, value) {
		return "", fmt.Errorf("nats: option %s is %q; it may be one of %q", option, value, choices)
	}
	return value, nil
}

func readSettings(config plan.Config) (s settings, err error) {
	n := len(config.Nodes)
	if text := config.Options[nodesOption]; text != "" && text != strconv.Itoa(n) {
		return s, fmt.Errorf("nats: option nodes is %q and there are %d nodes", text, n)
	}
	if n%2 == 0 || n > 7 {
		return s, fmt.Errorf("nats: %d nodes were asked for; a majority is best told with 1, 3, 5 or 7", n)
	}
	if s.version, err = readVersion(config.Options[versionOption]); err != nil {
		return s, err
	}
	sync, err := oneOf(config, syncOption, "default", "always")
	if err != nil {
		return s, err
	}
	if s.always = sync == "always"; s.always && !s.version.atLeast(2, 10) {
		return s, fmt.Errorf("nats: version %s has no sync always; it came with 2.10", s.version)
	}
	if s.storage, err = oneOf(config, storageOption, "file", "memory"); err != nil {
		return s, err
	}
	reads, err := oneOf(config, readsOption, "single", "batch")
	if err != nil {
		return s, err
	}
	if s.batches = reads == "batch"; s.batches && !s.version.atLeast(2, 11) {
		return s, fmt.Errorf("nats: version %s does not read in batches; that came with 2.11", s.version)
	}
	if s.delivery, err = oneOf(config, queue.DeliveryOption, queue.AtLeastOnce, queue.ExactlyOnce); err != nil {
		return s, err
	}
	s.replicas = min(n, 5)
	if text := config.Options[replicasOption]; text != "" {
		if s.replicas, err = strconv.Atoi(text); err != nil || s.replicas < 1 || s.replicas > min(n, 5) {
			return s, fmt.Errorf("nats: option replicas is %q; it may be 1 to %d", text, min(n, 5))
		}
	}
	return s, nil
}

// Nodes returns one server for each name. The first makes the streams, and is
// ready once they are there.
func (System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	s, err := readSettings(config)
	if err != nil {
		return nil, err
	}
	program, image, err := s.version.program(config.Runtime)
	if err != nil {
		return nil, err
	}
	var specs []cluster.Spec
	for i, name := range config.Nodes {
		spec := cluster.Spec{
			Name:  name,
			Ports: []string{cluster.ClientPort, cluster.PeerPort, monitorPort},
			Peers: slices.DeleteFunc(slices.Clone(config.Nodes), func(n string) bool { return n == name }),
			Command: func(p cluster.Place) cluster.Command {
				path, err := program()
				if err != nil {
					// It is the node's to tell: it ends with these words.
					return cluster.Command{Path: "/bin/sh", Args: []string{"-c", `echo "$1" >&2; exit 1`, "sh", err.Error()}}
				}
				return command(path, p, serverConfig(name, config.Nodes, s, p))
			},
			Ready: ready,
			Image: image,
		}
		if len(config.Nodes) == 1 {
			spec.Ports = []string{cluster.ClientPort, monitorPort}
		}
		if i == 0 {
			spec.Ready = readyOnceMade(streamsFor(config, s))
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// ready asks a server whether it takes requests.
func ready(ctx context.Context, addr string) error {
	c := &client{addr: addr}
	defer c.Close()
	_, err := c.connection(ctx)
	return err
}

// Open returns a client of the node at addr.
func (System) Open(_, addr string, config plan.Config) (harness.Client, error) {
	s, err := readSettings(config)
	if err != nil {
		return nil, err
	}
	return &client{addr: addr, settings: s, sets: slices.Contains(config.Workloads(), "set")}, nil
}
