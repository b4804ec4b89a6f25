//go:build unix

package journal

import (
	"errors"
	"os"
	"syscall"
)

// errHeld says that somebody else holds the lock of a journal.
var errHeld = errors.New("the journal is held by a living harness")

// lock takes the advisory lock of a file, or fails with errHeld at once. The
// lock ends with the file's last descriptor.
func lock(file *os.File) error {
	for {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EWOULDBLOCK):
			return errHeld
		}
		return os.NewSyscallError("flock", err)
	}
}
