package mariadb

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

// System is MariaDB.
type System struct{}

var _ harness.System = System{}

var (
	//go:embed image
	imageFiles embed.FS
	// start is the script that runs the server.
	//go:embed image/start.sh
	start string
)

// Name is "mariadb".
func (System) Name() string { return "mariadb" }

// Doc describes the system in one line.
func (System) Doc() string {
	return "MariaDB, one server or with --nodes 3 a Galera cluster; options isolation, innodb_snapshot_isolation, " +
		"flush_log_at_trx_commit, log_bin and wsrep_sync_wait"
}

// Protocol is the framing of client connections.
func (System) Protocol() string { return "mysql" }

// Workloads are those that clients can do.
func (System) Workloads() []string {
	return []string{"register", "list-append", "set", "counter", "bank", "long-fork", "rw-register", "membership"}
}

// Bugs is empty: it has its own.
func (System) Bugs() []harness.Bug { return nil }

// Defaults names one node.
func (System) Defaults(config *plan.Config) {
	if len(config.Nodes) == 0 {
		config.Nodes = []string{"n1"}
	}
}

// Nodes returns one node, or those of a cluster.
func (System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	several := len(config.Nodes) > 1
	switch {
	case len(config.Nodes) == 2:
		return nil, errors.New("mariadb: 2 nodes were asked for; one of them alone is no majority: use 1, or 3 or more")
	case config.Runtime == "local" && several:
		return nil, errors.New("mariadb: nodes of a cluster reach each other on several ports, for which each needs its own address: use --runtime docker")
	case config.Runtime == "local" && os.Geteuid() == 0:
		return nil, errors.New("mariadb: its server does not run as root: be another user, or use --runtime docker")
	}
	args, err := arguments(config)
	if err != nil {
		return nil, err
	}
	build, err := fs.Sub(imageFiles, "image")
	if err != nil {
		return nil, err
	}
	var specs []cluster.Spec
	for _, name := range config.Nodes {
		spec := cluster.Spec{
			Name:  name,
			Ports: []string{cluster.ClientPort},
			Ready: serves,
			Image: &cluster.Image{Name: "tertium/mariadb", Build: build},
		}
		if several {
			spec.Ports = append(spec.Ports, cluster.PeerPort)
			spec.Peers = slices.DeleteFunc(slices.Clone(config.Nodes), func(n string) bool { return n == name })
			spec.Ready = replicates
		}
		spec.Command = func(p cluster.Place) cluster.Command {
			host, port, _ := net.SplitHostPort(p.Listen[cluster.ClientPort])
			_, peer, _ := net.SplitHostPort(p.Listen[cluster.PeerPort])
			script := []string{"-c", start, "start.sh", p.Data, host, port, name, peer, strings.Join(config.Nodes, " ")}
			return cluster.Command{Path: "/bin/sh", Args: append(script, args...)}
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// Open returns a client of the node at addr.
func (System) Open(_, addr string, config plan.Config) (harness.Client, error) {
	return &client{connection: connection{addr: addr}, held: heldBy(config), cluster: len(config.Nodes) > 1}, nil
}

// Primary is the one node. In a cluster, where no node leads and each takes
// writes, it is the first that is in the primary component, so that faults on a
// leader are on some node.
func (System) Primary(ctx context.Context, c cluster.Cluster) (string, error) {
	nodes := c.Nodes()
	if len(nodes) == 1 {
		return nodes[0].Name(), nil
	}
	var errs []error
	for _, node := range nodes {
		s, err := within(ctx, node.Addr(cluster.ClientPort))
		if err == nil && s["cluster_status"] == "Primary" && s["ready"] == "ON" {
			return node.Name(), nil
		}
		errs = append(errs, err)
	}
	return "", errors.Join(errs...)
}

// within is look, for a short time: the node may be stopped.
func within(ctx context.Context, addr string) (status, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	return look(ctx, addr)
}

// Settled returns nil once all nodes of a cluster are in one component, and each
// has applied what any has. A lone server has nothing to catch up with.
func (System) Settled(ctx context.Context, c cluster.Cluster) error {
	nodes := c.Nodes()
	if len(nodes) == 1 {
		return nil
	}
	var first status
	for i, node := range nodes {
		s, err := look(ctx, node.Addr(cluster.ClientPort))
		if err != nil {
			return fmt.Errorf("node %s: %w", node.Name(), err)
		}
		if i == 0 {
			first = s
		}
		if problem := s.unsettled(first, len(nodes)); problem != "" {
			return fmt.Errorf("node %s: %s", node.Name(), problem)
		}
	}
	return nil
}
