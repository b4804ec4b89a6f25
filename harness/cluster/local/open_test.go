package local_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/local"
	"github.com/tertium-dev/tertium/harness/journal"
)

func TestOpenRefusesSpecsThatMakeNoSense(t *testing.T) {
	good := func() cluster.Spec { return spec("n1", nil) }
	tests := map[string]struct {
		spoil func(*cluster.Spec)
		want  string
	}{
		"empty name":     {func(s *cluster.Spec) { s.Name = "" }, "no name for a node"},
		"path as a name": {func(s *cluster.Spec) { s.Name = "../n1" }, "no name for a node"},
		"client":         {func(s *cluster.Spec) { s.Name = "client" }, "no name for a node"},
		"no command":     {func(s *cluster.Spec) { s.Command = nil }, "no command"},
		"no client port": {func(s *cluster.Spec) { s.Ports = []string{"peer"} }, `no port "client"`},
		"port twice":     {func(s *cluster.Spec) { s.Ports = append(s.Ports, "peer") }, `two ports named "peer"`},
		"itself":         {func(s *cluster.Spec) { s.Peers = []string{"n1"} }, "itself as a peer"},
		"stranger":       {func(s *cluster.Spec) { s.Peers = []string{"n9"} }, "no node"},
		"peer twice":     {func(s *cluster.Spec) { s.Peers = []string{"n2", "n2"} }, "peer n2 twice"},
		"deaf peer":      {func(s *cluster.Spec) { s.Peers = []string{"n3"} }, `no port "peer"`},
		"same name":      {func(s *cluster.Spec) { s.Name = "n2" }, "two nodes are named n2"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			s := good()
			test.spoil(&s)
			deaf := spec("n3", nil)
			deaf.Ports = []string{"client"}
			_, err := local.Runtime{}.Open(t.Context(), []cluster.Spec{spec("n2", nil), deaf, s}, cluster.Options{Dir: t.TempDir()})
			require.ErrorContains(t, err, test.want)
		})
	}
	t.Run("none", func(t *testing.T) {
		_, err := local.Runtime{}.Open(t.Context(), nil, cluster.Options{Dir: t.TempDir()})
		require.ErrorContains(t, err, "no nodes")
	})
	t.Run("no folder", func(t *testing.T) {
		_, err := local.Runtime{}.Open(t.Context(), []cluster.Spec{good()}, cluster.Options{})
		require.ErrorContains(t, err, "no folder")
	})
}

func TestOpenThatFailsLeavesNothing(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	data, state := t.TempDir(), t.TempDir()
	for name, test := range map[string]struct{ data, dir string }{
		"data": {file, t.TempDir()},
		"logs": {data, file},
	} {
		t.Run(name, func(t *testing.T) {
			j, err := journal.Open(state)
			require.NoError(t, err)
			_, err = local.Runtime{DataDir: test.data}.Open(t.Context(), []cluster.Spec{spec("n1", nil)},
				cluster.Options{Dir: test.dir, Journal: j})
			require.ErrorContains(t, err, "not a directory")
			require.NoError(t, j.Close())
			require.Empty(t, entries(t, data))
			require.Empty(t, entries(t, state))
		})
	}
}

// fullJournal is a journal that takes only so many entries.
type fullJournal struct {
	cluster.Journal
	room int
}

var errFull = errors.New("no space left on device")

func (j *fullJournal) Record(e cluster.Entry) (int64, error) {
	if j.room == 0 {
		return 0, errFull
	}
	j.room--
	return j.Journal.Record(e)
}

func TestNothingIsStartedThatCannotBeJournaled(t *testing.T) {
	for room := range 4 {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			data, state := t.TempDir(), t.TempDir()
			j, err := journal.Open(state)
			require.NoError(t, err)
			c, err := local.Runtime{DataDir: data}.Open(t.Context(), []cluster.Spec{spec("n1", nil)},
				cluster.Options{Dir: t.TempDir(), Journal: &fullJournal{j, room}})
			if room < 2 {
				require.ErrorIs(t, err, errFull)
			} else {
				require.NoError(t, err)
				err = c.Node("n1").Start(t.Context())
				require.Equal(t, room == 2, errors.Is(err, errFull), "%v", err)
				require.Equal(t, room == 2, c.Node("n1").State() == cluster.Down)
				require.NoError(t, c.Close())
			}
			require.NoError(t, j.Close())
			require.Empty(t, entries(t, data))
			require.Empty(t, entries(t, state))
		})
	}
}

func TestDataCanBeKept(t *testing.T) {
	data := t.TempDir()
	c, err := local.Runtime{DataDir: data, KeepData: true}.Open(t.Context(), []cluster.Spec{spec("n1", nil)},
		cluster.Options{Dir: t.TempDir()})
	require.NoError(t, err)
	n := c.Node("n1")
	start(t, n)
	mustAsk(t, n.Addr("client"), "keep this")
	require.NoError(t, c.Close())
	kept, err := os.ReadFile(filepath.Join(n.Data(), "kept"))
	require.NoError(t, err)
	require.Equal(t, "this", string(kept))
	require.Len(t, entries(t, data), 1)
}
