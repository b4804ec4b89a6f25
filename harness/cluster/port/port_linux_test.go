package port_test

import (
	"net"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster/port"
)

func TestHeldPortRefusesUntilSomebodyListens(t *testing.T) {
	p, err := port.Hold()
	require.NoError(t, err)
	defer p.Release()
	require.True(t, p.Held())

	// A server comes and goes, as a node that is killed and restarted does.
	for range 3 {
		_, err = net.Dial("tcp", p.Addr())
		require.ErrorIs(t, err, syscall.ECONNREFUSED)

		l, err := net.Listen("tcp", p.Addr())
		require.NoError(t, err, "an ordinary server must be able to bind a held port")
		c, err := net.Dial("tcp", p.Addr())
		require.NoError(t, err)
		require.NoError(t, c.Close())

		_, err = net.Listen("tcp", p.Addr())
		require.ErrorIs(t, err, syscall.EADDRINUSE, "two servers must not share it")
		require.NoError(t, l.Close())
	}
}

func TestHeldPortsDifferFromEachOtherAndFromFreeOnes(t *testing.T) {
	held := map[int]bool{}
	for range 200 {
		p, err := port.Hold()
		require.NoError(t, err)
		defer p.Release()
		require.False(t, held[p.Number()])
		held[p.Number()] = true
	}
	for range 200 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		defer l.Close()
		require.False(t, held[l.Addr().(*net.TCPAddr).Port])
	}
}

func TestReleasedPortIsFree(t *testing.T) {
	p, err := port.Hold()
	require.NoError(t, err)
	l, err := p.Listen()
	require.NoError(t, err)
	require.NoError(t, l.Close())
	require.NoError(t, p.Release())
	require.NoError(t, p.Release())
	require.False(t, p.Held())

	// A server that does not set SO_REUSEADDR can have it too.
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer syscall.Close(fd)
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Port: p.Number(), Addr: [4]byte{127, 0, 0, 1}}))
}
