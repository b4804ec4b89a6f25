package local

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"slices"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/lossy"
)

var (
	_ cluster.Disked   = (*Node)(nil)
	_ cluster.Troubled = (*Cluster)(nil)
)

// storeSuffix makes the name of the folder that has what is on a node's disk from
// the node's: no node is called so.
const storeSuffix = ".disk"

// mount puts a disk of the harness's own on the node's folder.
func (n *Node) mount() error {
	store := n.data + storeSuffix
	if err := os.Mkdir(store, 0o700); err != nil {
		return fmt.Errorf("making the store of its disk: %w", err)
	}
	disk := lossy.New(store)
	var mounted *lossy.Mounted
	entry := lossy.Entry(n.data, n.cluster.token)
	if err := n.cluster.undo.Record(entry, func(ctx context.Context, e cluster.Entry) (string, error) {
		if mounted == nil {
			return lossy.Unmount(ctx, e)
		}
		return "", mounted.Close()
	}); err != nil {
		return err
	}
	var err error
	mounted, err = lossy.Mount(disk, entry, false)
	n.disk = disk
	return err
}

// Disk is the node's disk, or nil.
func (n *Node) Disk() cluster.Disk {
	if n.disk == nil {
		return nil
	}
	return n.disk
}

// Trouble is what went wrong with the nodes' disks.
func (c *Cluster) Trouble() []string {
	var all []string
	for _, n := range c.nodes {
		if n.disk == nil {
			continue
		}
		for _, what := range n.disk.Trouble() {
			all = append(all, fmt.Sprintf("node %s: %s", n.Name(), what))
		}
	}
	return all
}

// moving is a command that goes to its folder only once it is a program of its
// own. Between fork and exec this process stands still, and could not answer for
// the disk that the folder is on.
func moving(cmd *exec.Cmd) (*exec.Cmd, error) {
	if cmd.Err != nil {
		return nil, cmd.Err
	}
	shell := exec.Command("/bin/sh", slices.Concat(
		[]string{"-c", `cd "$1" && shift && exec "$@"`, "sh", cmd.Dir, cmd.Path}, cmd.Args[1:])...)
	shell.Env, shell.SysProcAttr = cmd.Env, cmd.SysProcAttr
	return shell, shell.Err
}
