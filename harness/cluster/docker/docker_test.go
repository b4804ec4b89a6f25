package docker_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/journal"
)

// program is a static build of internal/testnode.
var program string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	required := os.Getenv("TERTIUM_REQUIRE_DOCKER") == "1"
	if !required && os.Getenv("TERTIUM_DOCKER") != "1" {
		fmt.Println("SKIP: no test of containers was run; they are run by `make test-docker`")
		return 0
	}
	if _, err := docker.Describe(context.Background()); err != nil {
		if required {
			fmt.Println("Docker is required here:", err)
			return 1
		}
		fmt.Println("SKIP: no test of containers was run:", err)
		return 0
	}
	if len(os.Args) > 1 && os.Args[1] == "harness" {
		program = os.Args[2]
		tormentUntilKilled(os.Args[3], os.Args[4])
		return 0
	}
	dir, err := os.MkdirTemp("", "tertium-docker-test-")
	if err != nil {
		fmt.Println(err)
		return 1
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "testnode")
	build := exec.Command("go", "build", "-o", program, "./internal/testnode")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Printf("building the test's node: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// spec is a node with those peers.
func spec(name string, peers ...string) cluster.Spec {
	return cluster.Spec{
		Name: name, Ports: []string{cluster.ClientPort, cluster.PeerPort}, Peers: peers,
		Command: func(p cluster.Place) cluster.Command {
			args := []string{p.Data, p.Listen[cluster.ClientPort] + "," + p.Listen[cluster.PeerPort]}
			for peer, addr := range p.Dial {
				args = append(args, peer+"="+addr)
			}
			return cluster.Command{Path: "/testnode", Args: args}
		},
		Image: &cluster.Image{
			Name: "tertium/testnode", Build: os.DirFS("internal/testnode/image"),
			Files: map[string]string{"testnode": program},
		},
	}
}

// open opens a cluster that is closed with the test, and leaves nothing then.
func open(t *testing.T, dir string, specs ...cluster.Spec) cluster.Cluster {
	t.Helper()
	state := t.TempDir()
	j, err := journal.Open(state)
	require.NoError(t, err)
	c, err := docker.Runtime{Program: program}.Open(t.Context(), specs, cluster.Options{Dir: dir, Journal: j})
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, c.Close())
		require.NoError(t, c.Close())
		require.NoError(t, j.Close())
		left, err := os.ReadDir(state)
		require.NoError(t, err)
		require.Empty(t, left, "everything in the journal is done")
	})
	return c
}

func start(t *testing.T, c cluster.Cluster) {
	t.Helper()
	var group errgroup.Group
	for _, n := range c.Nodes() {
		group.Go(func() error { return n.Start(t.Context()) })
	}
	require.NoError(t, group.Wait())
}

// ask sends a line and returns the answer.
func ask(addr, line string) (string, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return "", err
	}
	if _, err := fmt.Fprintln(c, line); err != nil {
		return "", err
	}
	answer, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(answer), err
}

func TestLifeOfANode(t *testing.T) {
	dir := t.TempDir()
	c := open(t, dir, spec("n1"))
	n, link := c.Node("n1"), c.Link(cluster.Client, "n1")
	require.Equal(t, cluster.Down, n.State())
	_, err := ask(link.Addr(), "hello?")
	require.ErrorContains(t, err, "refused", "a client knows that it sent nothing")

	start(t, c)
	require.Equal(t, cluster.Running, n.State())
	require.ErrorContains(t, n.Start(t.Context()), "running already")
	own := n.Addr(cluster.ClientPort)
	require.True(t, strings.HasPrefix(own, "127.0.0.1:"), own)
	answer, err := ask(link.Addr(), "keep one")
	require.NoError(t, err)
	require.Equal(t, "ok", answer)

	require.NoError(t, n.Pause())
	require.Equal(t, cluster.Paused, n.State())
	require.NoError(t, n.Resume())
	require.Equal(t, cluster.Running, n.State())

	require.NoError(t, n.Kill())
	require.Equal(t, cluster.Down, n.State())
	require.NoError(t, n.Kill())
	require.Error(t, n.Pause())
	_, err = ask(link.Addr(), "hello?")
	require.ErrorContains(t, err, "refused")

	require.NoError(t, n.Start(t.Context()))
	require.Equal(t, own, n.Addr(cluster.ClientPort), "the address survives")
	answer, err = ask(link.Addr(), "kept")
	require.NoError(t, err)
	require.Equal(t, "one", answer, "so does the data")

	require.NoError(t, n.Pause())
	require.NoError(t, n.Stop(t.Context()), "a paused node is resumed to hear that it shall end")
	require.NoError(t, n.Start(t.Context()))
	_, err = ask(link.Addr(), "end")
	require.Error(t, err)
	require.Eventually(t, func() bool { return n.State() == cluster.Down && len(n.Exits()) == 3 }, time.Minute, 10*time.Millisecond)

	exits := n.Exits()
	require.Equal(t, "signal killed, as asked", exits[0].String())
	require.Equal(t, "exit code 0, as asked", exits[1].String())
	require.Equal(t, "exit code 7", exits[2].String())
	require.NoError(t, c.Close())
	log, err := os.ReadFile(filepath.Join(dir, "nodes", "n1", "log"))
	require.NoError(t, err)
	require.Equal(t, 3, strings.Count(string(log), "hello\n"), "every word once:\n%s", log)
	require.Equal(t, 1, strings.Count(string(log), "goodbye\n"))
	require.Contains(t, string(log), "the container ended: exit code 7")
	require.ErrorContains(t, n.Start(t.Context()), "closed")
}

