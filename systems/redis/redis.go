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
	"strings"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

// System is Redis.
type System struct{}

var _ harness.System = System{}

const (
	// program is the server, on PATH or in the image.
	program = "redis-server"
	// sentinelPort is the name of the port of a node's Sentinel.
	sentinelPort = "sentinel"
)

var (
	//go:embed image
	imageFiles embed.FS
	// start is the script that runs one of several nodes.
	//go:embed start.sh
	start string
)

// Name is "redis".
func (System) Name() string { return "redis" }

// Doc describes the system in one line.
func (System) Doc() string {
	return "Redis: one server, or with --nodes 3 a primary, replicas and Sentinels; options appendfsync, sentinel, wait, …"
}

// Protocol is the framing of client connections.
func (System) Protocol() string { return "resp" }

// Workloads are those that clients can do.
func (System) Workloads() []string {
	return []string{
		"register", "list-append", "ledger", "set", "membership", "counter", "rw-register", "bank", "long-fork", "queue",
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

// Nodes returns the node, or the nodes, that a config asks for.
func (System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	o, err := readOptions(config)
	if err != nil {
		return nil, err
	}
	build, err := fs.Sub(imageFiles, "image")
	if err != nil {
		return nil, err
	}
	image := &cluster.Image{Name: "tertium/redis", Build: build}
	if len(config.Nodes) > 1 {
		if config.Runtime == "local" {
			return nil, fmt.Errorf("redis: %d nodes were asked for, and several run as containers only, "+
				"because servers and Sentinels have to reach each other by addresses of their own: use --runtime docker", len(config.Nodes))
		}
		return replicated(config.Nodes, o, image), nil
	}
	if config.Runtime == "local" {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("redis: there is no %s on PATH: install it (on Debian the package redis-server), or use --runtime docker", program)
		}
	}
	return []cluster.Spec{{
		Name:  config.Nodes[0],
		Ports: []string{cluster.ClientPort},
		Command: func(p cluster.Place) cluster.Command {
			host, port, _ := net.SplitHostPort(p.Listen[cluster.ClientPort])
			return cluster.Command{Path: program, Args: append([]string{
				"--bind", host, "--port", port, "--dir", p.Data, "--protected-mode", "no", "--save", "",
			}, o.server...)}
		},
		Ready: ready,
		Image: image,
	}}, nil
}

// replicated are the nodes of which the first is the primary at first.
func replicated(names []string, o options, image *cluster.Image) []cluster.Spec {
	var specs []cluster.Spec
	for _, name := range names {
		// Nobody listens on "peer": it stands for there being links between
		// nodes. Every connection goes over them, whatever its port.
		ports := []string{cluster.ClientPort, cluster.PeerPort}
		if o.sentinel {
			ports = append(ports, sentinelPort)
		}
		specs = append(specs, cluster.Spec{
			Name:  name,
			Ports: ports,
			Peers: slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == name }),
			Command: func(p cluster.Place) cluster.Command {
				_, port, _ := net.SplitHostPort(p.Listen[cluster.ClientPort])
				_, watch, _ := net.SplitHostPort(p.Listen[sentinelPort]) // none is ""
				return cluster.Command{Path: "/bin/bash", Args: append([]string{
					"-c", start, "start.sh", p.Data, port, watch, name, strings.Join(names, " "), o.downAfter,
				}, o.server...)}
			},
			Ready: ready,
			Image: image,
		})
	}
	return specs
}

// ready asks a server whether it has loaded its log.
func ready(ctx context.Context, addr string) error {
	c := connect(addr, terms{})
	defer c.Close()
	return c.redis.Ping(ctx).Err()
}

// Open returns a client of the node at addr.
func (System) Open(_, addr string, config plan.Config) (harness.Client, error) {
	o, err := readOptions(config)
	if err != nil {
		return nil, err
	}
	return connect(addr, termsOf(config, o)), nil
}

// Primary is the one node that says that it is primary. If several do, it is the
// one that the Sentinels of the latest epoch name; if that is none, there is
// none.
func (System) Primary(ctx context.Context, c cluster.Cluster) (string, error) {
	nodes := c.Nodes()
	if len(nodes) == 0 {
		return "", errors.New("redis: there are no nodes")
	}
	if len(nodes) == 1 {
		return nodes[0].Name(), nil
	}
	return primary(lookAt(ctx, nodes))
}

// Settled is always so of a lone server. Of several, one is primary, the others
// have all that it has, and the Sentinels, if there are any, agree.
func (System) Settled(ctx context.Context, c cluster.Cluster) error {
	nodes := c.Nodes()
	if len(nodes) == 1 {
		return nil
	}
	if err := settled(lookAt(ctx, nodes)); err != nil {
		return fmt.Errorf("redis: %w", err)
	}
	return nil
}
