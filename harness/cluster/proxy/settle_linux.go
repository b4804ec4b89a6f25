package proxy

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// settle waits until the peer's kernel has all that was written to a socket, or
// not for long: a reset throws away what is still on its way (see tcp(7),
// SIOCOUTQ).
func settle(socket *net.TCPConn) {
	raw, err := socket.SyscallConn()
	if err != nil {
		return
	}
	for deadline := time.Now().Add(finishWithin); time.Now().Before(deadline); {
		unsent := 0
		err := raw.Control(func(fd uintptr) {
			unsent, _ = unix.IoctlGetInt(int(fd), unix.SIOCOUTQ)
		})
		if err != nil || unsent == 0 {
			return
		}
		time.Sleep(100 * time.Microsecond)
	}
}
