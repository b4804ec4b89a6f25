package mosquitto

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/workloads/queue"
)

// System is Mosquitto.
type System struct{}

var _ harness.System = System{}

var (
	//go:embed image
	imageFiles embed.FS
	// start is the script that becomes the broker.
	//go:embed start.sh
	start string
)

// programs are those that the script needs on PATH, or in the image.
var programs = []string{"mosquitto", "mosquitto_sub", "mosquitto_pub"}

// Name is "mosquitto".
func (System) Name() string { return "mosquitto" }

// Doc describes the system in one line.
func (System) Doc() string {
	return "Eclipse Mosquitto, one MQTT broker; options qos, persistence and resend"
}

// Protocol is the framing of client connections.
func (System) Protocol() string { return "mqtt" }

// Workloads are those that clients can do.
func (System) Workloads() []string { return []string{"queue"} }

// Bugs is empty: it has its own.
func (System) Bugs() []harness.Bug { return nil }

// Defaults names the one node, and declares what quality 0 promises.
func (System) Defaults(config *plan.Config) {
	if len(config.Nodes) == 0 {
		config.Nodes = []string{"n1"}
	}
	if config.Options["qos"] == "0" && config.Options[queue.DeliveryOption] == "" {
		config.Options[queue.DeliveryOption] = queue.AtMostOnce
	}
}

// choices are the options, each with what it may be, the default first.
var choices = []struct {
	name   string
	values []string
}{
	{"qos", []string{"1", "0", "2"}},
	{"persistence", []string{"on", "off", "changes"}},
	{"resend", []string{"off", "on"}},
}

// options returns what a config says, with defaults.
func options(config plan.Config) (map[string]string, error) {
	chosen := map[string]string{}
	for _, o := range choices {
		chosen[o.name] = o.values[0]
		if asked := config.Options[o.name]; asked != "" {
			chosen[o.name] = asked
		}
		if !slices.Contains(o.values, chosen[o.name]) {
			return nil, fmt.Errorf("mosquitto: option %s is %q; it may be one of %q", o.name, chosen[o.name], o.values)
		}
	}
	return chosen, nil
}

// settings are the lines of the broker's configuration that say how messages are
// kept.
func settings(persistence string) []string {
	lines := []string{
		"allow_anonymous true", "log_dest stdout", "connection_messages false",
		"set_tcp_nodelay true",
		"max_inflight_messages 1", "max_queued_messages 0", "max_keepalive 65535",
	}
	switch persistence {
	case "off":
		return append(lines, "persistence false")
	case "changes":
		return append(lines, "persistence true", "autosave_on_changes true", "autosave_interval 1")
	}
	return append(lines, "persistence true")
}

// Nodes returns the one node.
func (System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	if len(config.Nodes) != 1 {
		return nil, fmt.Errorf("mosquitto: %d nodes were asked for; it runs as one", len(config.Nodes))
	}
	chosen, err := options(config)
	if err != nil {
		return nil, err
	}
	if config.Runtime == "local" {
		for _, program := range programs {
			if _, err := exec.LookPath(program); err != nil {
				return nil, fmt.Errorf("mosquitto: there is no %s on PATH: install it (on Debian the packages mosquitto and mosquitto-clients), or use --runtime docker", program)
			}
		}
	}
	build, err := fs.Sub(imageFiles, "image")
	if err != nil {
		return nil, err
	}
	return []cluster.Spec{{
		Name:  config.Nodes[0],
		Ports: []string{cluster.ClientPort},
		Command: func(p cluster.Place) cluster.Command {
			host, port, _ := net.SplitHostPort(p.Listen[cluster.ClientPort])
			args := []string{"-c", start, "start.sh", host, port, p.Data, chosen["qos"]}
			for i := range max(1, config.Keys) {
				args = append(args, "q"+strconv.Itoa(i))
			}
			args = append(args, "--")
			return cluster.Command{Path: "/bin/sh", Args: append(args, settings(chosen["persistence"])...)}
		},
		Ready: ready,
		Image: &cluster.Image{Name: "tertium/mosquitto", Build: build},
	}}, nil
}

// ready returns nil once the broker has the sessions of all queues.
func ready(ctx context.Context, addr string) error {
	c, err := open(ctx, addr, "", true)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.subscribe("tertium/ready", 0); err != nil {
		return err
	}
	for {
		m, err := c.receive(time.Second)
		if err != nil {
			return fmt.Errorf("the sessions of the queues are not there yet: %w", err)
		}
		if m.TopicName == "tertium/ready" {
			return nil
		}
	}
}

// Open returns a client of the node at addr.
func (System) Open(_, addr string, config plan.Config) (harness.Client, error) {
	return newClient(addr, config)
}

// Primary is the one node.
func (System) Primary(_ context.Context, c cluster.Cluster) (string, error) {
	nodes := c.Nodes()
	if len(nodes) != 1 {
		return "", errors.New("mosquitto: there is not one node")
	}
	return nodes[0].Name(), nil
}

// Settled is always so: there is nothing that a lone broker has to catch up with.
func (System) Settled(context.Context, cluster.Cluster) error { return nil }