func TestNodeThatEndsAtOnce(t *testing.T) {
	s := spec("n1")
	s.Command = func(cluster.Place) cluster.Command {
		return cluster.Command{Path: "/testnode", Args: []string{"crash"}}
	}
	c := open(t, t.TempDir(), s)
	err := c.Node("n1").Start(t.Context())
	require.ErrorContains(t, err, "exit code 7")
	require.ErrorContains(t, err, "everything is lost")
	require.Equal(t, cluster.Down, c.Node("n1").State())
}

func TestWhatCannotBeOpened(t *testing.T) {
	runtime := docker.Runtime{Program: program}
	options := cluster.Options{Dir: t.TempDir()}
	bare := spec("n1")
	bare.Image = nil
	_, err := runtime.Open(t.Context(), []cluster.Spec{bare}, options)
	require.ErrorContains(t, err, "runs as a process only")

	broken := spec("n1")
	broken.Image = &cluster.Image{Name: "tertium/broken", Build: os.DirFS("internal/testnode/image")}
	_, err = runtime.Open(t.Context(), []cluster.Spec{broken}, options)
	require.ErrorContains(t, err, "building image tertium/broken:")
	require.ErrorContains(t, err, "testnode", "the engine's last words")

	_, err = docker.Runtime{Program: "internal/testnode/main.go"}.Open(t.Context(), []cluster.Spec{spec("n1")}, options)
	require.ErrorContains(t, err, "cannot run in a container")
}

// rule counts what it is asked and says one thing.
type rule struct {
	dial, request, reply    cluster.Action
	dials, requests, answer atomic.Int64
}

func (r *rule) Dial() cluster.Action {
	r.dials.Add(1)
	return r.dial
}

func (r *rule) Judge(m cluster.Message) cluster.Action {
	if m.Reply {
		r.answer.Add(1)
		return r.reply
	}
	r.requests.Add(1)
	return r.request
}

