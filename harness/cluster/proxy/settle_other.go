//go:build !linux

package proxy

import "net"

// settle would wait until the peer has all that was written to a socket. Where
// the system does not tell, what a peer does not read at once may be lost to a
// reset that follows.
func settle(*net.TCPConn) {}
