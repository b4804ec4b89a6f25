package lossy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/tertium-dev/tertium/harness/cluster"
)

const (
	// requestSize is how much is read or written by one request.
	requestSize = 128 << 10
	// unmountTries is how often a mount that is in use is tried again before it is
	// taken away from under its users.
	unmountTries = 20
	unmountPause = 50 * time.Millisecond
	// serverTimeout bounds the wait for the server's last words.
	serverTimeout = 5 * time.Second
)

// Mounted is a disk that programs can use.
type Mounted struct {
	disk  *Disk
	entry cluster.Entry
	done  chan struct{} // closed when nobody is served any more
}

// Mount mounts a disk on the folder of an entry that has been recorded. Shared
// says that other users than this one must be able to use it.
//
// Whoever begins a process while a disk is mounted must not have that process
// change into the disk, or open anything on it, before its program runs: this
// process stands still until then, and could not serve it.
func Mount(d *Disk, entry cluster.Entry, shared bool) (*Mounted, error) {
	options := &fuse.MountOptions{
		AllowOther: shared,
		Options:    []string{"default_permissions"},
		FsName:     source(entry.Detail), Name: strings.TrimPrefix(kindOfSystem, "fuse."),
		MaxWrite: requestSize, MaxBackground: 64,
		DisableXAttrs: true, DisableReadDirPlus: true, ExplicitDataCacheControl: true,
		Logger: log.New(io.Discard, "", 0),
		// A request that fails half-way would hold the lock for ever.
		PanicHandler: func(v any) fuse.Status { panic(v) },
	}
	at := entry.Name
	if privileged() {
		// Not by the library, whose descriptor would be inherited by the nodes, so
		// that they would outlive the server and wait for it.
		fd, err := mountDirectly(entry, shared)
		if err != nil {
			return nil, fmt.Errorf("mounting a disk on %s: %w", entry.Name, err)
		}
		at = fmt.Sprintf("/dev/fd/%d", fd)
	}
	server, err := fuse.NewServer(newServer(d), at, options)
	if err != nil {
		_, undo := Unmount(context.Background(), entry)
		return nil, errors.Join(fmt.Errorf("mounting a disk on %s: %w", entry.Name, err), undo)
	}
	m := &Mounted{disk: d, entry: entry, done: make(chan struct{})}
	go func() {
		defer close(m.done)
		server.Serve()
	}()
	if err := settlePolls(entry.Name); err != nil {
		return nil, errors.Join(fmt.Errorf("using the disk on %s: %w", entry.Name, err), m.Close())
	}
	return m, nil
}

// privileged reports whether this process may mount by itself.
func privileged() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if err := unix.Capget(&header, &data[0]); err != nil {
		return false
	}
	return os.Geteuid() == 0 && data[0].Effective&(1<<unix.CAP_SYS_ADMIN) != 0
}

func mountDirectly(entry cluster.Entry, shared bool) (int, error) {
	fd, err := unix.Open("/dev/fuse", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("opening /dev/fuse", err)
	}
	options := fmt.Sprintf("fd=%d,rootmode=40000,user_id=%d,group_id=%d,max_read=%d,default_permissions",
		fd, os.Geteuid(), os.Getegid(), requestSize)
	if shared {
		options += ",allow_other"
	}
	if err := unix.Mount(source(entry.Detail), entry.Name, kindOfSystem, unix.MS_NOSUID|unix.MS_NODEV, options); err != nil {
		return -1, errors.Join(os.NewSyscallError("mount", err), unix.Close(fd))
	}
	return fd, nil
}

// settlePolls has the kernel learn that files of the mount cannot be polled, once
// and for all. Asked later, by this very process, it could wait for itself.
func settlePolls(dir string) error {
	// The library answers for a file of this name.
	fd, err := unix.Open(filepath.Join(dir, ".go-fuse-epoll-hack"), unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	// What comes of it does not matter.
	_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN | unix.POLLOUT}}, 0)
	return nil
}

// Close unmounts the disk, and ends its server.
func (m *Mounted) Close() error {
	m.disk.Close()
	connection := connectionOf(m.entry)
	_, err := Unmount(context.Background(), m.entry)
	timer := time.NewTimer(serverTimeout)
	defer timer.Stop()
	select {
	case <-m.done:
	case <-timer.C:
		// Somebody still has a file of it open: then they get errors.
		if connection != "" {
			_ = os.WriteFile(connection, []byte("1"), 0o200)
		}
	}
	return err
}

// Unmount is the [journal.Undoer] of [Kind].
func Unmount(ctx context.Context, entry cluster.Entry) (string, error) {
	if !filepath.IsAbs(entry.Name) || entry.Detail == "" {
		return "", fmt.Errorf("%q with token %q is no mount of a run", entry.Name, entry.Detail)
	}
	var err error
	for try := range unmountTries {
		mounted, lookErr := find(entry)
		if lookErr != nil {
			return "", lookErr
		}
		if mounted == nil {
			if try > 0 {
				return "unmounted", nil
			}
			return "already gone", nil
		}
		// A server that is gone leaves nobody who could finish with it.
		if err = unmount(entry.Name, try > 0 && (try == unmountTries-1 || dead(entry.Name))); err == nil {
			continue // there may be one below
		}
		select {
		case <-time.After(unmountPause):
		case <-ctx.Done():
			return "", fmt.Errorf("unmounting %s: %w", entry.Name, ctx.Err())
		}
	}
	if err != nil {
		return "", fmt.Errorf("unmounting %s: %w", entry.Name, err)
	}
	return "unmounted", nil
}

// unmount unmounts what is on a folder; lazily, it is taken out of sight and ends
// with its last user.
func unmount(dir string, lazily bool) error {
	if privileged() {
		flags := unix.UMOUNT_NOFOLLOW
		if lazily {
			flags |= unix.MNT_DETACH
		}
		return os.NewSyscallError("umount", unix.Unmount(dir, flags))
	}
	program, err := fusermount()
	if err != nil {
		return err
	}
	arguments := []string{"-u", dir}
	if lazily {
		arguments = []string{"-u", "-z", dir}
	}
	if said, err := exec.Command(program, arguments...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(string(said)))
	}
	return nil
}

// dead reports whether nobody serves a mount.
func dead(dir string) bool {
	var seen unix.Stat_t
	return errors.Is(unix.Lstat(dir, &seen), syscall.ENOTCONN)
}

func fusermount() (string, error) {
	for _, name := range []string{"fusermount3", "fusermount"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is no fusermount3 on PATH: install it (on Debian the package fuse3), or be root")
}

// find looks for the mount of an entry, and returns the fields of its line in
// mountinfo (proc(5)), or nil.
func find(entry cluster.Entry) ([]string, error) {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return nil, fmt.Errorf("looking for mounts: %w", err)
	}
	unescape := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)
	for line := range strings.Lines(string(data)) {
		fields := strings.Fields(line)
		_, system, found := strings.Cut(line, " - ")
		after := strings.Fields(system)
		if !found || len(fields) < 5 || len(after) < 2 {
			continue
		}
		if unescape.Replace(fields[4]) == entry.Name && after[0] == kindOfSystem && after[1] == source(entry.Detail) {
			return fields, nil
		}
	}
	return nil, nil
}

// connectionOf is the file by which the kernel ends a mount's connection; empty if
// there is none.
func connectionOf(entry cluster.Entry) string {
	fields, err := find(entry)
	if err != nil || fields == nil {
		return ""
	}
	_, minor, _ := strings.Cut(fields[2], ":")
	path := filepath.Join("/sys/fs/fuse/connections", minor, "abort")
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}
