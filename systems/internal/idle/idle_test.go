//go:build unix

package idle_test

import (
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/systems/internal/idle"
)

// A connection is open until the other side has closed it, or said what nobody
// asked for.
func TestOpen(t *testing.T) {
	for name, end := range map[string]func(net.Conn){
		"closed": func(c net.Conn) { c.Close() },
		"spoken": func(c net.Conn) { _, _ = c.Write([]byte("x")) },
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer l.Close()
			near, err := net.Dial("tcp", l.Addr().String())
			require.NoError(t, err)
			defer near.Close()
			far, err := l.Accept()
			require.NoError(t, err)
			defer far.Close()
			require.True(t, idle.Open(near))
			end(far)
			require.Eventually(t, func() bool { return !idle.Open(near) }, time.Minute, time.Millisecond)
		})
	}
}
