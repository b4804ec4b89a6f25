package agent

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"unsafe"

	"github.com/google/nftables"
	"github.com/google/nftables/binaryutil"
	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

	"github.com/tertium-dev/tertium/harness/cluster/proxy"
)

// mark is on the agent's own connections, which are not redirected again.
const mark = 0x7e7271

// table is the agent's own, so that to lift the redirection is to delete it.
const table = "tertium"

// way leaves the agent marked, for where a connection was bound.
func way() proxy.Way {
	return proxy.Way{
		Control: func(_, _ string, c syscall.RawConn) error {
			var err error
			if failed := c.Control(func(fd uintptr) {
				err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_MARK, mark)
			}); failed != nil {
				return failed
			}
			return err
		},
		Bound: bound,
	}
}

// bound asks the kernel where a redirected connection was going.
func bound(c *net.TCPConn) (string, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return "", err
	}
	var addr unix.RawSockaddrInet4
	var errno unix.Errno
	if err := raw.Control(func(fd uintptr) {
		size := uint32(unsafe.Sizeof(addr))
		// The option of netfilter that has this name in linux/netfilter_ipv4.h.
		const originalDestination = 80
		_, _, errno = unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_IP, originalDestination,
			uintptr(unsafe.Pointer(&addr)), uintptr(unsafe.Pointer(&size)), 0)
	}); err != nil {
		return "", err
	}
	if errno != 0 {
		return "", fmt.Errorf("asking where a connection was bound for: %w", errno)
	}
	// The port is in network order, in memory.
	port := binary.BigEndian.Uint16((*[2]byte)(unsafe.Pointer(&addr.Port))[:])
	return netip.AddrPortFrom(netip.AddrFrom4(addr.Addr), port).String(), nil
}

// redirect has TCP connections from this namespace to each address of ways go
// to the port of loopback that stands there, and returns what takes that off.
func redirect(ways map[string]string) (lift func() error, err error) {
	conn, err := nftables.New()
	if err != nil {
		return nil, err
	}
	t := conn.AddTable(&nftables.Table{Family: nftables.TableFamilyIPv4, Name: table})
	chain := conn.AddChain(&nftables.Chain{
		Table: t, Name: "output", Type: nftables.ChainTypeNAT,
		Hooknum: nftables.ChainHookOutput, Priority: nftables.ChainPriorityNATDest,
	})
	for to, by := range ways {
		rule, err := redirection(to, by)
		if err != nil {
			return nil, err
		}
		conn.AddRule(&nftables.Rule{Table: t, Chain: chain, Exprs: rule})
	}
	if err := conn.Flush(); err != nil {
		return nil, fmt.Errorf("nftables: %w", err)
	}
	return func() error {
		conn.DelTable(t)
		if err := conn.Flush(); err != nil {
			return fmt.Errorf("nftables: %w", err)
		}
		return nil
	}, nil
}

// redirection is the rule
//
//	meta l4proto tcp ip daddr TO meta mark != MARK redirect to :BY
func redirection(to, by string) ([]expr.Any, error) {
	address, err := netip.ParseAddr(to)
	if err != nil || !address.Is4() {
		return nil, fmt.Errorf("%q is no IPv4 address of a peer", to)
	}
	_, text, err := net.SplitHostPort(by)
	if err != nil {
		return nil, err
	}
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return nil, err
	}
	ip := address.As4()
	const register = 1
	const destination = 16 // of the address in an IPv4 header
	return []expr.Any{
		&expr.Meta{Key: expr.MetaKeyL4PROTO, Register: register},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: []byte{unix.IPPROTO_TCP}},
		&expr.Payload{DestRegister: register, Base: expr.PayloadBaseNetworkHeader, Offset: destination, Len: uint32(len(ip))},
		&expr.Cmp{Op: expr.CmpOpEq, Register: register, Data: ip[:]},
		&expr.Meta{Key: expr.MetaKeyMARK, Register: register},
		&expr.Cmp{Op: expr.CmpOpNeq, Register: register, Data: binaryutil.NativeEndian.PutUint32(mark)},
		&expr.Immediate{Register: register, Data: binaryutil.BigEndian.PutUint16(uint16(port))},
		&expr.Redir{RegisterProtoMin: register},
	}, nil
}