func TestLinksBetweenNodes(t *testing.T) {
	c := open(t, t.TempDir(), spec("n1", "n2"), spec("n2", "n1"))
	start(t, c)
	first := c.Node("n1").Addr(cluster.ClientPort)
	tell := func() string {
		answer, err := ask(first, "tell n2 hello")
		require.NoError(t, err)
		return answer
	}
	require.Equal(t, "hello", tell())
	require.Len(t, c.Links(), 4)
	link := c.Link("n1", "n2")
	require.NotNil(t, link)
	require.Nil(t, c.Link("n1", "n3"))

	t.Run("drop", func(t *testing.T) {
		cut := &rule{dial: cluster.Action{Drop: true}, request: cluster.Action{Drop: true}}
		remove := link.Add(cut)
		require.Contains(t, tell(), "timeout")
		require.Positive(t, cut.dials.Load())
		back, err := ask(c.Node("n2").Addr(cluster.ClientPort), "tell n1 hello")
		require.NoError(t, err)
		require.Equal(t, "hello", back, "the other link is another")
		remove()
		remove()
		require.Equal(t, "hello", tell())
	})
	t.Run("replies only", func(t *testing.T) {
		deaf := &rule{reply: cluster.Action{Drop: true}}
		remove := link.Add(deaf)
		defer remove()
		require.Contains(t, tell(), "timeout")
		require.Positive(t, deaf.requests.Load())
		require.Positive(t, deaf.answer.Load())
	})
	t.Run("delay", func(t *testing.T) {
		slow := &rule{request: cluster.Action{Delay: 200 * time.Millisecond}}
		defer link.Add(slow)()
		began := time.Now()
		require.Equal(t, "hello", tell())
		require.GreaterOrEqual(t, time.Since(began), 200*time.Millisecond)
	})
	t.Run("before", func(t *testing.T) {
		var called atomic.Int64
		defer link.Add(&rule{reply: cluster.Action{Before: func() { called.Add(1) }}})()
		require.Equal(t, "hello", tell())
		require.EqualValues(t, 1, called.Load())
	})
	t.Run("reset", func(t *testing.T) {
		defer link.Add(&rule{reply: cluster.Action{Reset: true}})()
		require.Contains(t, tell(), "reset")
	})
	t.Run("restart", func(t *testing.T) {
		cut := &rule{dial: cluster.Action{Reset: true}}
		remove := link.Add(cut)
		require.NoError(t, c.Node("n1").Kill())
		require.NoError(t, c.Node("n1").Start(t.Context()))
		require.Contains(t, tell(), "error", "a rule outlives the node")
		remove()
		require.Equal(t, "hello", tell())
		require.Zero(t, link.Reset())
	})
	troubled, ok := c.(interface{ Trouble() []string })
	require.True(t, ok)
	require.Empty(t, troubled.Trouble())
}

// tormentUntilKilled is a harness that does to a cluster what runs do.
func tormentUntilKilled(state, dir string) {
	must := func(err error) {
		if err != nil {
			fmt.Println("error:", err)
			os.Exit(1)
		}
	}
	fmt.Println("journal")
	j, err := journal.Open(state)
	must(err)
	fmt.Println("open")
	c, err := docker.Runtime{Program: program}.Open(context.Background(),
		[]cluster.Spec{spec("n1", "n2"), spec("n2", "n1")}, cluster.Options{Dir: dir, Journal: j})
	must(err)
	for i := 0; ; i++ {
		n := c.Nodes()[i%2]
		fmt.Println("start")
		must(n.Start(context.Background()))
		fmt.Println("rule")
		remove := c.Links()[2].Add(&rule{dial: cluster.Action{Drop: true}})
		fmt.Println("kill")
		must(n.Kill())
		remove()
	}
}

// TestKilledHarnessLeavesNothing kills a harness at several moments and finds
// that the next start's sweep leaves nothing of it.
func TestKilledHarnessLeavesNothing(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	for _, moment := range []struct {
		steps int
		then  time.Duration
	}{{1, 0}, {2, 100 * time.Millisecond}, {2, 700 * time.Millisecond}, {3, 0}, {5, 0}, {7, 50 * time.Millisecond}} {
		t.Run(fmt.Sprintf("%d steps and %s", moment.steps, moment.then), func(t *testing.T) {
			t.Parallel()
			state := t.TempDir()
			cmd := exec.Command(self, "harness", program, state, t.TempDir())
			said, err := cmd.StdoutPipe()
			require.NoError(t, err)
			cmd.Stderr = os.Stderr
			require.NoError(t, cmd.Start())
			t.Cleanup(func() { _ = cmd.Process.Kill() })
			lines := bufio.NewScanner(said)
			for range moment.steps {
				require.True(t, lines.Scan(), "the harness ended early")
				require.NotContains(t, lines.Text(), "error")
			}
			time.Sleep(moment.then) // the moment to kill at is what is tested
			require.NoError(t, cmd.Process.Kill())
			_, _ = io.Copy(io.Discard, said)
			require.Error(t, cmd.Wait())

			report, err := journal.Sweep(t.Context(), state, docker.Undoers())
			require.NoError(t, err)
			require.NoError(t, report.Err())
			for _, undone := range report.Entries {
				again, err := docker.Remove(t.Context(), undone.Entry)
				require.NoError(t, err)
				require.Equal(t, "already gone", again)
			}
			left, err := os.ReadDir(state)
			require.NoError(t, err)
			require.Empty(t, left)
		})
	}
}

func TestRemoveRefusesToRemoveEverything(t *testing.T) {
	_, err := docker.Remove(t.Context(), cluster.Entry{Kind: docker.Kind})
	require.Error(t, err)
	require.False(t, errors.Is(err, context.Canceled))
}
