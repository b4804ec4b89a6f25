package proxy_test

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// TestFates sends requests over one connection, each with a fate of its own,
// and finds that exactly those arrive, and those are answered, that should be.
func TestFates(t *testing.T) {
	n := startNode(t)
	link := openLink(t, n, lines{})
	const (
		passes = iota
		requestLost
		replyLost
		requestDelayed
		replyDelayed
		fates
	)
	fate := func(m cluster.Message) int {
		text := m.Bytes
		if m.Reply {
			text = m.Request
		}
		return int(text[0] - '0')
	}
	link.Add(rule{judge: func(m cluster.Message) cluster.Action {
		switch f := fate(m); {
		case f == requestLost && !m.Reply, f == replyLost && m.Reply:
			return cluster.Action{Drop: true}
		case f == requestDelayed && !m.Reply, f == replyDelayed && m.Reply:
			return cluster.Action{Delay: time.Millisecond}
		}
		return cluster.Action{}
	}})
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		drawn := rapid.SliceOfN(rapid.IntRange(passes, fates-1), 1, 30).Draw(r, "fates")
		c := dial(t, link.Addr())
		defer c.Close()
		var sent strings.Builder
		var arrive, answered []string
		for i, f := range drawn {
			text := fmt.Sprintf("%d request %d of round %d", f, i, round)
			sent.WriteString(text + "\n")
			if f != requestLost {
				arrive = append(arrive, text)
			}
			if f != requestLost && f != replyLost {
				answered = append(answered, "re:"+text)
			}
		}
		// Cut anywhere, so that messages begin and end anywhere in what is read.
		all := sent.String()
		at := rapid.IntRange(0, len(all)).Draw(r, "cut")
		for _, part := range []string{all[:at], all[at:]} {
			_, err := io.WriteString(c, part)
			require.NoError(r, err)
		}
		require.NoError(r, c.CloseWrite())
		for _, want := range arrive {
			require.Equal(r, want, n.next())
		}
		for _, want := range answered {
			require.Equal(r, want, c.receive(t))
		}
		c.requireEnd(t)
	})
}

// TestNothingIsLeftOfTroubledConnections opens many connections that end in
// every way there is, while rules come and go.
func TestNothingIsLeftOfTroubledConnections(t *testing.T) {
	for name, framer := range map[string]cluster.Framer{"framed": lines{}, "chunks": nil} {
		t.Run(name, func(t *testing.T) {
			goroutines, files := runtime.NumGoroutine(), openFiles(t)
			n := startNode(t)
			set, link := openSet(t, framer, map[string]*node{"n1": n})
			actions := []cluster.Action{
				{}, {Drop: true}, {Reset: true}, {ResetAfter: true}, {Keep: 2}, {Delay: time.Millisecond},
				{Delay: time.Hour}, {Copies: []cluster.Copy{{}, {After: time.Millisecond}}},
			}
			troubled := func(reply bool, a cluster.Action) cluster.Rule {
				return rule{
					dial: func() cluster.Action { a := a; a.Copies = nil; return a },
					judge: func(m cluster.Message) cluster.Action {
						if m.Reply != reply || m.Conn%3 == 0 {
							return cluster.Action{}
						}
						return a
					},
				}
			}
			stop := make(chan struct{})
			var meddling sync.WaitGroup
			meddling.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					remove := link.Add(troubled(i%2 == 0, actions[i/2%len(actions)]))
					runtime.Gosched()
					remove()
					if i%100 == 0 {
						link.Reset()
					}
				}
			})
			var clients sync.WaitGroup
			for i := range 16 {
				clients.Go(func() {
					for k := range 40 {
						visit(link.Addr(), rand.New(rand.NewPCG(uint64(i), uint64(k))))
					}
				})
			}
			clients.Wait()
			close(stop)
			meddling.Wait()
			require.Equal(t, "re:still there", dial(t, link.Addr()).ask(t, "still there"))
			require.NoError(t, set.Close())
			n.stop()
			requireGoroutines(t, goroutines)
			require.Eventually(t, func() bool { return openFiles(t) <= files+1 }, patience, time.Millisecond,
				"files are left open")
		})
	}
}

// visit opens a connection, asks a little and ends it in one way or another.
func visit(addr string, draws *rand.Rand) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(20 * time.Millisecond))
	r := bufio.NewReader(conn)
	for range draws.IntN(4) {
		if _, err := fmt.Fprintln(conn, strings.Repeat("x", draws.IntN(50_000))); err != nil {
			return
		}
		if draws.IntN(3) > 0 {
			if _, err := r.ReadString('\n'); err != nil {
				return
			}
		}
	}
	switch draws.IntN(3) {
	case 0:
		conn.(*net.TCPConn).SetLinger(0)
	case 1:
		conn.(*net.TCPConn).CloseWrite()
		io.Copy(io.Discard, r)
	}
}

// openFiles counts the open files of this process.
func openFiles(t *testing.T) int {
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("open files cannot be counted here")
	}
	return len(list)
}

func TestBackPressure(t *testing.T) {
	// A node that does not read makes its client wait, and memory stays bounded.
	release := make(chan struct{})
	n := startNodeThat(t, func(c net.Conn) error {
		<-release
		_, err := io.Copy(io.Discard, c)
		return err
	})
	link := openLink(t, n, nil)
	c := dial(t, link.Addr())
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	block := make([]byte, 1<<20)
	require.NoError(t, c.SetWriteDeadline(time.Now().Add(200*time.Millisecond)))
	sent := 0
	for {
		k, err := c.Write(block)
		sent += k
		if err != nil {
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			break
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	require.Less(t, sent, 64<<20)
	require.Less(t, int64(after.HeapAlloc)-int64(before.HeapAlloc), int64(32<<20))
	close(release)
}
