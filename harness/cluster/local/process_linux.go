package local

import (
	"errors"
	"syscall"

	"golang.org/x/sys/unix"
)

// attributes give a process a group of its own and have it killed when the
// thread that began it ends, which is never before the harness does.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// waitUnreaped waits until a child has ended and leaves its number taken.
func waitUnreaped(pid int) {
	for errors.Is(unix.Waitid(unix.P_PID, pid, nil, unix.WEXITED|unix.WNOWAIT, nil), unix.EINTR) {
	}
}
