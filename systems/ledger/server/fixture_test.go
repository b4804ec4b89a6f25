package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/systems/ledger/server"
)

// testCluster is a few nodes in this process, each on loopback ports and in a
// folder of its own.
type testCluster struct {
	t     *testing.T
	dir   string
	nodes []*testNode
	// configure, if set, changes the options of every node.
	configure func(*server.Options)
}

type testNode struct {
	name         string
	client, peer string
	stop         context.CancelFunc
	ended        chan error
}

func newTestCluster(t *testing.T, nodes int, configure func(*server.Options)) *testCluster {
	c := &testCluster{t: t, dir: t.TempDir(), configure: configure}
	for i := range nodes {
		c.nodes = append(c.nodes, &testNode{name: fmt.Sprintf("n%d", i+1), client: freeAddr(t), peer: freeAddr(t)})
	}
	for i := range nodes {
		c.start(i)
	}
	t.Cleanup(func() {
		for i := range c.nodes {
			c.stop(i)
		}
	})
	c.await("a leader", func() bool { return c.leader() >= 0 })
	return c
}

// freeAddr returns an address that was free a moment ago.
func freeAddr(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func (c *testCluster) start(i int) {
	node := c.nodes[i]
	options := server.Options{
		ID: node.name, Data: filepath.Join(c.dir, node.name), Peers: map[string]string{},
		Timeout: 2 * time.Second, Tick: 10 * time.Millisecond, Election: 10,
		KeyTTL: 24 * time.Hour, SnapshotEvery: 50,
	}
	for _, other := range c.nodes {
		if other != node {
			options.Peers[other.name] = other.peer
		}
	}
	if c.configure != nil {
		c.configure(&options)
	}
	clients, err := net.Listen("tcp", node.client)
	require.NoError(c.t, err)
	peers, err := net.Listen("tcp", node.peer)
	require.NoError(c.t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		ended <- server.Run(ctx, options, clients, peers, log.New(io.Discard, "", 0))
	}()
	node.stop, node.ended = cancel, ended
}

func (c *testCluster) stop(i int) {
	node := c.nodes[i]
	if node.stop == nil {
		return
	}
	node.stop()
	require.NoError(c.t, <-node.ended)
	node.stop = nil
}

// await waits until a condition holds.
func (c *testCluster) await(what string, holds func() bool) {
	c.t.Helper()
	require.Eventually(c.t, holds, 20*time.Second, 5*time.Millisecond, what)
}

// leader returns the index of the node that leads and that all nodes which run
// follow, or -1.
func (c *testCluster) leader() int {
	leader, followers, running := -1, 0, 0
	for i, node := range c.nodes {
		if node.stop == nil {
			continue
		}
		running++
		status := c.get(i, "/v1/status")
		if status.body["role"] == "leader" {
			leader = i
		}
		if status.body["leader"] != "" {
			followers++
		}
	}
	if followers < running {
		return -1
	}
	return leader
}

// reply is what a request came to.
type reply struct {
	status   int
	body     map[string]any
	header   http.Header
	err      error
	original []byte
}

func (c *testCluster) get(i int, path string) reply {
	return c.do(i, "GET", path, "", "")
}

func (c *testCluster) do(i int, method, path, key, body string) reply {
	request, err := http.NewRequest(method, "http://"+c.nodes[i].client+path, strings.NewReader(body))
	require.NoError(c.t, err)
	if key != "" {
		request.Header.Set("Idempotency-Key", key)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return reply{err: err}
	}
	defer response.Body.Close()
	data, err := io.ReadAll(response.Body)
	if err != nil {
		return reply{err: err}
	}
	r := reply{status: response.StatusCode, header: response.Header, original: data}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&r.body); err != nil {
		r.err = err
	}
	return r
}
