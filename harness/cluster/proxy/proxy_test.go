package proxy_test

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
)

func TestPassesEverythingThrough(t *testing.T) {
	for name, framer := range map[string]cluster.Framer{"framed": lines{}, "chunks": nil} {
		t.Run(name, func(t *testing.T) {
			link := openLink(t, startNode(t), framer)
			c := dial(t, link.Addr())
			for i := range 100 {
				text := fmt.Sprint("hello ", i)
				require.Equal(t, "re:"+text, c.ask(t, text))
			}
			long := strings.Repeat("x", 1<<20)
			require.Equal(t, "re:"+long, c.ask(t, long))
		})
	}
}

func TestRepliesFindTheirRequests(t *testing.T) {
	const clients, each = 50, 200
	link := openLink(t, startNode(t), lines{})
	var judged, wrong atomic.Int64
	link.Add(rule{judge: func(m cluster.Message) cluster.Action {
		if !m.Framed {
			wrong.Add(1)
		}
		if m.Reply {
			judged.Add(1)
			if "re:"+string(m.Request) != string(m.Bytes) {
				wrong.Add(1)
			}
			if !strings.HasSuffix(string(m.Bytes), fmt.Sprintf(" %d\n", m.Seq)) {
				wrong.Add(1)
			}
		}
		return cluster.Action{}
	}})
	var group sync.WaitGroup
	for i := range clients {
		c := dial(t, link.Addr())
		group.Go(func() {
			// Half of the clients ask ahead, the others wait for each reply.
			if i%2 == 0 {
				go func() {
					for k := range each {
						fmt.Fprintf(c, "%d %d\n", i, k)
					}
				}()
			}
			for k := range each {
				if i%2 == 1 {
					fmt.Fprintf(c, "%d %d\n", i, k)
				}
				reply, err := c.r.ReadString('\n')
				if err != nil || reply != fmt.Sprintf("re:%d %d\n", i, k) {
					wrong.Add(1)
				}
			}
		})
	}
	group.Wait()
	require.EqualValues(t, clients*each, judged.Load())
	require.Zero(t, wrong.Load())
}

func TestSet(t *testing.T) {
	n := startNode(t)
	set, link := openSet(t, lines{}, map[string]*node{"n1": n, "n2": n})
	require.Equal(t, cluster.Client, link.From())
	require.Equal(t, "n1", link.To())
	_, err := set.Open(cluster.Client, "n1", "client", nil)
	require.ErrorContains(t, err, "link client→n1 exists already")

	second, err := set.Open("n1", "n2", "client", nil)
	require.NoError(t, err)
	require.Equal(t, []cluster.Link{link, second}, set.Links())
	require.Same(t, second, set.Link("n1", "n2"))
	require.Nil(t, set.Link("n2", "n1"), "links are directed")
	second.Add(always(false, cluster.Action{Reset: true}))
	require.Equal(t, "re:x", dial(t, link.Addr()).ask(t, "x"), "a rule is on one link")

	lost, err := set.Open("n1", "n9", "peer", nil)
	require.NoError(t, err)
	requireRefused(t, lost.Addr())

	require.NoError(t, set.Close())
	_, err = set.Open("n2", "n1", "client", nil)
	require.ErrorContains(t, err, "closed")
	require.Error(t, set.Up("n1", "client"))
	set.Down("n1")
}
