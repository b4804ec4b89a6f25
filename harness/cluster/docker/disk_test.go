package docker_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/docker"
	"github.com/tertium-dev/tertium/harness/cluster/lossy"
	"github.com/tertium-dev/tertium/harness/journal"
)

// A container's data is on a disk of the harness's own, across kills, and what it
// flushed survives a loss of power.
func TestDisks(t *testing.T) {
	if err := lossy.Available(true); err != nil {
		t.Skip("SKIPPED: ", err)
	}
	state := t.TempDir()
	j, err := journal.Open(state)
	require.NoError(t, err)
	c, err := docker.Runtime{Program: program}.Open(t.Context(), []cluster.Spec{spec("n1")},
		cluster.Options{Dir: t.TempDir(), Journal: j, Disks: true})
	require.NoError(t, err)
	n1 := c.Node("n1")
	data, disk := n1.Data(), n1.(cluster.Disked).Disk()
	defer func() {
		require.NoError(t, c.Close())
		require.NoError(t, j.Close())
		left, err := os.ReadDir(state)
		require.NoError(t, err)
		require.Empty(t, left, "everything in the journal is done")
		require.NoDirExists(t, filepath.Dir(data))
	}()
	// kept starts the node and asks until it serves: the engine accepts connections
	// before it does.
	kept := func() (answer string) {
		require.NoError(t, n1.Start(t.Context()))
		require.Eventually(t, func() bool {
			answer, err = ask(n1.Addr(cluster.ClientPort), "kept")
			return err == nil
		}, time.Minute, 100*time.Millisecond)
		return answer
	}
	require.Contains(t, kept(), "no such file")
	answer, err := ask(n1.Addr(cluster.ClientPort), "keep one")
	require.NoError(t, err)
	require.Equal(t, "ok", answer)
	require.NoError(t, n1.Kill())
	require.Positive(t, disk.Requests())

	require.NoError(t, os.WriteFile(filepath.Join(data, "never flushed"), []byte("x"), 0o600))
	lost, err := disk.Lose(cluster.PowerLoss{})
	require.NoError(t, err)
	require.Equal(t, cluster.Lost{Names: 1}, lost)
	require.NoFileExists(t, filepath.Join(data, "never flushed"))
	require.Equal(t, "one", kept())
	require.Empty(t, c.(cluster.Troubled).Trouble())
}
