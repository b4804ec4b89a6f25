package proxy_test

import (
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// greetedLines is lines behind a line that the server says first.
type greetedLines struct{ lines }

func (greetedLines) Greets() bool { return true }

func TestGreetingAnswersNoRequest(t *testing.T) {
	var n *node
	n = startNodeThat(t, func(c net.Conn) error {
		if _, err := io.WriteString(c, "welcome\n"); err != nil {
			return err
		}
		return n.answer(c)
	})
	link := openLink(t, n, greetedLines{})
	seen := make(chan string, 100)
	link.Add(rule{judge: func(m cluster.Message) cluster.Action {
		seen <- fmt.Sprint(m.Seq, m.Reply, m.Framed, " ", string(m.Request), string(m.Bytes))
		return cluster.Action{}
	}})
	c := dial(t, link.Addr())
	require.Equal(t, "welcome", c.receive(t))
	require.Equal(t, "0 true true welcome\n", <-seen)
	for i, text := range []string{"a", "b"} {
		require.Equal(t, "re:"+text, c.ask(t, text))
		require.Equal(t, fmt.Sprintf("%d false true %s\n", i+1, text), <-seen)
		require.Equal(t, fmt.Sprintf("%d true true %s\nre:%s\n", i+1, text, text), <-seen)
	}
	misread, _ := link.Misread()
	require.Zero(t, misread)
}

// A greeting can be held back like any reply, whether or not the client waits
// for it.
func TestGreetingThatIsLost(t *testing.T) {
	var n *node
	n = startNodeThat(t, func(c net.Conn) error {
		if _, err := io.WriteString(c, "welcome\n"); err != nil {
			return err
		}
		return n.answer(c)
	})
	link := openLink(t, n, greetedLines{})
	link.Add(rule{judge: func(m cluster.Message) cluster.Action {
		return cluster.Action{Drop: m.Reply && len(m.Request) == 0}
	}})
	require.Equal(t, "re:a", dial(t, link.Addr()).ask(t, "a"))
}
