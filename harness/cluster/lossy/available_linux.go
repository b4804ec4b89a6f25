package lossy

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"golang.org/x/sys/unix"
)

// Available returns nil if disks can be mounted here, or why not. Shared asks for
// disks that other users than this one can use.
func Available(shared bool) error {
	if err := available(); err != nil {
		return err
	}
	if shared && !privileged() && !othersAllowed() {
		return errors.New("disks for containers need root, or user_allow_other in /etc/fuse.conf")
	}
	return nil
}

// available tries it once.
var available = sync.OnceValue(func() error {
	device, err := os.OpenFile("/dev/fuse", os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("disks of the harness's own need FUSE: %w", err)
	}
	device.Close()
	if !privileged() {
		if _, err := fusermount(); err != nil {
			return fmt.Errorf("disks of the harness's own need FUSE: %w", err)
		}
		return nil
	}
	if err := onThreadOfItsOwn(tryMount); err != nil {
		return fmt.Errorf("disks of the harness's own need FUSE, and this process may not mount it: %w", err)
	}
	return nil
})

// onThreadOfItsOwn does something on a thread that ends with it. The first thread
// of a process never ends, so it is not that.
func onThreadOfItsOwn(do func() error) error {
	result := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		if unix.Gettid() == unix.Getpid() {
			defer runtime.UnlockOSThread()
			result <- onThreadOfItsOwn(do)
			return
		}
		result <- do() // and never unlocked
	}()
	return <-result
}

// tryMount mounts a FUSE file system where nobody sees it: in a mount namespace of
// its thread's own, which ends with the thread.
func tryMount() error {
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("mount", err)
	}
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return os.NewSyscallError("opening /dev/fuse", err)
	}
	defer unix.Close(fd)
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d", fd, os.Geteuid(), os.Getegid())
	return os.NewSyscallError("mount", unix.Mount("tertium-probe", os.TempDir(), kindOfSystem, unix.MS_NOSUID|unix.MS_NODEV, options))
}

// othersAllowed reports whether users may share what they mount.
func othersAllowed() bool {
	data, err := os.ReadFile("/etc/fuse.conf")
	if err != nil {
		return false
	}
	for line := range strings.Lines(string(data)) {
		if strings.TrimSpace(line) == "user_allow_other" {
			return true
		}
	}
	return false
}
