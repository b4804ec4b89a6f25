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

// cut is a rule that drops everything while it is on.
func cut() cluster.Rule {
	return rule{
		dial:  func() cluster.Action { return cluster.Action{Drop: true} },
		judge: func(cluster.Message) cluster.Action { return cluster.Action{Drop: true} },
	}
}

// dropped counts what a rule drops.
func dropped(inner cluster.Rule, count chan<- struct{}) cluster.Rule {
	return rule{dial: inner.Dial, judge: func(m cluster.Message) cluster.Action {
		a := inner.Judge(m)
		if a.Drop {
			count <- struct{}{}
		}
		return a
	}}
}

func TestStreamThatLostBytesIsResetWhenHealed(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, nil)
	torn, whole := dial(t, link.Addr()), dial(t, link.Addr())
	torn.ask(t, "a")
	whole.ask(t, "b")
	drops := make(chan struct{}, 10)
	heal := link.Add(dropped(cut(), drops))
	torn.send(t, "lost")
	<-drops
	heal()
	torn.requireReset(t)
	require.ErrorIs(t, n.end(), syscall.ECONNRESET)
	require.Equal(t, "re:c", whole.ask(t, "c"), "a stream that lost nothing goes on")
	require.Equal(t, []string{"a", "b", "c"}, []string{n.next(), n.next(), n.next()})
}

func TestStreamHealsOnlyWhenEveryRuleThatTookFromItIsOff(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, nil)
	c := dial(t, link.Addr())
	c.ask(t, "a")
	drops := make(chan struct{}, 10)
	first, second := link.Add(cut()), link.Add(dropped(cut(), drops))
	c.send(t, "lost")
	<-drops
	first()
	c.send(t, "lost too") // is still swallowed, not reset
	<-drops
	second()
	c.requireReset(t)
}

func TestStreamThatLosesBytesAfterTheHealIsReset(t *testing.T) {
	link := openLink(t, startNode(t), nil)
	drops := make(chan struct{}, 1)
	heal := link.Add(dropped(always(false, cluster.Action{Drop: true, Delay: 20 * time.Millisecond}), drops))
	c := dial(t, link.Addr())
	c.send(t, "held, and then lost")
	<-drops
	heal()
	c.requireReset(t)
}

func TestStreamWithAGapIsResetByWhatWouldPass(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, nil)
	var once atomic.Bool
	drops := make(chan struct{}, 1)
	link.Add(dropped(rule{judge: func(m cluster.Message) cluster.Action {
		return cluster.Action{Drop: !m.Reply && once.CompareAndSwap(false, true)}
	}}, drops))
	c := dial(t, link.Addr())
	c.send(t, "lost")
	<-drops
	c.send(t, "after the gap")
	c.requireReset(t)
	require.Error(t, n.end())
	require.Empty(t, n.came)
}

func TestOneWayCutLetsTheOtherWayPass(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, nil)
	heal := link.Add(always(true, cluster.Action{Drop: true}))
	c := dial(t, link.Addr())
	for i := range 5 {
		c.send(t, fmt.Sprint(i))
		require.Equal(t, fmt.Sprint(i), n.next())
	}
	heal()
	c.requireReset(t)
}

func TestEndBehindAGapIsNotSeen(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, nil)
	c := dial(t, link.Addr())
	c.ask(t, "a")
	drops := make(chan struct{}, 1)
	heal := link.Add(dropped(cut(), drops))
	c.send(t, "lost")
	<-drops
	require.NoError(t, c.Close())
	heal()
	require.ErrorIs(t, n.end(), syscall.ECONNRESET, "not an orderly end, as if nothing were missing")
}

func TestFramedConnectionSurvivesACut(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	c := dial(t, link.Addr())
	c.ask(t, "a")
	drops := make(chan struct{}, 10)
	heal := link.Add(dropped(cut(), drops))
	c.send(t, "lost")
	<-drops
	heal()
	require.Equal(t, "re:b", c.ask(t, "b"))
	require.Equal(t, []string{"a", "b"}, []string{n.next(), n.next()})
}

