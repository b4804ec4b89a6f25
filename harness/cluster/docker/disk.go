package docker

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/moby/moby/client"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/lossy"
	"github.com/tertium-dev/tertium/harness/journal"
)

var (
	_ cluster.Disked   = (*Node)(nil)
	_ cluster.Troubled = (*Cluster)(nil)
)

// disk is a disk of the harness's own, mounted on this machine. The node's volume
// is that folder, so that the engine fills it with what the image has there, as it
// does with any volume.
type disk struct {
	*lossy.Disk
	dir string
	// before is how often it was asked for something before the container was
	// made.
	before int64
}

// mountDisks mounts a disk for each node, if the options ask for that. It is
// undone after all that the engine has of the run.
func (c *Cluster) mountDisks(ctx context.Context, specs []cluster.Spec, options cluster.Options) (map[string]*disk, error) {
	if !options.Disks {
		return nil, nil
	}
	if err := c.engine.here(ctx); err != nil {
		return nil, err
	}
	folder := journal.Folder(filepath.Join(os.TempDir(), "tertium-"+c.token), c.token)
	if err := c.undo.Record(folder, journal.RemoveFolder); err != nil {
		return nil, err
	}
	if err := journal.MakeFolder(folder); err != nil {
		return nil, err
	}
	disks := map[string]*disk{}
	for _, spec := range specs {
		made, err := c.mountDisk(filepath.Join(folder.Name, spec.Name))
		if err != nil {
			return nil, fmt.Errorf("node %s: %w", spec.Name, err)
		}
		disks[spec.Name] = made
	}
	return disks, nil
}

// mountDisk mounts a disk on a folder.
func (c *Cluster) mountDisk(dir string) (*disk, error) {
	store := dir + ".disk" // no node is called so
	for _, path := range []string{dir, store} {
		if err := os.Mkdir(path, 0o700); err != nil {
			return nil, fmt.Errorf("making a folder for its disk: %w", err)
		}
	}
	d := &disk{Disk: lossy.New(store), dir: dir}
	var mounted *lossy.Mounted
	entry := lossy.Entry(dir, c.token)
	if err := c.undo.Record(entry, func(ctx context.Context, e cluster.Entry) (string, error) {
		if mounted == nil {
			return lossy.Unmount(ctx, e)
		}
		return "", mounted.Close()
	}); err != nil {
		return nil, err
	}
	var err error
	if mounted, err = lossy.Mount(d.Disk, entry, true); err != nil {
		return nil, err
	}
	// As that of a volume is, unless the image has it otherwise.
	if err := os.Chmod(dir, 0o755); err != nil {
		return nil, fmt.Errorf("opening its disk to the container: %w", err)
	}
	d.before = d.Requests()
	return d, nil
}

// volume are the options of the volume that is the disk.
func (d *disk) volume() map[string]string {
	if d == nil {
		return nil
	}
	return map[string]string{"type": "none", "o": "bind", "device": d.dir}
}

// check returns an error if the engine did not find the disk.
func (d *disk) check() error {
	if d == nil || d.Requests() > d.before {
		return nil
	}
	return errors.New("the engine does not see what is mounted on this machine, so that its disk is not the node's;" +
		" leave the faults of disks out")
}

// Disk is the node's disk, or nil.
func (n *Node) Disk() cluster.Disk {
	if n.disk == nil {
		return nil
	}
	return n.disk
}

// here returns an error unless the engine is on this machine.
func (e *engine) here(ctx context.Context) error {
	said, err := e.api.Info(ctx, client.InfoOptions{})
	if err != nil {
		return fmt.Errorf("asking the engine where it is: %w", err)
	}
	name, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("looking for the name of this machine: %w", err)
	}
	if said.Info.Name != name {
		return fmt.Errorf("the Docker Engine at %s is on %s and not on this machine, %s, so that it cannot use disks of it;"+
			" leave the faults of disks out", e.api.DaemonHost(), said.Info.Name, name)
	}
	return nil
}
