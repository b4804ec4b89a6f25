package server

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tertium-dev/tertium/systems/ledger/core"
	"github.com/tertium-dev/tertium/systems/ledger/wal"
)

// Options say how a node runs. Flags sets the defaults.
type Options struct {
	// ID is the node's name, Data its folder.
	ID, Data string
	// Client and Peer are the host:port to listen on for clients and for the
	// other nodes.
	Client, Peer string
	// Peers maps each other node to where this one reaches it.
	Peers map[string]string
	// Timeout is how long a request may take before it is answered as unknown.
	Timeout time.Duration
	// Tick is the unit of the node's clock: a leader sends a heartbeat at each,
	// and a node stands for election after Election ticks without one, or up to
	// twice as many.
	Tick     time.Duration
	Election int
	// KeyTTL and SnapshotEvery are those of the core.
	KeyTTL        time.Duration
	SnapshotEvery int
	// Bugs are the bug switches that are on.
	Bugs []string
}

// ParseFlags reads options from arguments.
func ParseFlags(args []string, usage io.Writer) (Options, error) {
	o := Options{Peers: make(map[string]string)}
	flags := flag.NewFlagSet("ledger", flag.ContinueOnError)
	flags.SetOutput(usage)
	flags.StringVar(&o.ID, "id", "", "name of this node")
	flags.StringVar(&o.Data, "data", "", "folder for this node's data")
	flags.StringVar(&o.Client, "client", "127.0.0.1:0", "host:port to listen on for clients")
	flags.StringVar(&o.Peer, "peer", "127.0.0.1:0", "host:port to listen on for other nodes")
	flags.Func("peer-at", "name=host:port at which this node reaches another; repeat for each", o.addPeer)
	flags.DurationVar(&o.Timeout, "timeout", 2*time.Second, "time after which a request is answered as unknown")
	flags.DurationVar(&o.Tick, "tick", 20*time.Millisecond, "time between heartbeats")
	flags.IntVar(&o.Election, "election", 10, "ticks without a heartbeat before an election")
	flags.DurationVar(&o.KeyTTL, "key-ttl", 24*time.Hour, "how long idempotency keys are remembered")
	flags.IntVar(&o.SnapshotEvery, "snapshot-every", 2000, "log entries between snapshots")
	flags.Func("bug", "plant a bug; repeat for more", func(name string) error {
		o.Bugs = append(o.Bugs, name)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	return o, o.validate()
}

func (o *Options) addPeer(value string) error {
	name, addr, found := strings.Cut(value, "=")
	if !found || name == "" || addr == "" {
		return fmt.Errorf("%q is not of the form name=host:port", value)
	}
	if _, twice := o.Peers[name]; twice {
		return fmt.Errorf("node %q is given twice", name)
	}
	o.Peers[name] = addr
	return nil
}

func (o *Options) validate() error {
	switch {
	case o.ID == "":
		return errors.New("--id is missing: the name of this node")
	case o.Data == "":
		return errors.New("--data is missing: a folder for this node's data")
	case o.Peers[o.ID] != "":
		return fmt.Errorf("--peer-at names this node itself, %q", o.ID)
	case o.Timeout <= 0 || o.Tick <= 0 || o.Election < 2 || o.KeyTTL <= 0 || o.SnapshotEvery < 1:
		return errors.New("--timeout, --tick, --key-ttl and --snapshot-every must be more than 0, --election more than 1")
	}
	for _, name := range o.Bugs {
		if bugs[name] == nil {
			return fmt.Errorf("--bug %s: no such bug; there are %s", name, strings.Join(slices.Sorted(maps.Keys(bugs)), ", "))
		}
	}
	return nil
}

// planted are the bugs of all layers of a node.
type planted struct {
	core core.Bugs
	wal  wal.Options
}

// bugs say what each bug switch plants.
var bugs = map[string]func(*planted){
	"stale-follower-read":      func(p *planted) { p.core.StaleFollowerRead = true },
	"stale-leader-read":        func(p *planted) { p.core.StaleLeaderRead = true },
	"cas-outside-log":          func(p *planted) { p.core.CASOutsideLog = true },
	"ack-before-quorum":        func(p *planted) { p.core.AckBeforeQuorum = true },
	"ack-before-fsync":         func(p *planted) { p.wal.Buffered, p.core.ForgetsWrites = true, true },
	"no-dedupe":                func(p *planted) { p.core.NoDedupe = true },
	"dedupe-in-memory":         func(p *planted) { p.core.DedupeInMemory = true },
	"dedupe-lost-in-snapshot":  func(p *planted) { p.core.DedupeLostInSnapshot = true },
	"key-after-effect":         func(p *planted) { p.core.KeyAfterEffect = true },
	"concurrent-duplicates":    func(p *planted) { p.core.ConcurrentDuplicates = true },
	"key-not-scoped-by-tenant": func(p *planted) { p.core.KeyNotScopedByTenant = true },
	"key-any-payload":          func(p *planted) { p.core.KeyAnyPayload = true },
	"replay-differs":           func(p *planted) { p.core.ReplayDiffers = true },
	"torn-tail-accepted":       func(p *planted) { p.wal.AcceptTorn = true },
	"transfer-half":            func(p *planted) { p.core.TransferHalf = true },
	"key-expires-in-flight":    func(p *planted) { p.core.KeyExpiresInFlight = true },
}

// planted returns what the options' switches plant together.
func (o Options) planted() planted {
	var p planted
	for _, name := range o.Bugs {
		bugs[name](&p)
	}
	return p
}
