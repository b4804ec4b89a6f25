package local_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/cluster/proc"
	"github.com/tertium-dev/tertium/harness/journal"
)

// patience bounds every wait in these tests. No test passes by waiting for it.
const patience = 20 * time.Second

// spec is a node that runs this test binary with more arguments.
func spec(name string, peers []string, more ...string) cluster.Spec {
	return cluster.Spec{
		Name:  name,
		Ports: []string{"client", "peer"},
		Peers: peers,
		Command: func(p cluster.Place) cluster.Command {
			args := slices.Clone(more)
			for _, addr := range p.Listen {
				args = append(args, "listen="+addr)
			}
			for _, addr := range p.Dial {
				args = append(args, "dial="+addr)
			}
			return cluster.Command{Path: self(), Args: args, Env: []string{role + "=node"}}
		},
	}
}

func self() string {
	path, err := os.Executable()
	if err != nil {
		panic(err)
	}
	return path
}

// bench is a cluster under test with its surroundings.
type bench struct {
	cluster.Cluster
	dir, data, state string
	journal          *journal.Journal
}

func open(t *testing.T, specs ...cluster.Spec) bench {
	t.Helper()
	b := bench{dir: t.TempDir(), data: t.TempDir(), state: t.TempDir()}
	j, err := journal.Open(b.state)
	require.NoError(t, err)
	b.journal = j
	b.Cluster, err = local.Runtime{DataDir: b.data}.Open(t.Context(), specs, cluster.Options{Dir: b.dir, Journal: j})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, b.Close())
		require.NoError(t, b.Close())
		require.Empty(t, entries(t, b.data), "data must be removed")
		require.NoError(t, j.Close())
		require.Empty(t, entries(t, b.state), "nothing may be left in the journal")
	})
	return b
}

func entries(t *testing.T, dir string) []os.DirEntry {
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	return list
}

func start(t *testing.T, n cluster.Node) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	require.NoError(t, n.Start(ctx))
}

func mustAsk(t *testing.T, addr, request string) string {
	t.Helper()
	reply, err := ask(addr, request)
	require.NoError(t, err)
	return reply
}

func pid(t *testing.T, n cluster.Node) int {
	t.Helper()
	p, err := strconv.Atoi(mustAsk(t, n.Addr("client"), "pid"))
	require.NoError(t, err)
	return p
}

// alive is false also of a process that is dead and waits for its parent to ask.
func alive(pid int) bool {
	p, err := proc.Read(pid)
	return err == nil && !p.Dead()
}

func TestNodesStartAndReachEachOtherOverLinks(t *testing.T) {
	b := open(t, spec("n1", []string{"n2"}), spec("n2", []string{"n1"}))
	var group sync.WaitGroup
	for _, n := range b.Nodes() {
		require.Equal(t, cluster.Down, n.State())
		group.Go(func() { require.NoError(t, n.Start(t.Context())) })
	}
	group.Wait()
	pids := map[string]string{}
	for _, n := range b.Nodes() {
		require.Equal(t, cluster.Running, n.State())
		link := b.Link(cluster.Client, n.Name())
		pids[n.Name()] = mustAsk(t, link.Addr(), "pid")
		require.Equal(t, pids[n.Name()], mustAsk(t, n.Addr("client"), "pid"))
		require.NotEqual(t, link.Addr(), n.Addr("client"))
	}
	require.NotEqual(t, pids["n1"], pids["n2"])
	require.Equal(t, pids["n2"], mustAsk(t, b.Node("n1").Addr("client"), "peer pid"))
	require.Equal(t, pids["n1"], mustAsk(t, b.Node("n2").Addr("client"), "peer pid"))

	require.Len(t, b.Links(), 4)
	require.Nil(t, b.Link("n1", "n3"))
	require.Nil(t, b.Node("n3"))

	// The peers do go through their link.
	b.Link("n1", "n2").Add(refuse{})
	require.Contains(t, mustAsk(t, b.Node("n1").Addr("client"), "peer pid"), "reset")
	require.Equal(t, pids["n1"], mustAsk(t, b.Node("n2").Addr("client"), "peer pid"))
}

// refuse is a rule that resets every new connection.
type refuse struct{}

func (refuse) Dial() cluster.Action                 { return cluster.Action{Reset: true} }
func (refuse) Judge(cluster.Message) cluster.Action { return cluster.Action{} }

func TestKillAndRestartKeepDataPortsAndLog(t *testing.T) {
	b := open(t, spec("n1", nil))
	n := b.Node("n1")
	link := b.Link(cluster.Client, "n1")
	addr := n.Addr("client")
	for i := range 3 {
		start(t, n)
		require.Equal(t, addr, n.Addr("client"))
		if i > 0 {
			require.Equal(t, fmt.Sprint("text ", i-1), mustAsk(t, link.Addr(), "kept"))
		}
		mustAsk(t, link.Addr(), fmt.Sprint("keep text ", i))
		mustAsk(t, link.Addr(), fmt.Sprint("say words ", i))
		p := pid(t, n)
		require.NoError(t, n.Kill())
		require.NoError(t, n.Kill(), "a node that is down can be killed")
		require.False(t, alive(p))
		require.Equal(t, cluster.Down, n.State())
		_, err := ask(link.Addr(), "pid")
		require.ErrorIs(t, err, syscall.ECONNREFUSED, "a link to a node that is down refuses")
		_, err = ask(addr, "pid")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
	}
	exits := n.Exits()
	require.Len(t, exits, 3)
	for _, e := range exits {
		require.True(t, e.Asked)
		require.Equal(t, "killed", e.Signal)
		require.Equal(t, -1, e.Code)
		require.Positive(t, e.Time)
	}
	log, err := os.ReadFile(filepath.Join(b.dir, "nodes", "n1", "log"))
	require.NoError(t, err)
	for i := range 3 {
		require.Contains(t, string(log), fmt.Sprint("words ", i))
	}
	require.Contains(t, string(log), "ended: signal killed, as asked")
}

