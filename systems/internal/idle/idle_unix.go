//go:build unix

// Package idle looks at connections that nothing is under way on.
package idle

import (
	"errors"
	"net"
	"syscall"
)

// Open looks, without waiting, whether an idle connection is still open. A node
// that was restarted has closed it, and a request written to it would be lost
// with its fate unknown.
func Open(conn net.Conn) bool {
	tcp, isTCP := conn.(*net.TCPConn)
	if !isTCP {
		return true
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return false
	}
	open := false
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		// The socket does not block (package net). Nothing to read is what an idle connection has to say.
		n, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK)
		open = n <= 0 && (errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EWOULDBLOCK))
		return true
	})
	return err == nil && open
}
