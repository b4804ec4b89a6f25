// Package local runs the nodes of a system under test as child processes on this
// machine, each with a folder and loopback ports of its own.
//
// A node is a process group. It ends with the harness in every case: by Close,
// by the parent-death signal if the harness is killed (on Linux), and by a sweep
// of the undo journal for whatever escaped both.
//
// A node keeps its ports for the life of the cluster, as package port explains.
// While it is down its links refuse connections as its own ports do, so that a
// client can tell "never sent" from "perhaps".
package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// Runtime runs nodes as child processes. The zero value is ready for use.
type Runtime struct {
	// DataDir is the folder in which the nodes' data is put, in a folder of its
	// own for each cluster. Empty means that of temporary files.
	DataDir string
	// KeepData leaves the nodes' data where it is when the cluster is closed.
	KeepData bool
}

var _ cluster.Runtime = Runtime{}

// The names of ports that mean something to the runtime.
const (
	clientPort = "client"
	peerPort   = "peer"
)

// Name is "local".
func (Runtime) Name() string { return "local" }

// Open makes folders, ports and links for the nodes. A nil journal is allowed:
// then nothing is undone if the harness is killed but what the operating system
// does by itself.
func (r Runtime) Open(ctx context.Context, specs []cluster.Spec, options cluster.Options) (cluster.Cluster, error) {
	if err := check(specs); err != nil {
		return nil, fmt.Errorf("local cluster: %w", err)
	}
	if options.Dir == "" {
		return nil, errors.New("local cluster: no folder was given for the nodes' logs")
	}
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("local cluster: %w", err)
	}
	dataDir := r.DataDir
	if dataDir == "" {
		dataDir = os.TempDir()
	}
	dataDir, err := filepath.Abs(dataDir)
	if err != nil {
		return nil, fmt.Errorf("local cluster: %w", err)
	}
	// The token names the run to those who clean up after it, and nothing else.
	c := newCluster(rand.Text(), options.Journal)
	if err := c.build(dataDir, r.KeepData, specs, options); err != nil {
		return nil, errors.Join(fmt.Errorf("local cluster: %w", err), c.Close())
	}
	return c, nil
}

// nodeName is what is fit for a host name and for a folder.
var nodeName = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)

// check looks for what is wrong with specs before anything is made.
func check(specs []cluster.Spec) error {
	if len(specs) == 0 {
		return errors.New("no nodes were asked for")
	}
	ports := map[string][]string{}
	for _, s := range specs {
		_, twice := ports[s.Name]
		switch {
		case !nodeName.MatchString(s.Name) || s.Name == cluster.Client:
			return fmt.Errorf("%q is no name for a node: use lower-case letters, digits and dashes", s.Name)
		case twice:
			return fmt.Errorf("two nodes are named %s", s.Name)
		case s.Command == nil:
			return fmt.Errorf("node %s has no command", s.Name)
		case !slices.Contains(s.Ports, clientPort):
			return fmt.Errorf("node %s has no port %q for its clients", s.Name, clientPort)
		}
		if p, ok := repeated(s.Ports); ok {
			return fmt.Errorf("node %s has two ports named %q", s.Name, p)
		}
		ports[s.Name] = s.Ports
	}
	for _, s := range specs {
		if p, ok := repeated(s.Peers); ok {
			return fmt.Errorf("node %s has peer %s twice", s.Name, p)
		}
		for _, peer := range s.Peers {
			switch {
			case peer == s.Name:
				return fmt.Errorf("node %s has itself as a peer", s.Name)
			case ports[peer] == nil:
				return fmt.Errorf("node %s has the peer %q, which is no node", s.Name, peer)
			case !slices.Contains(ports[peer], peerPort):
				return fmt.Errorf("node %s is a peer of %s and has no port %q", peer, s.Name, peerPort)
			}
		}
	}
	return nil
}

// repeated returns a name that is in the list twice.
func repeated(names []string) (string, bool) {
	seen := map[string]bool{}
	for _, n := range names {
		if seen[n] {
			return n, true
		}
		seen[n] = true
	}
	return "", false
}
