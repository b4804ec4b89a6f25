package proxy_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// letters is a protocol of lines in which a request begins with "ask" and is
// answered by the line "re:" and its rest, at any time. Other lines are not
// answered.
type letters struct{ lines }

func (letters) Asks(request []byte) bool { return bytes.HasPrefix(request, []byte("ask ")) }

func (letters) Answers(reply, request []byte) bool {
	return strings.TrimPrefix(string(reply), "re:") == strings.TrimPrefix(string(request), "ask ")
}

func (letters) Again(request []byte) []byte {
	return []byte("hello\n" + string(request) + "confirm\n")
}

func (letters) Confirmed(received []byte) (bool, error) {
	return bytes.Contains(received, []byte("confirmed\n")), nil
}

// startLetters starts a node that says "welcome", tells what it was sent, says
// "by the way" between replies, and answers by twos, the later request first.
func startLetters(t *testing.T, sent chan<- string) *node {
	return startNodeThat(t, func(c net.Conn) error {
		if _, err := io.WriteString(c, "welcome\n"); err != nil {
			return err
		}
		var held []string
		lines := bufio.NewScanner(c)
		for lines.Scan() {
			sent <- lines.Text()
			if lines.Text() == "confirm" {
				if _, err := io.WriteString(c, "confirmed\n"); err != nil {
					return err
				}
			}
			if what, asks := strings.CutPrefix(lines.Text(), "ask "); asks {
				held = append(held, what)
			}
			if len(held) == 2 {
				if _, err := fmt.Fprintf(c, "re:%s\nby the way\nre:%s\n", held[1], held[0]); err != nil {
					return err
				}
				held = nil
			}
		}
		return lines.Err()
	})
}

func TestRepliesInAnyOrderAndUnasked(t *testing.T) {
	sent := make(chan string, 100)
	link := openLink(t, startLetters(t, sent), letters{})
	seen := make(chan string, 100)
	link.Add(rule{judge: func(m cluster.Message) cluster.Action {
		text := strings.ReplaceAll(string(m.Bytes), "\n", "")
		switch {
		case !m.Framed:
			text = "chunk " + text
		case m.Request != nil:
			text += fmt.Sprint(" of ", m.Seq, " ", strings.TrimSpace(string(m.Request)))
		}
		if m.Reply {
			seen <- text
		}
		return cluster.Action{}
	}})
	c := dial(t, link.Addr())
	require.Equal(t, "welcome", c.receive(t))
	c.send(t, "note")
	c.send(t, "ask a")
	c.send(t, "ask b")
	for _, want := range []string{"re:b", "by the way", "re:a"} {
		require.Equal(t, want, c.receive(t))
	}
	for _, want := range []string{"welcome", "re:b of 2 ask b", "by the way", "re:a of 1 ask a"} {
		require.Equal(t, want, <-seen)
	}
	misread, err := link.Misread()
	require.Zero(t, misread, "%v", err)
}

// A request that nobody answered does not stand in the way of others, however
// many there are.
func TestRequestsThatAreNeverAnswered(t *testing.T) {
	link := openLink(t, startNodeThat(t, func(c net.Conn) error {
		lines := bufio.NewScanner(c)
		for lines.Scan() {
			if what, answered := strings.CutPrefix(lines.Text(), "ask yes"); answered {
				if _, err := fmt.Fprintf(c, "re:yes%s\n", what); err != nil {
					return err
				}
			}
		}
		return lines.Err()
	}), letters{})
	paired := make(chan bool, 1)
	link.Add(rule{judge: func(m cluster.Message) cluster.Action {
		if m.Reply {
			paired <- m.Request != nil
		}
		return cluster.Action{}
	}})
	c := dial(t, link.Addr())
	for range 5000 {
		c.send(t, "ask no")
	}
	c.send(t, "ask yes")
	require.Equal(t, "re:yes", c.receive(t))
	require.True(t, <-paired)
}

func TestCopyOfACorrelatedRequest(t *testing.T) {
	sent := make(chan string, 100)
	link := openLink(t, startLetters(t, sent), letters{})
	done := make(chan bool, 1)
	link.Add(rule{judge: func(m cluster.Message) cluster.Action {
		if m.Reply || !strings.HasPrefix(string(m.Bytes), "ask") {
			return cluster.Action{}
		}
		return cluster.Action{Copies: []cluster.Copy{{Done: func(ok bool) { done <- ok }}}}
	}})
	c := dial(t, link.Addr())
	c.send(t, "ask a")
	count := map[string]int{}
	for range 4 {
		select {
		case line := <-sent:
			count[line]++
		case <-time.After(patience):
			t.Fatal("not all was delivered", count)
		}
	}
	require.Equal(t, map[string]int{"ask a": 2, "hello": 1, "confirm": 1}, count)
	require.True(t, <-done)
}