func TestNodeThatEndsByItself(t *testing.T) {
	b := open(t, spec("n1", nil))
	n := b.Node("n1")
	start(t, n)
	_, err := ask(n.Addr("client"), "exit")
	require.Error(t, err)
	require.Eventually(t, func() bool { return len(n.Exits()) == 1 }, patience, time.Millisecond)
	exit := n.Exits()[0]
	require.Equal(t, cluster.Exit{Time: exit.Time, Code: 5}, exit, "nobody asked for it")
	_, err = ask(b.Link(cluster.Client, "n1").Addr(), "pid")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.Eventually(t, func() bool { return n.State() == cluster.Down }, patience, time.Millisecond)
	start(t, n)
}

func TestPauseAndResume(t *testing.T) {
	b := open(t, spec("n1", nil, "family"))
	n := b.Node("n1")
	require.Error(t, n.Pause())
	require.Error(t, n.Resume())
	start(t, n)
	child := mustAsk(t, n.Addr("client"), "child")
	for range 3 {
		require.NoError(t, n.Pause())
		require.NoError(t, n.Pause())
		require.Equal(t, cluster.Paused, n.State())
		answered := make(chan string, 1)
		go func() {
			reply, _ := ask(b.Link(cluster.Client, "n1").Addr(), "child")
			answered <- reply
		}()
		require.Equal(t, cluster.Paused, n.State())
		require.Empty(t, answered)
		require.NoError(t, n.Resume())
		require.Equal(t, cluster.Running, n.State())
		require.Equal(t, child, <-answered, "it is the same process")
	}
	require.NoError(t, n.Pause())
	require.NoError(t, n.Kill(), "a paused node can be killed")
	require.Equal(t, cluster.Down, n.State())
}

func TestStop(t *testing.T) {
	tests := map[string]struct {
		like   string
		paused bool
		limit  time.Duration
		signal string
	}{
		"obedient":            {"obedient", false, patience, "terminated"},
		"obedient and paused": {"obedient", true, patience, "terminated"},
		"stubborn":            {"stubborn", false, 50 * time.Millisecond, "killed"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			b := open(t, spec("n1", nil, test.like))
			n := b.Node("n1")
			require.NoError(t, n.Stop(t.Context()), "a node that is down is stopped")
			start(t, n)
			if test.paused {
				require.NoError(t, n.Pause())
			}
			ctx, cancel := context.WithTimeout(t.Context(), test.limit)
			defer cancel()
			require.NoError(t, n.Stop(ctx))
			require.Equal(t, cluster.Down, n.State())
			exit := n.Exits()[0]
			require.Equal(t, cluster.Exit{Time: exit.Time, Code: -1, Signal: test.signal, Asked: true}, exit)
		})
	}
}

func TestNodeEndsWithAllItBegan(t *testing.T) {
	for _, like := range []string{"family", "runaway"} {
		t.Run(like, func(t *testing.T) {
			b := open(t, spec("n1", nil, like))
			n := b.Node("n1")
			start(t, n)
			child, err := strconv.Atoi(mustAsk(t, n.Addr("client"), "child"))
			require.NoError(t, err)
			require.True(t, alive(child))
			if like == "family" {
				_, err = ask(n.Addr("client"), "exit")
				require.Error(t, err)
				require.Eventually(t, func() bool { return n.State() == cluster.Down }, patience, time.Millisecond)
			} else {
				require.NoError(t, b.Close())
			}
			require.Eventually(t, func() bool { return !alive(child) }, patience, time.Millisecond)
		})
	}
}

// TestNodesOutliveTheThreadThatStartedThem guards against the parent-death
// signal, which is that of the parent's thread.
func TestNodesOutliveTheThreadThatStartedThem(t *testing.T) {
	b := open(t, spec("n1", nil), spec("n2", nil))
	for _, n := range b.Nodes() {
		started := make(chan error)
		go func() {
			runtime.LockOSThread() // and ends with the goroutine
			started <- n.Start(t.Context())
		}()
		require.NoError(t, <-started)
	}
	for _, n := range b.Nodes() {
		mustAsk(t, n.Addr("client"), "pid")
		require.NoError(t, n.Pause())
		require.NoError(t, n.Resume())
		require.Equal(t, cluster.Running, n.State())
		require.Empty(t, n.Exits())
	}
}

func TestEverythingAtOnce(t *testing.T) {
	b := open(t, spec("n1", nil))
	n := b.Node("n1")
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for k := range 10 {
				switch (i + k) % 6 {
				case 0, 1:
					ctx, cancel := context.WithTimeout(t.Context(), patience)
					n.Start(ctx)
					cancel()
				case 2:
					n.Kill()
				case 3:
					n.Pause()
					n.Resume()
				case 4:
					n.Stop(t.Context())
				case 5:
					n.State()
					n.Exits()
				}
			}
		})
	}
	group.Wait()
	require.NoError(t, n.Kill())
	start(t, n)
	mustAsk(t, b.Link(cluster.Client, "n1").Addr(), "pid")
}
