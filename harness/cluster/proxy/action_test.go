package proxy_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// only is a rule for messages of one direction that begin with that text.
func only(reply bool, text string, a cluster.Action) cluster.Rule {
	return rule{judge: func(m cluster.Message) cluster.Action {
		if m.Reply != reply || !strings.HasPrefix(string(m.Bytes), text) {
			return cluster.Action{}
		}
		return a
	}}
}

func TestDelayHoldsAMessageAndThoseBehindIt(t *testing.T) {
	for _, reply := range []bool{false, true} {
		t.Run(fmt.Sprint("reply ", reply), func(t *testing.T) {
			n := startNode(t)
			link := openLink(t, n, lines{})
			link.Add(only(reply, map[bool]string{false: "held", true: "re:held"}[reply],
				cluster.Action{Delay: time.Hour}))
			slow, quick := dial(t, link.Addr()), dial(t, link.Addr())
			slow.send(t, "held")
			slow.send(t, "behind")
			for i := range 100 {
				quick.ask(t, fmt.Sprint("quick ", i))
			}
			if reply {
				// Both requests came, and neither reply.
				seen := map[string]bool{}
				for range 102 {
					seen[n.next()] = true
				}
				require.True(t, seen["held"] && seen["behind"])
			} else {
				for range 100 {
					require.Contains(t, n.next(), "quick")
				}
			}
			require.Equal(t, 2, link.Reset(), "a connection whose message is held is open")
			slow.requireReset(t)
			quick.requireReset(t)
		})
	}
}

func TestDelayedMessagesKeepTheirOrder(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	link.Add(rule{judge: func(m cluster.Message) cluster.Action {
		// Each is held for less time than the one before it.
		return cluster.Action{Delay: time.Duration(20-m.Seq) * time.Millisecond}
	}})
	c := dial(t, link.Addr())
	for i := range 20 {
		c.send(t, fmt.Sprint(i))
	}
	for i := range 20 {
		require.Equal(t, fmt.Sprint("re:", i), c.receive(t))
	}
}

func TestDelayedRequestArrivesAfterItsClientHasGone(t *testing.T) {
	for _, reset := range []bool{false, true} {
		t.Run(fmt.Sprint("reset ", reset), func(t *testing.T) {
			n := startNode(t)
			link := openLink(t, n, lines{})
			judged := make(chan struct{})
			link.Add(rule{judge: func(m cluster.Message) cluster.Action {
				if !m.Reply {
					close(judged)
				}
				return cluster.Action{Delay: 50 * time.Millisecond}
			}})
			c := dial(t, link.Addr())
			c.send(t, "late")
			<-judged
			if reset {
				require.NoError(t, c.SetLinger(0))
			}
			require.NoError(t, c.Close())
			require.Equal(t, "late", n.next())
			require.Equal(t, reset, n.end() != nil, "the node sees the same end")
		})
	}
}

func TestDroppedRequestNeverArrives(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	remove := link.Add(only(false, "lost", cluster.Action{Drop: true}))
	c := dial(t, link.Addr())
	c.send(t, "lost")
	// The connection is as before, and replies still find their requests.
	require.Equal(t, "re:a", c.ask(t, "a"))
	remove()
	remove()
	require.Equal(t, "re:lost", c.ask(t, "lost"))
	require.Equal(t, []string{"a", "lost"}, []string{n.next(), n.next()})
}

func TestDroppedReplyNeverComes(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	var asked atomic.Value
	link.Add(rule{judge: func(m cluster.Message) cluster.Action {
		if m.Reply && string(m.Request) == "swallow\n" {
			asked.Store(m)
			return cluster.Action{Drop: true}
		}
		return cluster.Action{}
	}})
	c := dial(t, link.Addr())
	require.Equal(t, "re:a", c.ask(t, "a"))
	c.send(t, "swallow")
	require.Equal(t, "re:b", c.ask(t, "b"))
	require.Equal(t, []string{"a", "swallow", "b"}, []string{n.next(), n.next(), n.next()})
	require.EqualValues(t, 1, asked.Load().(cluster.Message).Seq)
}

