package ledger

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
	"github.com/tertium-dev/tertium/systems/ledger/server"
	"github.com/tertium-dev/tertium/systems/ledger/wal"
)

// System is the ledger. Its zero value runs nodes as children of the program
// that it is part of, which must hand the arguments behind "node ledger" to
// [Main].
type System struct {
	// Executable is the program to run nodes with; empty means this one.
	Executable string
}

var (
	_ harness.System     = System{}
	_ harness.TornWriter = System{}
)

// Main runs a node of the service: what `tertium node ledger` does with the
// arguments that follow. It returns the exit code.
func Main(ctx context.Context, args []string, stderr io.Writer) int {
	return server.Main(ctx, args, stderr)
}

// Name is "ledger".
func (System) Name() string { return "ledger" }

// Doc describes the system in one line.
func (System) Doc() string {
	return "bundled payments service on Raft: registers, accounts, idempotency keys; 1, 3 or 5 nodes"
}

// Protocol is the framing of client connections.
func (System) Protocol() string { return "http/1.1" }

// Workloads are those that clients can do.
func (System) Workloads() []string { return []string{"register", "ledger"} }

// Deduplicates is true for the workload whose requests carry an
// Idempotency-Key.
func (System) Deduplicates(workload string) bool { return workload == "ledger" }

// Defaults fills the nodes, three unless Options["nodes"] says otherwise.
func (System) Defaults(config *plan.Config) {
	if len(config.Nodes) > 0 {
		return
	}
	count := 3
	if n, err := strconv.Atoi(config.Options["nodes"]); err == nil && n > 0 && n <= 9 {
		count = n
	}
	for i := range count {
		config.Nodes = append(config.Nodes, "n"+strconv.Itoa(i+1))
	}
}

// Nodes returns one node for each name. Options of the config: "nodes",
// "snapshot-every" and "key-ttl", as the flags of a node.
func (s System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	if err := s.check(config); err != nil {
		return nil, err
	}
	executable := s.Executable
	if executable == "" {
		var err error
		if executable, err = os.Executable(); err != nil {
			return nil, fmt.Errorf("ledger: find the program to run nodes with: %w", err)
		}
	}
	var specs []cluster.Spec
	for _, name := range config.Nodes {
		specs = append(specs, cluster.Spec{
			Name:  name,
			Ports: []string{"client", "peer"},
			Peers: slices.DeleteFunc(slices.Clone(config.Nodes), func(n string) bool { return n == name }),
			Command: func(place cluster.Place) cluster.Command {
				path := executable
				if place.Container {
					path = programInImage
				}
				return cluster.Command{Path: path, Args: arguments(name, place, config)}
			},
			Image: image(executable),
			Ready: func(ctx context.Context, addr string) error {
				_, err := status(ctx, addr)
				return err
			},
		})
	}
	return specs, nil
}

// check refuses configs that would not run as asked.
func (System) check(config plan.Config) error {
	if len(config.Nodes) == 0 {
		return errors.New("ledger: no nodes")
	}
	if text := config.Options["nodes"]; text != "" && text != strconv.Itoa(len(config.Nodes)) {
		return fmt.Errorf("ledger: option nodes is %q; want 1 to 9, and as many names: %q", text, config.Nodes)
	}
	seen := make(map[string]bool)
	for _, name := range config.Nodes {
		if name == "" || seen[name] {
			return fmt.Errorf("ledger: node names must be different and not empty: %q", config.Nodes)
		}
		seen[name] = true
	}
	return nil
}

// arguments are those of a node's command.
func arguments(name string, place cluster.Place, config plan.Config) []string {
	args := []string{
		"node", "ledger", "--id", name, "--data", place.Data,
		"--client", place.Listen["client"], "--peer", place.Listen["peer"],
	}
	for _, peer := range config.Nodes {
		if peer != name {
			args = append(args, "--peer-at", peer+"="+place.Dial[peer])
		}
	}
	if config.Timeout > 0 {
		// A node waits no longer than its clients do. A key then does not count
		// as in flight after the attempt was given up.
		args = append(args, "--timeout", config.Timeout.String())
	}
	for _, option := range []string{"snapshot-every", "key-ttl"} {
		if value := config.Options[option]; value != "" {
			args = append(args, "--"+option, value)
		}
	}
	for _, bug := range serviceBugs(config.Bugs) {
		args = append(args, "--bug", bug)
	}
	return args
}

// Open returns a client of the node at addr.
func (System) Open(_, addr string, _ plan.Config) (harness.Client, error) {
	return &client{wire: wire{addr: addr}}, nil
}

// Durable is true: an acknowledged transfer is on the disks of a majority.
func (System) Durable(plan.Config) bool { return true }

// Tear leaves the log in a node's data folder as a crash in the middle of a
// write leaves it.
func (System) Tear(data string, salt uint64) (string, error) {
	what, err := wal.Tear(data, salt)
	if err != nil {
		return "", fmt.Errorf("ledger: %w", err)
	}
	return what, nil
}
