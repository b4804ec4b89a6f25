package local_test

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/cluster/lossy"
	"github.com/tertium-dev/tertium/harness/cluster/proc"
	"github.com/tertium-dev/tertium/harness/journal"
)

// mark is the environment variable by which a test finds every process that
// came of a harness it began.
const mark = "TERTIUM_TEST_MARK"

// The last argument of a harness says whether nodes get disks of its own.
const withDisks, withoutDisks = "disks", "no disks"

// runHarness is a harness that torments a cluster until it is killed. It says a
// line before each step: "port ADDR" for what it holds, else what it does.
func runHarness() {
	state, data, dir, disks := os.Args[1], os.Args[2], os.Args[3], os.Args[4] == withDisks
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
	c, err := local.Runtime{DataDir: data}.Open(context.Background(), []cluster.Spec{
		spec("n1", []string{"n2"}, "family"), spec("n2", []string{"n1"}, "runaway"), spec("n3", nil),
	}, cluster.Options{Dir: dir, Journal: j, Disks: disks})
	must(err)
	for _, l := range c.Links() {
		fmt.Println("port", l.Addr())
	}
	for _, n := range c.Nodes() {
		fmt.Println("port", n.Addr("client"))
		fmt.Println("port", n.Addr("peer"))
	}
	for _, n := range c.Nodes() {
		fmt.Println("start", n.Name())
		must(n.Start(context.Background()))
	}
	for i := 0; ; i++ {
		n := c.Nodes()[i%3]
		fmt.Println("pause", n.Name())
		must(n.Pause())
		fmt.Println("kill", n.Name())
		must(n.Kill())
		fmt.Println("start", n.Name())
		must(n.Start(context.Background()))
	}
}

// TestKilledHarnessLeavesNothing kills a harness at many moments, and finds
// that the next start's sweep leaves no process, port, folder or lock of it.
func TestKilledHarnessLeavesNothing(t *testing.T) { killHarnesses(t, withoutDisks) }

// TestKilledHarnessLeavesNoDisks does so with a harness whose nodes use disks that
// it serves.
func TestKilledHarnessLeavesNoDisks(t *testing.T) {
	needDisks(t)
	killHarnesses(t, withDisks)
}

func killHarnesses(t *testing.T, disks string) {
	moments := 12
	if testing.Short() {
		moments = 3
	}
	draws := rand.New(rand.NewPCG(1, 2))
	for i := range moments {
		// The steps before the tormenting are the more delicate ones.
		steps := []int{1, 2, 13, 14, 15, 16 + draws.IntN(12)}[i%6]
		pause := time.Duration(draws.IntN(30_000)) * time.Microsecond
		t.Run(fmt.Sprintf("%d after %d steps and %s", i, steps, pause), func(t *testing.T) {
			killHarness(t, steps, pause, disks)
		})
	}
}

func killHarness(t *testing.T, steps int, pause time.Duration, disks string) {
	base := t.TempDir()
	state, data, dir := filepath.Join(base, "state"), filepath.Join(base, "data"), filepath.Join(base, "run")
	require.NoError(t, os.Mkdir(data, 0o700))
	harness := exec.Command(self(), state, data, dir, disks)
	harness.Env = append(os.Environ(), role+"=harness", mark+"="+base)
	harness.Stderr = os.Stderr
	out, err := harness.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, harness.Start())
	t.Cleanup(func() { harness.Process.Kill() })

	var ports []string
	lines := bufio.NewScanner(out)
	for range steps {
		require.True(t, lines.Scan(), "the harness ended by itself")
		require.NotContains(t, lines.Text(), "error")
		if addr, isPort := strings.CutPrefix(lines.Text(), "port "); isPort {
			ports = append(ports, addr)
		}
	}
	time.Sleep(pause) // not to wait for anything: it is what the test varies
	require.NoError(t, harness.Process.Kill())
	for lines.Scan() {
		if addr, isPort := strings.CutPrefix(lines.Text(), "port "); isPort {
			ports = append(ports, addr)
		}
	}
	require.Error(t, harness.Wait())

	// The lock may be held for another moment by a child that was being begun
	// and has not yet noticed.
	undoers := journal.Undoers()
	maps.Copy(undoers, lossy.Undoers())
	require.Eventually(t, func() bool {
		report, err := journal.Sweep(t.Context(), state, undoers)
		require.NoError(t, err)
		require.NoError(t, report.Err())
		return report.Alive == 0
	}, patience, time.Millisecond)

	list, err := os.ReadDir(state)
	require.True(t, err == nil || os.IsNotExist(err), "%v", err)
	for _, f := range list {
		require.NotContains(t, f.Name(), ".journal")
	}
	require.Empty(t, entries(t, data))
	left, err := proc.List(func(p proc.Process) bool { return p.Carries(mark, base) })
	require.NoError(t, err)
	require.Empty(t, left)
	for _, addr := range ports {
		l, err := net.Listen("tcp", addr)
		require.NoError(t, err)
		require.NoError(t, l.Close())
	}
}
