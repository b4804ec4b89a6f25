//go:build !unix

// Package idle looks at connections that nothing is under way on.
package idle

import "net"

// Open cannot look on this system. A request on a connection that the node has
// closed then has an unknown outcome.
func Open(net.Conn) bool { return true }
