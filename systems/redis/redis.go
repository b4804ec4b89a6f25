package redis

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/exec"
	"slices"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

// System is Redis.
type System struct{}

var _ harness.System = System{}

// program is the server, on PATH or in the image.
const program = "redis-server"

//go:embed image
var imageFiles embed.FS

// Name is "redis".
func (System) Name() string { return "redis" }

// Doc describes the system in one line.
func (System) Doc() string {
	return "Redis, one server with an append-only log; options appendfsync and appendonly"
}

// Protocol is the framing of client connections.
func (System) Protocol() string { return "resp" }

// Workloads are those that clients can do.
func (System) Workloads() []string {
	return []string{"register", "list-append", "set", "membership", "counter", "rw-register"}
}

// Bugs is empty: it has its own.
func (System) Bugs() []harness.Bug { return nil }

// Defaults names the one node.
func (System) Defaults(config *plan.Config) {
	if len(config.Nodes) == 0 {
		config.Nodes = []string{"n1"}
	}
}

// settings are the options that go to the server as they are, each with what it
// may be, the default first.
var settings = []struct {
	name   string
	values []string
}{
	{"appendonly", []string{"yes", "no"}},
	{"appendfsync", []string{"always", "everysec", "no"}},
}

// Nodes returns the one node.
func (System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	if len(config.Nodes) != 1 {
		return nil, fmt.Errorf("redis: %d nodes were asked for; it runs as one", len(config.Nodes))
	}
	if config.Runtime == "local" {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("redis: there is no %s on PATH: install it (on Debian the package redis-server), or use --runtime docker", program)
		}
	}
	var args []string
	for _, s := range settings {
		value := s.values[0]
		if asked := config.Options[s.name]; asked != "" {
			value = asked
		}
		if !slices.Contains(s.values, value) {
			return nil, fmt.Errorf("redis: option %s is %q; it may be one of %q", s.name, value, s.values)
		}
		args = append(args, "--"+s.name, value)
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
			return cluster.Command{Path: program, Args: append([]string{
				"--bind", host, "--port", port, "--dir", p.Data, "--protected-mode", "no", "--save", "",
			}, args...)}
		},
		Ready: ready,
		Image: &cluster.Image{Name: "tertium/redis", Build: build},
	}}, nil
}

// ready asks a server whether it has loaded its log.
func ready(ctx context.Context, addr string) error {
	c := connect(addr, held{})
	defer c.Close()
	return c.redis.Ping(ctx).Err()
}

// Open returns a client of the node at addr.
func (System) Open(_, addr string, config plan.Config) (harness.Client, error) {
	return connect(addr, heldBy(config)), nil
}

// Primary is the one node.
func (System) Primary(_ context.Context, c cluster.Cluster) (string, error) {
	nodes := c.Nodes()
	if len(nodes) != 1 {
		return "", errors.New("redis: there is not one node")
	}
	return nodes[0].Name(), nil
}

// Settled is always so: there is nothing that a lone server has to catch up
// with.
func (System) Settled(context.Context, cluster.Cluster) error { return nil }
