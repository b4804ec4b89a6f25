package server_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/systems/ledger/server"
	"github.com/tertium-dev/tertium/systems/ledger/wal"
)

// write writes a register through a node until it is acknowledged.
func (c *testCluster) write(i int, register string, value int) {
	c.await("a write", func() bool {
		return c.do(i, "PUT", "/v1/registers/"+register, "", fmt.Sprintf(`{"value":%d}`, value)).status == http.StatusOK
	})
}

// reads awaits that a node reads a value; reads are linearizable, so only the
// lack of a leader is a reason to wait.
func (c *testCluster) reads(i int, register string, want int) {
	c.t.Helper()
	c.await("a read", func() bool {
		got := c.get(i, "/v1/registers/"+register)
		if got.status == http.StatusOK {
			require.Equal(c.t, number(want), got.body["value"])
		}
		return got.status == http.StatusOK
	})
}

func TestEveryNodeServes(t *testing.T) {
	for _, nodes := range []int{1, 3, 5} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			c := newTestCluster(t, nodes, nil)
			for i := range c.nodes {
				c.write(i, "x", i)
				for j := range c.nodes {
					c.reads(j, "x", i)
				}
			}
		})
	}
}

func TestRestart(t *testing.T) {
	for _, nodes := range []int{1, 3} {
		t.Run(fmt.Sprint(nodes), func(t *testing.T) {
			c := newTestCluster(t, nodes, nil)
			// More than one snapshot's worth.
			for n := range 130 {
				c.write(0, fmt.Sprintf("x%d", n%7), n)
			}
			first := c.do(0, "POST", "/v1/t1/deposits", "k1", `{"account":"a","amount":5}`)
			for i := range c.nodes {
				c.stop(i)
			}
			for i := range c.nodes {
				c.start(i)
			}
			for i := range c.nodes {
				for n := 123; n < 130; n++ {
					c.reads(i, fmt.Sprintf("x%d", n%7), n)
				}
				again := c.do(i, "POST", "/v1/t1/deposits", "k1", `{"account":"a","amount":5}`)
				require.Equal(t, first.original, again.original)
				require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
			}
		})
	}
}

// A node that was away for longer than the others keep their log is brought up
// to date by a snapshot.
func TestSnapshotToFollower(t *testing.T) {
	c := newTestCluster(t, 3, nil)
	away := (c.leader() + 1) % 3
	other := (c.leader() + 2) % 3
	c.do(other, "POST", "/v1/t1/deposits", "k1", `{"account":"a","amount":5}`)
	c.stop(away)
	for n := range 250 {
		c.write(other, fmt.Sprintf("x%d", n%7), n)
	}
	c.start(away)
	c.reads(away, "x4", 249)
	status := c.get(away, "/v1/status").body
	snapshot, err := status["snapshot"].(interface{ Int64() (int64, error) }).Int64()
	require.NoError(t, err)
	require.Greater(t, snapshot, int64(100))
	again := c.do(away, "POST", "/v1/t1/deposits", "k1", `{"account":"a","amount":5}`)
	require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
}

// Whoever leads, the others go on without it, and it catches up.
func TestFailover(t *testing.T) {
	c := newTestCluster(t, 3, nil)
	for round := range 3 {
		leader := c.leader()
		c.stop(leader)
		c.await("another leader", func() bool { return c.leader() >= 0 })
		c.write((leader+1)%3, "x", round)
		c.start(leader)
		c.reads(leader, "x", round)
		c.await("all to follow", func() bool { return c.leader() >= 0 })
	}
}

func TestNoLeaderIsNotTried(t *testing.T) {
	c := newTestCluster(t, 3, nil)
	c.write(0, "x", 1)
	alone := c.leader()
	for i := range c.nodes {
		if i != alone {
			c.stop(i)
		}
	}
	c.await("the leader to notice", func() bool { return c.get(alone, "/v1/status").body["leader"] == "" })
	for _, got := range []reply{
		c.do(alone, "PUT", "/v1/registers/x", "", `{"value":2}`),
		c.do(alone, "POST", "/v1/t1/deposits", "k1", `{"account":"a","amount":5}`),
		c.get(alone, "/v1/registers/x"),
	} {
		require.Equal(t, http.StatusMisdirectedRequest, got.status)
		require.Equal(t, "no-leader", got.body["code"])
	}
	local := c.get(alone, "/v1/registers/x?consistency=local")
	require.Equal(t, number(1), local.body["value"])
	for i := range c.nodes {
		if i != alone {
			c.start(i)
		}
	}
	c.reads(alone, "x", 1)
	require.Equal(t, []any{}, c.get(alone, "/v1/t1/entries").body["entries"])
}

// While no quorum answers, a request under a key is in flight, and then unknown;
// it is still done once, when there is a quorum.
func TestInFlight(t *testing.T) {
	c := newTestCluster(t, 3, func(o *server.Options) {
		// The leader takes its time to notice that it is alone.
		o.Election, o.Timeout = 60, 300*time.Millisecond
	})
	leader := c.leader()
	for i := range c.nodes {
		if i != leader {
			c.stop(i)
		}
	}
	const body = `{"account":"a","amount":5}`
	var first, second reply
	var wait sync.WaitGroup
	wait.Go(func() { first = c.do(leader, "POST", "/v1/t1/deposits", "k1", body) })
	wait.Go(func() { second = c.do(leader, "POST", "/v1/t1/deposits", "k1", body) })
	wait.Wait()
	if first.status == http.StatusConflict {
		first, second = second, first
	}
	require.Equal(t, http.StatusServiceUnavailable, first.status, "%s", first.original)
	require.Equal(t, "unknown", first.body["code"])
	require.Equal(t, http.StatusConflict, second.status, "%s", second.original)
	require.Equal(t, "in-flight", second.body["code"])
	for i := range c.nodes {
		if i != leader {
			c.start(i)
		}
	}
	c.await("the request to be done or repeated", func() bool {
		return c.do(leader, "POST", "/v1/t1/deposits", "k1", body).status == http.StatusCreated
	})
	require.Len(t, c.get(leader, "/v1/t1/entries").body["entries"], 1)
}

func TestDamagedLogIsRefused(t *testing.T) {
	c := newTestCluster(t, 1, nil)
	c.write(0, "x", 1)
	c.write(0, "x", 2)
	c.stop(0)
	path := filepath.Join(c.dir, "n1", wal.Name)
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	data[len(data)/3] ^= 1
	require.NoError(t, os.WriteFile(path, data, 0o600))
	c.start(0)
	node := c.nodes[0]
	require.ErrorIs(t, <-node.ended, wal.ErrDamaged)
	node.stop = nil
}