func TestHalfCloseIsForwarded(t *testing.T) {
	for name, framer := range map[string]cluster.Framer{"framed": lines{}, "chunks": nil} {
		t.Run(name, func(t *testing.T) {
			// A node that answers only once it has seen the end of the request.
			n := startNodeThat(t, func(c net.Conn) error {
				all, err := io.ReadAll(c)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(c, "* %d bytes and no newline", len(all))
				return err
			})
			link := openLink(t, n, framer)
			var replies atomic.Int64
			link.Add(rule{judge: func(m cluster.Message) cluster.Action {
				if m.Reply && m.Framed {
					replies.Add(1)
				}
				return cluster.Action{}
			}})
			c := dial(t, link.Addr())
			c.send(t, "hello")
			require.NoError(t, c.CloseWrite())
			got, err := io.ReadAll(c.r)
			require.NoError(t, err)
			require.Equal(t, "* 6 bytes and no newline", string(got))
			require.NoError(t, n.end())
			require.Equal(t, framer != nil, replies.Load() == 1, "the end of the stream ended the reply")
		})
	}
}

func TestNodeThatEndsFirst(t *testing.T) {
	for _, reset := range []bool{false, true} {
		t.Run(fmt.Sprint("reset ", reset), func(t *testing.T) {
			n := startNodeThat(t, func(c net.Conn) error {
				buf := make([]byte, 6)
				if _, err := io.ReadFull(c, buf); err != nil {
					return err
				}
				_, err := io.WriteString(c, "bye")
				if reset {
					c.(*net.TCPConn).SetLinger(0)
				}
				return err
			})
			link := openLink(t, n, nil)
			c := dial(t, link.Addr())
			c.send(t, "hello")
			got, err := io.ReadAll(c.r)
			require.Equal(t, "bye", string(got), "what came before the end arrives")
			if reset {
				require.ErrorIs(t, err, syscall.ECONNRESET)
			} else {
				require.NoError(t, err)
			}
		})
	}
}

func TestClientThatResetsIsSeenToReset(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	c := dial(t, link.Addr())
	c.ask(t, "x")
	require.NoError(t, c.SetLinger(0))
	require.NoError(t, c.Close())
	require.ErrorIs(t, n.end(), syscall.ECONNRESET)
}

func TestStreamThatIsNotUnderstoodPassesAsChunks(t *testing.T) {
	tests := map[string]struct {
		framer cluster.Framer
		send   string
		times  int
		reason string
	}{
		"error":    {lines{}, "?what", 3, "a question"},
		"too far":  {lying{}, "x", 3, "found a message of 1002 bytes in 2"},
		"negative": {lying{negative: true}, "x", 3, "found a message of -1 bytes in 2"},
		"endless":  {lying{endless: true}, strings.Repeat("x", 16<<20), 1, "no end of a message"},
		"reply":    {lying{reply: true}, "x", 3, "not even a reply"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			n := startNode(t)
			link := openLink(t, n, test.framer)
			count, err := link.Misread()
			require.Zero(t, count)
			require.NoError(t, err)
			c := dial(t, link.Addr())
			for range test.times {
				require.True(t, c.ask(t, test.send) == "re:"+test.send)
			}
			count, err = link.Misread()
			require.EqualValues(t, 1, count, "once a connection")
			require.ErrorContains(t, err, test.reason)

			// Such a connection is cut like any other stream.
			drops := make(chan struct{}, 10)
			heal := link.Add(dropped(cut(), drops))
			c.send(t, "lost")
			<-drops
			heal()
			c.requireReset(t)
		})
	}
}

// lying is a framer with something wrong.
type lying struct{ negative, endless, reply bool }

func (lying) Name() string { return "lies" }

func (l lying) Request(sent []byte) (int, error) {
	switch {
	case l.negative:
		return -1, nil
	case l.endless:
		return 0, nil
	case l.reply:
		return lines{}.Request(sent)
	}
	return len(sent) + 1000, nil
}

func (l lying) Reply(received, request []byte, ended bool) (int, error) {
	if l.reply {
		return 0, fmt.Errorf("not even a reply")
	}
	return lines{}.Reply(received, request, ended)
}

func TestReplyThatNobodyAskedFor(t *testing.T) {
	n := startNodeThat(t, func(c net.Conn) error {
		_, err := io.WriteString(c, "welcome\n")
		return err
	})
	link := openLink(t, n, lines{})
	c := dial(t, link.Addr())
	require.Equal(t, "welcome", c.receive(t))
	c.requireEnd(t)
	_, err := link.Misread()
	require.ErrorContains(t, err, "answers no request")
}
