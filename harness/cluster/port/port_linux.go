package port

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

// bind binds a socket to a port of the kernel's choice and never listens on it.
func bind() (int, holder, error) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, nil, os.NewSyscallError("socket", err)
	}
	number, err := bindAny(fd)
	if err != nil {
		return 0, nil, errors.Join(err, syscall.Close(fd))
	}
	return number, socket(fd), nil
}

func bindAny(fd int) (int, error) {
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return 0, os.NewSyscallError("setsockopt", err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		return 0, os.NewSyscallError("bind", err)
	}
	addr, err := syscall.Getsockname(fd)
	if err != nil {
		return 0, os.NewSyscallError("getsockname", err)
	}
	inet, ok := addr.(*syscall.SockaddrInet4)
	if !ok {
		return 0, fmt.Errorf("getsockname gave a %T", addr)
	}
	return inet.Port, nil
}

// socket is a file descriptor that nothing reads or writes.
type socket int

func (s socket) Close() error { return os.NewSyscallError("close", syscall.Close(int(s))) }
