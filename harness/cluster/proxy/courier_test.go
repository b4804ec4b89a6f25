package proxy_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// copied is a rule that makes copies of each request, and tells what became of
// them.
func copied(told chan<- bool, copies ...cluster.Copy) cluster.Rule {
	for i := range copies {
		copies[i].Done = func(delivered bool) { told <- delivered }
	}
	return always(false, cluster.Action{Copies: copies})
}

func TestCopiesAreDeliveredToo(t *testing.T) {
	n1, n2 := startNode(t), startNode(t)
	_, link := openSet(t, lines{}, map[string]*node{"n1": n1, "n2": n2})
	told := make(chan bool, 10)
	link.Add(copied(told,
		cluster.Copy{},
		cluster.Copy{After: 10 * time.Millisecond},
		cluster.Copy{To: "n2"},
	))
	c := dial(t, link.Addr())
	require.Equal(t, "re:x", c.ask(t, "x"))
	for range 3 {
		require.True(t, <-told)
	}
	require.Equal(t, []string{"x", "x", "x"}, []string{n1.next(), n1.next(), n1.next()})
	require.Equal(t, "x", n2.next())
	require.Empty(t, n1.came)
	require.Empty(t, n2.came)
	// The client has seen nothing of it.
	require.NoError(t, c.CloseWrite())
	c.requireEnd(t)
}

func TestCopyOfADroppedRequestStillArrives(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	told := make(chan bool, 1)
	link.Add(copied(told, cluster.Copy{}))
	link.Add(always(false, cluster.Action{Drop: true}))
	dial(t, link.Addr()).send(t, "late")
	require.True(t, <-told)
	require.Equal(t, "late", n.next())
	require.Empty(t, n.came)
}

func TestCopiesThatCannotBeDelivered(t *testing.T) {
	silent := func(c net.Conn) error {
		_, err := io.Copy(io.Discard, c)
		return err
	}
	tests := map[string]struct {
		framer cluster.Framer
		copy   cluster.Copy
		handle func(net.Conn) error
	}{
		"to no node":       {lines{}, cluster.Copy{To: "n9"}, nil},
		"to a node down":   {lines{}, cluster.Copy{To: "n2"}, nil},
		"of a chunk":       {nil, cluster.Copy{}, nil},
		"hung up on":       {lines{}, cluster.Copy{To: "n3"}, func(net.Conn) error { return nil }},
		"after the end":    {lines{}, cluster.Copy{After: time.Hour}, nil},
		"never answered":   {lines{}, cluster.Copy{To: "n3"}, silent},
		"answered wrongly": {lying{reply: true}, cluster.Copy{}, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n1, n2 := startNode(t), startNode(t)
			n2.stop()
			n3 := startNodeThat(t, test.handle)
			set, link := openSet(t, test.framer, map[string]*node{"n1": n1, "n2": n2, "n3": n3})
			told := make(chan bool, 10)
			link.Add(copied(told, test.copy))
			require.Equal(t, "re:x", dial(t, link.Addr()).ask(t, "x"))
			if strings.HasPrefix(name, "after") || strings.HasPrefix(name, "never") {
				require.Empty(t, told)
				require.NoError(t, set.Close())
			}
			require.False(t, <-told)
			require.Empty(t, told, "told once")
		})
	}
}

func TestCopiesAreBounded(t *testing.T) {
	const requests, each = 100, 100
	n := startNode(t)
	set, link := openSet(t, lines{}, map[string]*node{"n1": n})
	var delivered, refused atomic.Int64
	var copies []cluster.Copy
	for range each {
		copies = append(copies, cluster.Copy{After: time.Hour, Done: func(ok bool) {
			if ok {
				delivered.Add(1)
			} else {
				refused.Add(1)
			}
		}})
	}
	link.Add(always(false, cluster.Action{Copies: copies}))
	var group sync.WaitGroup
	for i := range 10 {
		c := dial(t, link.Addr())
		group.Go(func() {
			for k := range requests / 10 {
				text := fmt.Sprintln(i, k)
				if _, err := io.WriteString(c, text); err != nil {
					t.Error(err)
				}
				if reply, err := c.r.ReadString('\n'); reply != "re:"+text {
					t.Error(reply, err)
				}
			}
		})
	}
	group.Wait()
	require.EqualValues(t, requests*each-4096, refused.Load(), "as many wait as may")
	require.NoError(t, set.Close())
	require.Zero(t, delivered.Load())
	require.EqualValues(t, requests*each, refused.Load(), "each is told")
}
