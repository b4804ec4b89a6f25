package zookeeper

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"slices"
	"strconv"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/history"
	"github.com/tertium-dev/tertium/harness/plan"
)

// System is ZooKeeper.
type System struct{}

var _ harness.System = System{}

var (
	//go:embed image
	imageFiles embed.FS
	// start is the script that becomes the server.
	//go:embed start.sh
	start string
)

// electionPort is the port on which servers elect a leader; they follow it on
// [cluster.PeerPort].
const electionPort = "election"

// Name is "zookeeper".
func (System) Name() string { return "zookeeper" }

// Doc describes the system in one line.
func (System) Doc() string {
	return "Apache ZooKeeper, an ensemble of three in containers; option reads"
}

// Protocol is the framing of client connections.
func (System) Protocol() string { return "zookeeper" }

// Workloads are those that clients can do.
func (System) Workloads() []string { return []string{"register", "list-append", "rw-register"} }

// Bugs is empty: it has its own.
func (System) Bugs() []harness.Bug { return nil }

// Defaults asks for three nodes.
func (System) Defaults(config *plan.Config) {
	if len(config.Nodes) == 0 {
		config.Nodes = []string{"n1", "n2", "n3"}
	}
}

// readsOption is how reads are made sure of; the first is the default.
const readsOption = "reads"

var readings = []string{"linearizable", "sync", "local"}

func reading(config plan.Config) (string, error) {
	asked := config.Options[readsOption]
	if asked == "" {
		return readings[0], nil
	}
	if !slices.Contains(readings, asked) {
		return "", fmt.Errorf("zookeeper: option %s is %q; it may be one of %q", readsOption, asked, readings)
	}
	return asked, nil
}

// Nodes returns one node, or an ensemble.
func (System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	if _, err := reading(config); err != nil {
		return nil, err
	}
	if config.Runtime == "local" {
		return nil, errors.New("zookeeper: it runs in containers only: use --runtime docker")
	}
	build, err := fs.Sub(imageFiles, "image")
	if err != nil {
		return nil, err
	}
	var specs []cluster.Spec
	for i, name := range config.Nodes {
		peers := slices.DeleteFunc(slices.Clone(config.Nodes), func(other string) bool { return other == name })
		specs = append(specs, cluster.Spec{
			Name:    name,
			Ports:   []string{cluster.ClientPort, cluster.PeerPort, electionPort},
			Peers:   peers,
			Command: func(p cluster.Place) cluster.Command { return command(i, config.Nodes, p) },
			Ready:   answers,
			Image:   &cluster.Image{Name: "tertium/zookeeper", Build: build},
		})
	}
	return specs, nil
}

// command starts node number i of the ensemble.
func command(i int, nodes []string, p cluster.Place) cluster.Command {
	port := func(name string) string {
		_, port, _ := net.SplitHostPort(p.Listen[name])
		return port
	}
	args := []string{"-c", start, "start.sh", p.Data, strconv.Itoa(i + 1), port(cluster.ClientPort)}
	if len(nodes) > 1 {
		for j, name := range nodes {
			// In a container every node has the same ports.
			args = append(args, fmt.Sprintf("%d=%s:%s:%s", j+1, name, port(cluster.PeerPort), port(electionPort)))
		}
	}
	return cluster.Command{Path: "/bin/sh", Args: args}
}

// Open returns a client of the node at addr.
func (System) Open(_, addr string, config plan.Config) (harness.Client, error) {
	reads, err := reading(config)
	if err != nil {
		return nil, err
	}
	return &client{addr: addr, reads: reads, registers: slices.Contains(config.Workloads(), "rw-register")}, nil
}

// answers is nil if there is a server at addr, whether or not it has found the
// others: servers become ready together.
func answers(ctx context.Context, addr string) error {
	_, err := ask(ctx, addr)
	if errors.Is(err, errNotServing) {
		return nil
	}
	return err
}

// Primary is the leader, or the one node.
func (System) Primary(ctx context.Context, c cluster.Cluster) (string, error) {
	var errs []error
	for _, node := range c.Nodes() {
		s, err := ask(ctx, node.Addr(cluster.ClientPort))
		if err == nil && (s.mode == "leader" || s.mode == "standalone") {
			return node.Name(), nil
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", node.Name(), err))
		}
	}
	return "", errors.Join(append(errs, errors.New("no node leads"))...)
}

// Settled returns nil once all nodes serve, one of them leads, and the last
// transaction of all is the same. After an election the leader counts one that its
// followers have nothing of, so where they differ one more is made.
func (System) Settled(ctx context.Context, c cluster.Cluster) error {
	leaders, last, differ := 0, "", ""
	for _, node := range c.Nodes() {
		s, err := ask(ctx, node.Addr(cluster.ClientPort))
		if err != nil {
			return fmt.Errorf("%s: %w", node.Name(), err)
		}
		if s.mode == "leader" || s.mode == "standalone" {
			leaders++
		}
		if last != "" && s.zxid != last {
			differ = fmt.Sprintf("%s is at transaction %s, and another at %s", node.Name(), s.zxid, last)
		}
		last = s.zxid
	}
	if leaders != 1 {
		return fmt.Errorf("%d nodes lead", leaders)
	}
	if differ != "" {
		return errors.Join(errors.New(differ), advance(ctx, c.Nodes()[0].Addr(cluster.ClientPort)))
	}
	return nil
}

// mark is the key of the register that is written to make one more transaction.
const mark = "tertium"

// advance makes a transaction through the server at addr.
func advance(ctx context.Context, addr string) error {
	c := &client{addr: addr}
	defer c.Close()
	got := c.Invoke(ctx, harness.Invocation{F: "write", Key: mark, Value: int64(0)})
	if got.Outcome != history.OK {
		return fmt.Errorf("making one more transaction: %s", got.Error)
	}
	return nil
}
