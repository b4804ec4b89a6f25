package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

// System is PostgreSQL.
type System struct{}

var _ harness.System = System{}

var (
	//go:embed image
	imageFiles embed.FS
	// start is the script that becomes the server.
	//go:embed start.sh
	start string
)

// Name is "postgres".
func (System) Name() string { return "postgres" }

// Doc describes the system in one line.
func (System) Doc() string {
	return "PostgreSQL, one server; options synchronous_commit and fsync"
}

// Protocol is the framing of client connections.
func (System) Protocol() string { return "postgres" }

// Workloads are those that clients can do.
func (System) Workloads() []string { return []string{"register"} }

// Bugs is empty: it has its own.
func (System) Bugs() []harness.Bug { return nil }

// Defaults names the one node.
func (System) Defaults(config *plan.Config) {
	if len(config.Nodes) == 0 {
		config.Nodes = []string{"n1"}
	}
}

// settings are the options that go to the server as they are; each may be on,
// which it is by default, or off.
var settings = []string{"synchronous_commit", "fsync"}

// Nodes returns the one node.
func (System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	if len(config.Nodes) != 1 {
		return nil, fmt.Errorf("postgres: %d nodes were asked for; it runs as one", len(config.Nodes))
	}
	if config.Runtime == "local" && os.Geteuid() == 0 {
		return nil, errors.New("postgres: its server does not run as root: be another user, or use --runtime docker")
	}
	var args []string
	for _, name := range settings {
		value := config.Options[name]
		if value == "" {
			value = "on"
		}
		if !slices.Contains([]string{"on", "off"}, value) {
			return nil, fmt.Errorf("postgres: option %s is %q; it may be on or off", name, value)
		}
		args = append(args, "-c", name+"="+value)
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
			return cluster.Command{Path: "/bin/sh", Args: append([]string{"-c", start, "start.sh", p.Data, host, port}, args...)}
		},
		Ready: ready,
		Image: &cluster.Image{Name: "tertium/postgres", Build: build},
	}}, nil
}

// ready asks a server whether it takes statements, and makes the tables if they
// are not there.
func ready(ctx context.Context, addr string) error {
	c := &client{addr: addr}
	defer c.Close()
	conn, err := c.connection(ctx)
	if err != nil {
		return err
	}
	_, err = conn.Exec(ctx, "CREATE TABLE IF NOT EXISTS registers (name text PRIMARY KEY, value bigint NOT NULL)")
	return err
}

// Open returns a client of the node at addr.
func (System) Open(_, addr string, _ plan.Config) (harness.Client, error) {
	return &client{addr: addr}, nil
}

// Primary is the one node.
func (System) Primary(_ context.Context, c cluster.Cluster) (string, error) {
	nodes := c.Nodes()
	if len(nodes) != 1 {
		return "", errors.New("postgres: there is not one node")
	}
	return nodes[0].Name(), nil
}

// Settled is always so: there is nothing that a lone server has to catch up
// with.
func (System) Settled(context.Context, cluster.Cluster) error { return nil }