func TestResetInsteadOfARequest(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	link.Add(only(false, "bad", cluster.Action{Reset: true}))
	c := dial(t, link.Addr())
	c.ask(t, "good")
	c.send(t, "bad")
	c.requireReset(t)
	require.ErrorIs(t, n.end(), syscall.ECONNRESET)
	require.Equal(t, "good", n.next())
	require.Empty(t, n.came)
	require.Zero(t, link.Reset(), "a connection that was reset is open no more")
}

func TestResetInsteadOfAReply(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	link.Add(only(true, "re:bad", cluster.Action{Reset: true}))
	c := dial(t, link.Addr())
	c.send(t, "bad")
	c.requireReset(t)
	require.Equal(t, "bad", n.next())
}

func TestResetAfterPassesAllOfTheMessageFirst(t *testing.T) {
	long := strings.Repeat("x", 4<<20)
	n := startNode(t)
	link := openLink(t, n, lines{})
	link.Add(always(true, cluster.Action{ResetAfter: true}))
	c := dial(t, link.Addr())
	require.Equal(t, "re:"+long, c.ask(t, long))
	c.requireReset(t)
}

func TestResetAfterARequest(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	link.Add(always(false, cluster.Action{ResetAfter: true}))
	c := dial(t, link.Addr())
	c.send(t, "x")
	c.requireReset(t)
	require.Equal(t, "x", n.next())
}

func TestKeepTruncates(t *testing.T) {
	t.Run("reply", func(t *testing.T) {
		n := startNode(t)
		link := openLink(t, n, lines{})
		link.Add(always(true, cluster.Action{Keep: 4}))
		c := dial(t, link.Addr())
		c.send(t, "abc")
		got, err := io.ReadAll(c.r)
		require.NoError(t, err)
		require.Equal(t, "re:a", string(got))
		require.NoError(t, n.end())
	})
	t.Run("request", func(t *testing.T) {
		n := startNode(t)
		link := openLink(t, n, lines{})
		link.Add(always(false, cluster.Action{Keep: 2}))
		c := dial(t, link.Addr())
		c.send(t, "abc")
		c.requireEnd(t)
		require.Equal(t, "ab", n.next())
	})
	t.Run("more than there is", func(t *testing.T) {
		link := openLink(t, startNode(t), lines{})
		link.Add(always(true, cluster.Action{Keep: 1000}))
		c := dial(t, link.Addr())
		require.Equal(t, "re:abc", c.ask(t, "abc"))
		c.requireEnd(t)
	})
}

func TestBeforeIsCalledBeforeTheReplyIsSeen(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	called, goOn := make(chan struct{}), make(chan struct{})
	link.Add(always(true, cluster.Action{Before: func() { close(called); <-goOn }}))
	c := dial(t, link.Addr())
	c.send(t, "x")
	<-called
	require.Equal(t, "x", n.next(), "the node has answered by now")
	replied := make(chan string)
	go func() {
		line, _ := c.r.ReadString('\n')
		replied <- line
	}()
	select {
	case <-replied:
		t.Fatal("the reply must wait")
	default:
	}
	close(goOn)
	require.Equal(t, "re:x\n", <-replied)
}

func TestKillAtTheAck(t *testing.T) {
	for name, action := range map[string]cluster.Action{
		"reset": {Reset: true},
		"drop":  {Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			n := startNode(t)
			link := openLink(t, n, lines{})
			action.Before = n.stop
			link.Add(always(true, action))
			c := dial(t, link.Addr())
			c.send(t, "x")
			rest, _ := io.ReadAll(c.r)
			require.Empty(t, rest, "the client is never told")
			require.Equal(t, "x", n.next())
		})
	}
}

