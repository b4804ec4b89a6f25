package etcd

import (
	"cmp"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os/exec"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/tertium-dev/tertium/harness"
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

// System is etcd.
type System struct{}

var _ harness.System = System{}

//go:embed image
var imageFiles embed.FS

// program is the server.
const program = "etcd"

// The options of the config.
const (
	versionOption = "version"
	readsOption   = "reads"
	sizeOption    = "value_bytes"
	// maxSize is what etcd takes in one request, less room for what is around it.
	maxSize = 1 << 20
)

// tuning are the options that go to the server as they are: whole numbers. With
// its own defaults an election takes about as long as most faults last, so that
// there would hardly ever be a leader to put the next one on.
var tuning = []struct{ name, value string }{
	{"heartbeat-interval", "50"},
	{"election-timeout", "500"},
	{"snapshot-count", ""},
}

// Name is "etcd".
func (System) Name() string { return "etcd" }

// Doc describes the system in one line.
func (System) Doc() string {
	return "etcd, 1, 3 or 5 nodes; options version, reads, value_bytes, heartbeat-interval, election-timeout, snapshot-count"
}

// Protocol is the framing of client connections: those of the JSON gateway.
func (System) Protocol() string { return "etcd" }

// Workloads are those that clients can do.
func (System) Workloads() []string {
	return []string{"register", "list-append", "set", "membership", "counter", "rw-register", "lock"}
}

// Bugs is empty: older versions have their own.
func (System) Bugs() []harness.Bug { return nil }

// Defaults names three nodes, and fills a rate that a small machine can have
// three of them flush to disk.
func (System) Defaults(config *plan.Config) {
	if len(config.Nodes) == 0 {
		config.Nodes = []string{"n1", "n2", "n3"}
	}
	if config.Rate == 0 {
		config.Rate = 500
	}
}

// Nodes returns one node for each name.
func (System) Nodes(config plan.Config) ([]cluster.Spec, error) {
	if len(config.Nodes) == 0 {
		return nil, errors.New("etcd: no nodes")
	}
	if _, err := howBy(config); err != nil {
		return nil, err
	}
	flags, err := flagsOf(config)
	if err != nil {
		return nil, err
	}
	version := config.Options[versionOption]
	if version != "" && !released.MatchString(version) {
		return nil, fmt.Errorf("etcd: option %s is %q; it must be 3.5.0 or later, such as 3.5.17, or be left out for Debian's", versionOption, version)
	}
	path := program
	var image *cluster.Image
	switch config.Runtime {
	case "local":
		if path, err = onThisMachine(config, version); err != nil {
			return nil, err
		}
	default:
		if image, err = imageOf(version); err != nil {
			return nil, err
		}
	}
	var specs []cluster.Spec
	for _, name := range config.Nodes {
		specs = append(specs, cluster.Spec{
			Name:  name,
			Ports: []string{cluster.ClientPort, cluster.PeerPort},
			Peers: slices.DeleteFunc(slices.Clone(config.Nodes), func(n string) bool { return n == name }),
			Command: func(place cluster.Place) cluster.Command {
				return cluster.Command{
					Path: path, Args: append(arguments(name, place), flags...),
					Env: []string{"ETCD_UNSUPPORTED_ARCH=" + runtime.GOARCH},
				}
			},
			Ready: ready,
			Image: image,
		})
	}
	return specs, nil
}

// released are the versions that have a module of their own.
var released = regexp.MustCompile(`^3\.([5-9]|[1-9][0-9]+)\.[0-9]+$`)

// imageOf is Debian's server, or the one of a version.
func imageOf(version string) (*cluster.Image, error) {
	if version != "" {
		return &cluster.Image{Name: "tertium/etcd", Build: &built{version: version, os: "linux"}}, nil
	}
	build, err := fs.Sub(imageFiles, "image")
	if err != nil {
		return nil, err
	}
	return &cluster.Image{Name: "tertium/etcd", Build: build}, nil
}

// onThisMachine returns the path of the server for nodes that are processes of
// this machine.
func onThisMachine(config plan.Config, version string) (string, error) {
	if len(config.Nodes) > 1 {
		return "", fmt.Errorf("etcd: %d nodes as processes were asked for: all members must know each by one address, and here each link has its own; use --runtime docker, or --nodes 1", len(config.Nodes))
	}
	if version != "" {
		return (&built{version: version, os: runtime.GOOS}).path()
	}
	if _, err := exec.LookPath(program); err != nil {
		return "", errors.New("etcd: there is no etcd on PATH: install it (on Debian the package etcd-server), set option version to have one built, or use --runtime docker")
	}
	return program, nil
}

// flagsOf are the options that go to the server.
func flagsOf(config plan.Config) ([]string, error) {
	var flags []string
	for _, t := range tuning {
		text := cmp.Or(config.Options[t.name], t.value)
		if text == "" {
			continue
		}
		if n, err := strconv.Atoi(text); err != nil || n < 1 {
			return nil, fmt.Errorf("etcd: option %s is %q; it must be a number above 0", t.name, text)
		}
		flags = append(flags, "--"+t.name, text)
	}
	return flags, nil
}

// quota is 8 GiB, the most that etcd recommends.
const quota = "8589934592"

// arguments are those of a node's command.
func arguments(name string, place cluster.Place) []string {
	host := func(port string) string {
		own, number, _ := net.SplitHostPort(place.Listen[port])
		if place.Container {
			own = name
		}
		return "http://" + net.JoinHostPort(own, number)
	}
	members := []string{name + "=" + host(cluster.PeerPort)}
	for peer, at := range place.Dial {
		members = append(members, peer+"=http://"+at)
	}
	slices.Sort(members)
	return []string{
		"--name", name, "--data-dir", place.Data + "/etcd",
		"--listen-client-urls", "http://" + place.Listen[cluster.ClientPort], "--advertise-client-urls", host(cluster.ClientPort),
		"--listen-peer-urls", "http://" + place.Listen[cluster.PeerPort], "--initial-advertise-peer-urls", host(cluster.PeerPort),
		"--initial-cluster", strings.Join(members, ","), "--initial-cluster-token", "tertium",
		"--quota-backend-bytes", quota, "--logger", "zap",
	}
}

// ready asks a node whether it serves: before it has joined the others it does
// not.
func ready(ctx context.Context, addr string) error {
	_, err := status(ctx, addr)
	return err
}

// Open returns a client of the node at addr.
func (System) Open(_, addr string, config plan.Config) (harness.Client, error) {
	h, err := howBy(config)
	if err != nil {
		return nil, err
	}
	return &client{wire: wire{addr: addr}, how: h, locks: map[string]*held{}}, nil
}

// chosen returns the value of an option, the first if it is left open.
func chosen(config plan.Config, name string, values ...string) (string, error) {
	value := config.Options[name]
	if value == "" {
		value = values[0]
	}
	if !slices.Contains(values, value) {
		return "", fmt.Errorf("etcd: option %s is %q; it may be one of %q", name, value, values)
	}
	return value, nil
}
