package rabbitmq

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

// System is RabbitMQ.
type System struct{}

var _ harness.System = System{}

// managementPort is the name of the port of a node's management API.
const managementPort = "management"

var (
	//go:embed image
	imageFiles embed.FS
	// start is the script that becomes the server.
	//go:embed start.sh
	start string
)

// Name is "rabbitmq".
func (System) Name() string { return "rabbitmq" }

// Doc describes the system in one line.
func (System) Doc() string {
	return "RabbitMQ, one node or a cluster, in containers; options queue and partition_handling"
}

// Protocol is the framing of client connections.
func (System) Protocol() string { return "amqp" }

// Workloads are those that clients can do.
func (System) Workloads() []string { return []string{"queue"} }

// Bugs is empty: it has its own.
func (System) Bugs() []harness.Bug { return nil }

// Defaults names three nodes. Each message is flushed by a majority, elections and
// boots take seconds, and a drain is many round trips: so clients ask for less, wait
// longer, and faults have more time.
func (System) Defaults(config *plan.Config) {
	if len(config.Nodes) == 0 {
		config.Nodes = []string{"n1", "n2", "n3"}
	}
	config.Rate = cmp.Or(config.Rate, 400)
	config.Timeout = cmp.Or(config.Timeout, 5*time.Second)
	config.Time = cmp.Or(config.Time, time.Minute)
}

// The kinds of queues.
const (
	quorum   = "quorum"
	mirrored = "classic-mirrored"
)

// options are those of a config.
type options struct{ queue, handling string }

func readOptions(config plan.Config) (options, error) {
	o := options{queue: quorum, handling: "pause_minority"}
	for _, option := range []struct {
		name   string
		value  *string
		values []string
	}{
		{"queue", &o.queue, []string{quorum, mirrored}},
		{"partition_handling", &o.handling, []string{"pause_minority", "autoheal", "ignore"}},
	} {
		*option.value = cmp.Or(config.Options[option.name], *option.value)
		if !slices.Contains(option.values, *option.value) {
			return options{}, fmt.Errorf("rabbitmq: option %s is %q; it may be one of %q", option.name, *option.value, option.values)
		}
	}
	// The option is the workload's.
	if delivery := config.Options["delivery"]; delivery != "" && delivery != "at-least-once" {
		return options{}, fmt.Errorf("rabbitmq: option delivery is %q; RabbitMQ promises at-least-once and no more", delivery)
	}
	return o, nil
}

// Nodes returns the nodes that a config asks for.
func (System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	o, err := readOptions(config)
	if err != nil {
		return nil, err
	}
	if len(config.Nodes) == 0 {
		return nil, errors.New("rabbitmq: there are no nodes")
	}
	if config.Runtime == "local" {
		return nil, errors.New("rabbitmq: nodes know each other by their host names, and so run as containers only: use --runtime docker")
	}
	build, err := fs.Sub(imageFiles, "image")
	if err != nil {
		return nil, err
	}
	var specs []cluster.Spec
	for _, name := range config.Nodes {
		specs = append(specs, cluster.Spec{
			Name:  name,
			Ports: []string{cluster.ClientPort, cluster.PeerPort, managementPort},
			Peers: slices.DeleteFunc(slices.Clone(config.Nodes), func(n string) bool { return n == name }),
			Command: func(p cluster.Place) cluster.Command {
				port := func(name string) string {
					_, number, _ := net.SplitHostPort(p.Listen[name])
					return number
				}
				return cluster.Command{Path: "/bin/sh", Args: []string{
					"-c", start, "start.sh", p.Data, port(cluster.ClientPort), port(cluster.PeerPort), port(managementPort),
					name, strings.Join(config.Nodes, " "), o.handling, o.queue,
				}}
			},
			Ready: ready,
			Image: &cluster.Image{Name: "tertium/rabbitmq", Build: build},
		})
	}
	return specs, nil
}

// ready asks a node whether it takes connections.
func ready(ctx context.Context, addr string) error {
	c := &client{addr: addr}
	defer c.Close()
	return c.connect(ctx)
}

// Open returns a client of the node at addr.
func (System) Open(_, addr string, config plan.Config) (harness.Client, error) {
	o, err := readOptions(config)
	if err != nil {
		return nil, err
	}
	return &client{addr: addr, quorum: o.queue == quorum, members: len(config.Nodes)}, nil
}
