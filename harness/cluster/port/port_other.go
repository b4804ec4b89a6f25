//go:build !linux

package port

import (
	"fmt"
	"net"
)

// bind chooses a port that is free now. It cannot be held: here a bound socket
// keeps the server itself from binding.
func bind() (int, holder, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return 0, nil, err
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if err := l.Close(); err != nil {
		return 0, nil, err
	}
	if !ok {
		return 0, nil, fmt.Errorf("a TCP listener's address is a %T", l.Addr())
	}
	return addr.Port, nil, nil
}
