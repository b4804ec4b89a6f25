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

// Name is "local".
func (Runtime) Name() string { return "local" }

// Open makes folders, ports and links for the nodes. A nil journal is allowed:
// then nothing is undone if the harness is killed but what the operating system
// does by itself.
func (r Runtime) Open(ctx context.Context, specs []cluster.Spec, options cluster.Options) (cluster.Cluster, error) {
	if err := cluster.Check(specs); err != nil {
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