func TestActionsOfSeveralRulesAddUp(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	var order []string
	note := func(s string) func() { return func() { order = append(order, s) } }
	link.Add(always(true, cluster.Action{Before: note("first"), Keep: 5}))
	link.Add(always(true, cluster.Action{Before: note("second"), Keep: 3}))
	link.Add(always(true, cluster.Action{}))
	c := dial(t, link.Addr())
	c.send(t, "x")
	got, err := io.ReadAll(c.r)
	require.NoError(t, err)
	require.Equal(t, "re:", string(got))
	require.Equal(t, []string{"first", "second"}, order)

	link.Add(always(false, cluster.Action{Drop: true}))
	link.Add(always(false, cluster.Action{Delay: -time.Hour}))
	link.Add(always(false, cluster.Action{Reset: true}))
	c = dial(t, link.Addr())
	c.send(t, "y")
	c.requireReset(t)
}

// requireRefused finds that a connection is reset as soon as it is there, or
// even sooner.
func requireRefused(t *testing.T, addr string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err == nil {
		defer c.Close()
		require.NoError(t, c.SetDeadline(time.Now().Add(patience)))
		_, err = c.Read(make([]byte, 1))
	}
	require.ErrorIs(t, err, syscall.ECONNRESET)
}

func TestDial(t *testing.T) {
	asked := make(chan struct{}, 100)
	dialing := func(a cluster.Action) cluster.Rule {
		return rule{dial: func() cluster.Action {
			asked <- struct{}{}
			return a
		}}
	}
	t.Run("reset", func(t *testing.T) {
		n := startNode(t)
		link := openLink(t, n, lines{})
		link.Add(dialing(cluster.Action{Reset: true}))
		requireRefused(t, link.Addr())
		<-asked
	})
	t.Run("drop", func(t *testing.T) {
		n := startNode(t)
		link := openLink(t, n, lines{})
		remove := link.Add(dialing(cluster.Action{Drop: true}))
		c, gone := dial(t, link.Addr()), dial(t, link.Addr())
		<-asked
		<-asked
		c.send(t, "into the void")
		require.NoError(t, gone.Close())
		remove()
		c.requireReset(t)
		require.Equal(t, "re:x", dial(t, link.Addr()).ask(t, "x"))
		require.Equal(t, "x", n.next(), "what was sent into the void never arrives")
	})
	t.Run("delay", func(t *testing.T) {
		link := openLink(t, startNode(t), lines{})
		remove := link.Add(dialing(cluster.Action{Delay: time.Hour}))
		c := dial(t, link.Addr())
		<-asked
		c.send(t, "x")
		remove()
		quick := dial(t, link.Addr())
		quick.ask(t, "y")
		require.NoError(t, quick.Close())
		require.NotZero(t, link.Reset())
		c.requireReset(t)
	})
	t.Run("short delay", func(t *testing.T) {
		link := openLink(t, startNode(t), lines{})
		link.Add(dialing(cluster.Action{Delay: time.Millisecond}))
		require.Equal(t, "re:x", dial(t, link.Addr()).ask(t, "x"))
	})
	t.Run("before", func(t *testing.T) {
		n := startNode(t)
		link := openLink(t, n, lines{})
		link.Add(dialing(cluster.Action{Before: n.stop}))
		requireRefused(t, link.Addr())
	})
}

func TestReset(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	var cs []client
	for i := range 10 {
		c := dial(t, link.Addr())
		c.ask(t, fmt.Sprint(i))
		cs = append(cs, c)
	}
	require.Equal(t, 10, link.Reset())
	for _, c := range cs {
		c.requireReset(t)
	}
	require.Zero(t, link.Reset())
	dial(t, link.Addr()).ask(t, "again")
}

func TestNodeThatIsDown(t *testing.T) {
	n := startNode(t)
	set, link := openSet(t, lines{}, map[string]*node{"n1": n})
	open := dial(t, link.Addr())
	open.ask(t, "x")

	set.Down("n1")
	set.Down("n1")
	_, err := net.Dial("tcp", link.Addr())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.Equal(t, "re:y", open.ask(t, "y"), "what is open goes on")

	require.NoError(t, set.Up("n1", "other port"))
	_, err = net.Dial("tcp", link.Addr())
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NoError(t, set.Up("n1", "client"))
	require.NoError(t, set.Up("n1", "client"))
	require.Equal(t, "re:z", dial(t, link.Addr()).ask(t, "z"))

	// Nobody said that it is down, and it is.
	n.stop()
	requireRefused(t, link.Addr())
}
