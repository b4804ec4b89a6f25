package postgres

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
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
	return "PostgreSQL, one server or a primary with replicas; options isolation, replication, reads, dedupe, synchronous_commit and fsync"
}

// Protocol is the framing of client connections.
func (System) Protocol() string { return "postgres" }

// Workloads are those that clients can do.
func (System) Workloads() []string {
	return []string{
		"register", "list-append", "ledger", "rw-register", "set", "counter", "membership", "bank", "long-fork",
	}
}

// Bugs is empty: it has its own.
func (System) Bugs() []harness.Bug { return nil }

// Defaults names the one node.
func (System) Defaults(config *plan.Config) {
	if len(config.Nodes) == 0 {
		config.Nodes = []string{"n1"}
	}
}

// Nodes returns the nodes: the first is the primary to begin with, and others are
// its replicas.
func (System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	several := len(config.Nodes) > 1
	switch {
	case len(config.Nodes) == 0 || len(config.Nodes) > 3:
		return nil, fmt.Errorf("postgres: %d nodes were asked for; it runs as one to three", len(config.Nodes))
	case several && config.Runtime == "local":
		return nil, errors.New("postgres: replicas find their primary by its host name, which child processes do not have: use --runtime docker, or --nodes 1")
	case config.Runtime == "local" && os.Geteuid() == 0:
		return nil, errors.New("postgres: its server does not run as root: be another user, or use --runtime docker")
	}
	if err := checkOptions(config); err != nil {
		return nil, err
	}
	delays, err := delayed(config)
	if err != nil {
		return nil, err
	}
	build, err := fs.Sub(imageFiles, "image")
	if err != nil {
		return nil, err
	}
	// Clients that gave up may leave servers waiting for a replica or a lock.
	common := []string{"-c", "deadlock_timeout=20ms", "-c", "max_connections=400"}
	for _, setting := range settings {
		common = append(common, "-c", setting.name+"="+setting.of(config))
	}
	common = append(common, delays...)
	var specs []cluster.Spec
	for _, name := range config.Nodes {
		spec := cluster.Spec{
			Name: name, Ports: []string{cluster.ClientPort}, Ready: ready,
			Image: &cluster.Image{Name: "tertium/postgres", Build: build},
			Command: func(p cluster.Place) cluster.Command {
				args, host, port := topology(config, name, p)
				all := append([]string{"-c", start, "start.sh", p.Data, host, port}, args...)
				return cluster.Command{Path: "/bin/sh", Args: append(all, common...)}
			},
		}
		if several {
			// Replicas use the client port like everybody else; links between
			// nodes are named after this one.
			spec.Ports = append(spec.Ports, cluster.PeerPort)
			spec.Peers = slices.DeleteFunc(slices.Clone(config.Nodes), func(peer string) bool { return peer == name })
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// Open returns a client of the node at addr.
func (System) Open(_, addr string, config plan.Config) (harness.Client, error) {
	return &client{addr: addr, ways: waysOf(config)}, nil
}
