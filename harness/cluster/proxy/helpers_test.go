package proxy_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/proxy"
)

// patience bounds every wait in these tests. No test passes by waiting for it.
const patience = 20 * time.Second

// lines is a protocol of one line a request and one line a reply. A line that
// begins with "?" is not understood, and a reply that begins with "*" lasts
// until the end of the stream.
type lines struct{}

func (lines) Name() string { return "lines" }

func (lines) Request(sent []byte) (int, error) {
	if bytes.HasPrefix(sent, []byte("?")) {
		return 0, errors.New("a question")
	}
	return bytes.IndexByte(sent, '\n') + 1, nil
}

func (lines) Reply(received, _ []byte, ended bool) (int, error) {
	if bytes.HasPrefix(received, []byte("*")) {
		if ended {
			return len(received), nil
		}
		return 0, nil
	}
	return bytes.IndexByte(received, '\n') + 1, nil
}

// rule is a rule made of functions.
type rule struct {
	dial  func() cluster.Action
	judge func(cluster.Message) cluster.Action
}

func (r rule) Dial() cluster.Action {
	if r.dial == nil {
		return cluster.Action{}
	}
	return r.dial()
}

func (r rule) Judge(m cluster.Message) cluster.Action {
	if r.judge == nil {
		return cluster.Action{}
	}
	return r.judge(m)
}

// always is a rule that does the same with every message in one direction.
func always(reply bool, a cluster.Action) cluster.Rule {
	return rule{judge: func(m cluster.Message) cluster.Action {
		if m.Reply != reply {
			return cluster.Action{}
		}
		return a
	}}
}

// node is a server of the lines protocol that answers "x" with "re:x".
type node struct {
	t        *testing.T
	listener net.Listener
	running  sync.WaitGroup
	came     chan string // requests, in order of arrival
	ends     chan error  // how connections ended, nil for orderly
	handle   func(net.Conn) error

	mu    sync.Mutex
	conns map[net.Conn]bool
}

func startNode(t *testing.T) *node { return startNodeThat(t, nil) }

// startNodeThat handles connections in another way than the protocol's.
func startNodeThat(t *testing.T, handle func(net.Conn) error) *node {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n := &node{
		t: t, listener: l, conns: map[net.Conn]bool{}, handle: handle,
		came: make(chan string, 1<<16), ends: make(chan error, 1<<16),
	}
	if handle == nil {
		n.handle = n.answer
	}
	n.running.Go(n.serve)
	t.Cleanup(n.stop)
	return n
}

func (n *node) addr() string { return n.listener.Addr().String() }

func (n *node) serve() {
	for {
		c, err := n.listener.Accept()
		if err != nil {
			return
		}
		n.mu.Lock()
		n.conns[c] = true
		n.mu.Unlock()
		n.running.Go(func() {
			defer c.Close()
			n.ends <- n.handle(c)
		})
	}
}

func (n *node) answer(c net.Conn) error {
	r := bufio.NewReader(c)
	for {
		text, err := r.ReadString('\n')
		if text != "" {
			n.came <- text
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := io.WriteString(c, "re:"+text); err != nil {
			return err
		}
	}
}

// next is the next request that comes.
func (n *node) next() string {
	n.t.Helper()
	select {
	case text := <-n.came:
		return strings.TrimSuffix(text, "\n")
	case <-time.After(patience):
		n.t.Fatal("no request came")
		return ""
	}
}

// end is how the next connection ends.
func (n *node) end() error {
	n.t.Helper()
	select {
	case err := <-n.ends:
		return err
	case <-time.After(patience):
		n.t.Fatal("no connection ended")
		return nil
	}
}

func (n *node) stop() {
	n.listener.Close()
	n.mu.Lock()
	for c := range n.conns {
		c.Close()
	}
	n.mu.Unlock()
	n.running.Wait()
}

// openLink opens a set with one link to the node and closes it when the test
// ends, after which nothing of it may run any more.
func openLink(t *testing.T, n *node, framer cluster.Framer) *proxy.Link {
	_, link := openSet(t, framer, map[string]*node{"n1": n})
	return link
}

func openSet(t *testing.T, framer cluster.Framer, nodes map[string]*node) (*proxy.Set, *proxy.Link) {
	before := runtime.NumGoroutine()
	set := proxy.New(func(name, port string) (string, error) {
		if n := nodes[name]; n != nil && port == "client" {
			return n.addr(), nil
		}
		return "", fmt.Errorf("no port %s of node %s", port, name)
	})
	link, err := set.Open(cluster.Client, "n1", "client", framer)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, set.Close())
		require.NoError(t, set.Close())
		for _, n := range nodes {
			n.stop()
		}
		requireGoroutines(t, before)
	})
	return set, link
}

// requireGoroutines waits until no more goroutines run than before.
func requireGoroutines(t *testing.T, before int) {
	t.Helper()
	// Eventually would run a goroutine of its own.
	for deadline := time.Now().Add(patience); runtime.NumGoroutine() > before; {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("goroutines are left:\n%s", stacks[:runtime.Stack(stacks, true)])
		}
		time.Sleep(time.Millisecond)
	}
}

// client is one connection that gives up waiting after patience.
type client struct {
	*net.TCPConn
	r *bufio.Reader
}

func dial(t *testing.T, addr string) client {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
	t.Cleanup(func() { c.Close() })
	return client{c.(*net.TCPConn), bufio.NewReader(c)}
}

func (c client) ask(t *testing.T, text string) string {
	t.Helper()
	c.send(t, text)
	return c.receive(t)
}

func (c client) send(t *testing.T, text string) {
	t.Helper()
	_, err := io.WriteString(c, text+"\n")
	require.NoError(t, err)
}

// receive reads a reply.
func (c client) receive(t *testing.T) string {
	t.Helper()
	reply, err := c.r.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSuffix(reply, "\n")
}

// requireReset reads on and finds that the connection was reset.
func (c client) requireReset(t *testing.T) {
	t.Helper()
	rest, err := io.ReadAll(c.r)
	require.ErrorIs(t, err, syscall.ECONNRESET)
	require.Empty(t, rest)
}

// requireEnd reads on and finds that the connection was closed in order.
func (c client) requireEnd(t *testing.T) {
	t.Helper()
	rest, err := io.ReadAll(c.r)
	require.NoError(t, err)
	require.Empty(t, rest)
}
