//go:build !linux

package lossy

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// Mounted is a disk that programs can use.
type Mounted struct{}

// Available says why disks cannot be mounted here.
func Available(bool) error {
	return fmt.Errorf("disks of the harness's own need FUSE as Linux has it, and this is %s", runtime.GOOS)
}

// Mount fails.
func Mount(*Disk, cluster.Entry, bool) (*Mounted, error) { return nil, Available(false) }

// Close does nothing.
func (*Mounted) Close() error { return nil }

// Unmount is the [journal.Undoer] of [Kind].
func Unmount(context.Context, cluster.Entry) (string, error) { return "", errors.ErrUnsupported }
