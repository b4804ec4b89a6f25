package local_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/cluster/lossy"
)

func needDisks(t *testing.T) {
	t.Helper()
	if err := lossy.Available(false); err != nil {
		t.Skip("SKIPPED: ", err)
	}
}

// What a node wrote and did not fsync survives its death and not a loss of power.
func TestDisks(t *testing.T) {
	needDisks(t)
	data := t.TempDir()
	c, err := local.Runtime{DataDir: data}.Open(t.Context(), []cluster.Spec{spec("n1", []string{"n2"}), spec("n2", []string{"n1"})},
		cluster.Options{Dir: t.TempDir(), Disks: true})
	require.NoError(t, err)
	defer func() {
		require.NoError(t, c.Close())
		require.Empty(t, entries(t, data))
	}()
	for _, n := range c.Nodes() {
		require.NoError(t, n.Start(t.Context()))
		reply, err := ask(n.Addr("client"), "keep text")
		require.NoError(t, err)
		require.Equal(t, "done", reply)
	}
	kept := func(n cluster.Node) string {
		require.NoError(t, n.Start(t.Context()))
		reply, err := ask(n.Addr("client"), "kept")
		require.NoError(t, err)
		return reply
	}
	n1, n2 := c.Node("n1"), c.Node("n2")
	require.NoError(t, n1.Kill())
	require.Equal(t, "text", kept(n1))
	require.NoError(t, n1.Kill())

	disk := n1.(cluster.Disked).Disk()
	require.Positive(t, disk.Requests())
	lost, err := disk.Lose(cluster.PowerLoss{})
	require.NoError(t, err)
	require.Equal(t, cluster.Lost{Names: 1}, lost)
	require.Empty(t, kept(n1))
	require.FileExists(t, filepath.Join(n2.Data(), "kept"), "another node's disk has its power")

	// And what the harness itself does in a node's folder goes there.
	require.NoError(t, n2.Kill())
	require.NoError(t, os.WriteFile(filepath.Join(n2.Data(), "kept"), []byte("other"), 0o600))
	n2.(cluster.Disked).Disk().Sync()
	_, err = n2.(cluster.Disked).Disk().Lose(cluster.PowerLoss{Strict: true})
	require.NoError(t, err)
	require.Equal(t, "other", kept(n2))
	require.Empty(t, c.(cluster.Troubled).Trouble())
}

// Without disks asked for, a node has none.
func TestNoDisks(t *testing.T) {
	c, err := local.Runtime{DataDir: t.TempDir()}.Open(t.Context(), []cluster.Spec{spec("n1", nil)}, cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	require.Nil(t, c.Node("n1").(cluster.Disked).Disk())
	require.NoError(t, c.Close())
}
