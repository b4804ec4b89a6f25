package proxy_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/proxy"
)

// BenchmarkRoundTrip is one small request and reply on one connection, with and
// without a link between.
func BenchmarkRoundTrip(b *testing.B) {
	echo := echoServer(b)
	for _, way := range ways(b, echo) {
		b.Run(way.name, func(b *testing.B) {
			c, err := net.Dial("tcp", way.addr)
			require.NoError(b, err)
			defer c.Close()
			request := append(make([]byte, 63), '\n')
			reply := make([]byte, len(request))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.Write(request); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(c, reply); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkThroughput is one stream there and back.
func BenchmarkThroughput(b *testing.B) {
	echo := echoServer(b)
	const block = 1 << 20
	for _, way := range ways(b, echo) {
		if way.name == "framed" {
			continue // a message of such a size is no stream
		}
		b.Run(way.name, func(b *testing.B) {
			c, err := net.Dial("tcp", way.addr)
			require.NoError(b, err)
			defer c.Close()
			out, in := make([]byte, block), make([]byte, block)
			b.SetBytes(block)
			b.ReportAllocs()
			for b.Loop() {
				go c.Write(out)
				if _, err := io.ReadFull(c, in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkConnect is a connection with one request.
func BenchmarkConnect(b *testing.B) {
	echo := echoServer(b)
	for _, way := range ways(b, echo) {
		b.Run(way.name, func(b *testing.B) {
			request, reply := []byte("hello\n"), make([]byte, 6)
			b.ReportAllocs()
			for b.Loop() {
				c, err := net.Dial("tcp", way.addr)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := c.Write(request); err != nil {
					b.Fatal(err)
				}
				if _, err := io.ReadFull(c, reply); err != nil {
					b.Fatal(err)
				}
				// A reset leaves no socket waiting behind.
				c.(*net.TCPConn).SetLinger(0)
				c.Close()
			}
		})
	}
}

type way struct{ name, addr string }

func ways(b *testing.B, echo string) []way {
	set := proxy.New(func(string, string) (string, error) { return echo, nil })
	b.Cleanup(func() { require.NoError(b, set.Close()) })
	framed, err := set.Open(cluster.Client, "n1", "client", lines{})
	require.NoError(b, err)
	chunks, err := set.Open("n2", "n1", "peer", nil)
	require.NoError(b, err)
	return []way{{"direct", echo}, {"chunks", chunks.Addr()}, {"framed", framed.Addr()}}
}

func echoServer(b *testing.B) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	b.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
			}()
		}
	}()
	return l.Addr().String()
}
