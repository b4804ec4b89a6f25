package journal_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/journal"
)

// undone notes what is undone, in order.
type undone struct {
	mu    sync.Mutex
	names []string
	fail  map[string]error
}

func (u *undone) undo(_ context.Context, e cluster.Entry) (string, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.fail[e.Name]; err != nil {
		return "", err
	}
	u.names = append(u.names, e.Name)
	return "undone", nil
}

func (u *undone) undoers() map[string]journal.Undoer {
	return map[string]journal.Undoer{"thing": u.undo}
}

func thing(name string) cluster.Entry { return cluster.Entry{Kind: "thing", Name: name} }

// begin opens a journal with entries in it.
func begin(t *testing.T, dir string, names ...string) (*journal.Journal, []int64) {
	t.Helper()
	j, err := journal.Open(dir)
	require.NoError(t, err)
	var ids []int64
	for _, name := range names {
		id, err := j.Record(thing(name))
		require.NoError(t, err)
		ids = append(ids, id)
	}
	return j, ids
}

// leave begins a journal and ends it as a harness that dies does.
func leave(t *testing.T, dir string, names ...string) string {
	t.Helper()
	j, _ := begin(t, dir, names...)
	require.NoError(t, j.Close())
	return j.Path()
}

func sweep(t *testing.T, dir string, u *undone) journal.Report {
	t.Helper()
	report, err := journal.Sweep(t.Context(), dir, u.undoers())
	require.NoError(t, err)
	return report
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, f := range list {
		names = append(names, f.Name())
	}
	return names
}

func TestJournalWithEverythingDoneIsRemoved(t *testing.T) {
	dir := t.TempDir()
	j, ids := begin(t, dir, "a", "b")
	require.Len(t, files(t, dir), 1)
	for _, id := range ids {
		require.NoError(t, j.Done(id))
	}
	require.Error(t, j.Done(ids[0]), "done twice")
	require.Error(t, j.Done(99), "never recorded")
	require.NoError(t, j.Close())
	require.NoError(t, j.Close())
	require.Empty(t, files(t, dir))
	_, err := j.Record(thing("late"))
	require.ErrorIs(t, err, os.ErrClosed)
}

func TestSweepUndoesWhatIsOpenNewestFirst(t *testing.T) {
	dir := t.TempDir()
	j, ids := begin(t, dir, "a", "b", "c")
	require.NoError(t, j.Done(ids[1]))
	require.NoError(t, j.Close())
	u := &undone{}
	report := sweep(t, dir, u)
	require.NoError(t, report.Err())
	require.Equal(t, []string{"c", "a"}, u.names)
	require.Len(t, report.Entries, 2)
	require.Equal(t, "undone", report.Entries[0].What)
	require.Equal(t, j.Path(), report.Entries[0].Journal)
	require.Empty(t, files(t, dir))
	require.Empty(t, sweep(t, dir, u).Entries)
}

func TestSweepLeavesTheLivingAlone(t *testing.T) {
	dir := t.TempDir()
	j, ids := begin(t, dir, "a")
	u := &undone{}
	require.Equal(t, journal.Report{Alive: 1}, sweep(t, dir, u))
	require.Empty(t, u.names)
	require.NoError(t, j.Done(ids[0]), "and they go on")
	require.NoError(t, j.Close())
}

func TestSweepKeepsWhatItCannotUndo(t *testing.T) {
	dir := t.TempDir()
	path := leave(t, dir, "a", "stuck", "c")
	stuck := errors.New("stuck")
	u := &undone{fail: map[string]error{"stuck": stuck}}
	report := sweep(t, dir, u)
	require.ErrorIs(t, report.Err(), stuck)
	require.Len(t, report.Entries, 3)
	require.Equal(t, []string{"c", "a"}, u.names)
	require.FileExists(t, path)

	u.fail = nil
	require.Len(t, sweep(t, dir, u).Entries, 1, "the others were done")
	require.Equal(t, []string{"c", "a", "stuck"}, u.names)
	require.NoFileExists(t, path)
}

func TestSweepKeepsKindsItDoesNotKnow(t *testing.T) {
	dir := t.TempDir()
	j, _ := begin(t, dir, "a")
	_, err := j.Record(cluster.Entry{Kind: "satellite", Name: "x"})
	require.NoError(t, err)
	require.NoError(t, j.Close())
	u := &undone{}
	report := sweep(t, dir, u)
	require.ErrorContains(t, report.Err(), "satellite x: entry of a kind")
	require.Equal(t, []string{"a"}, u.names)
	require.FileExists(t, j.Path())
}

func TestSweepsAtOnceUndoEverythingOnce(t *testing.T) {
	dir := t.TempDir()
	const journals, each, sweeps = 8, 20, 8
	for i := range journals {
		var names []string
		for k := range each {
			names = append(names, strconv.Itoa(i*each+k))
		}
		leave(t, dir, names...)
	}
	u := &undone{}
	var group sync.WaitGroup
	for range sweeps {
		group.Go(func() {
			report, err := journal.Sweep(t.Context(), dir, u.undoers())
			if err := errors.Join(err, report.Err()); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	require.Len(t, u.names, journals*each)
	seen := map[string]bool{}
	for _, name := range u.names {
		require.False(t, seen[name], "%s was undone twice", name)
		seen[name] = true
	}
	require.Empty(t, files(t, dir))
}

func TestSweepAndOpenAtOnce(t *testing.T) {
	dir := t.TempDir()
	stop := make(chan struct{})
	var sweeping sync.WaitGroup
	u := &undone{}
	sweeping.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if report, err := journal.Sweep(context.Background(), dir, u.undoers()); err != nil || report.Err() != nil {
				t.Error(err, report.Err())
			}
		}
	})
	for range 50 {
		j, ids := begin(t, dir, "mine")
		require.FileExists(t, j.Path(), "a new journal must not be taken for one that was left")
		require.NoError(t, j.Done(ids[0]))
		require.NoError(t, j.Close())
	}
	close(stop)
	sweeping.Wait()
	require.Empty(t, u.names)
}

func TestSweepOfAJournalCutAnywhere(t *testing.T) {
	whole := t.TempDir()
	j, ids := begin(t, whole, "a", "b")
	require.NoError(t, j.Done(ids[0]))
	require.NoError(t, j.Close())
	text, err := os.ReadFile(j.Path())
	require.NoError(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	afterA, afterB, afterDone := len(lines[0]), len(lines[0])+len(lines[1]), len(text)
	for at := range len(text) + 1 {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "left.journal"), text[:at], 0o600))
		var want []string
		switch {
		case at >= afterDone:
			want = []string{"b"}
		case at >= afterB:
			want = []string{"b", "a"}
		case at >= afterA:
			want = []string{"a"}
		}
		u := &undone{fail: map[string]error{"a": errors.New("not yet")}}
		sweep(t, dir, u)
		u.fail = nil
		require.NoError(t, sweep(t, dir, u).Err(), "what the first sweep wrote must be readable")
		require.Equal(t, want, u.names, "cut at byte %d", at)
		require.Empty(t, files(t, dir))
	}
}

func TestSweepReportsWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(dir, "folder.journal"), 0o700))
	broken := filepath.Join(dir, "broken.journal")
	require.NoError(t, os.WriteFile(broken, []byte(
		"what?\n"+
			`{"record":1,"entry":{"kind":"thing","name":"a"}}`+"\n"+
			`{"record":1,"entry":{"kind":"thing","name":"again"}}`+"\n"+
			"{}\n"+
			`{"done":17}`+"\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("not ours"), 0o600))
	empty := filepath.Join(dir, "empty.journal")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))

	u := &undone{}
	report := sweep(t, dir, u)
	require.Equal(t, []string{"a"}, u.names, "what can be read is undone")
	require.Len(t, report.Unread, 4)
	require.ErrorContains(t, report.Err(), "broken.journal: line 1")
	require.ErrorContains(t, report.Err(), "folder.journal")
	require.FileExists(t, broken)
	require.NoFileExists(t, empty)
}

func TestSweepOfNoFolder(t *testing.T) {
	report, err := journal.Sweep(t.Context(), filepath.Join(t.TempDir(), "none"), nil)
	require.NoError(t, err)
	require.Equal(t, journal.Report{}, report)
}

func TestSweepEndsWithItsContext(t *testing.T) {
	dir := t.TempDir()
	leave(t, dir, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := journal.Sweep(ctx, dir, (&undone{}).undoers())
	require.ErrorIs(t, err, context.Canceled)
}

func TestDir(t *testing.T) {
	base := t.TempDir()
	tests := map[string]struct {
		state, xdg, home string
		want             string
	}{
		"override":     {base + "/a/b", base + "/x", base + "/h", base + "/a/b"},
		"xdg":          {"", base + "/x", base + "/h", base + "/x/tertium"},
		"home":         {"", "", base + "/h", base + "/h/.local/state/tertium"},
		"relative xdg": {"", "x", base + "/h", base + "/h/.local/state/tertium"},
		"no home":      {"", "", "", filepath.Join(base, "tmp", "tertium-"+strconv.Itoa(os.Getuid()))},
		"home in use":  {"", "", base + "/file", filepath.Join(base, "tmp", "tertium-"+strconv.Itoa(os.Getuid()))},
	}
	require.NoError(t, os.WriteFile(base+"/file", nil, 0o600))
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Setenv(journal.DirVariable, test.state)
			t.Setenv("XDG_STATE_HOME", test.xdg)
			t.Setenv("HOME", test.home)
			t.Setenv("TMPDIR", base+"/tmp")
			dir, err := journal.Dir()
			require.NoError(t, err)
			require.Equal(t, test.want, dir)
			info, err := os.Stat(dir)
			require.NoError(t, err)
			require.Equal(t, os.ModeDir|0o700, info.Mode())
		})
	}
	t.Run("nowhere", func(t *testing.T) {
		t.Setenv(journal.DirVariable, base+"/file/below")
		_, err := journal.Dir()
		require.Error(t, err)
	})
	t.Run("open to others", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.Chmod(dir, 0o777))
		t.Setenv(journal.DirVariable, dir)
		_, err := journal.Dir()
		require.NoError(t, err)
		info, err := os.Stat(dir)
		require.NoError(t, err)
		require.Equal(t, os.ModeDir|0o700, info.Mode())
	})
}

func TestRemoveFolder(t *testing.T) {
	base := t.TempDir()
	path := func(name string) string { return filepath.Join(base, name) }
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(path(name)), 0o700))
		require.NoError(t, os.WriteFile(path(name), []byte(text), 0o600))
	}
	ours := journal.Folder(path("ours"), "token")
	require.NoError(t, journal.MakeFolder(ours))
	require.Error(t, journal.MakeFolder(ours), "a folder that is there is somebody's")
	write("ours/n1/deep/file", "data")
	require.NoError(t, os.Mkdir(path("empty"), 0o700))
	write("marking/.tertium", "")
	write("marked-and-used/.tertium", "")
	write("marked-and-used/file", "data")
	write("theirs/file", "data")
	write("other/.tertium", "another token")
	write("file", "data")

	tests := map[string]struct {
		want string
		kept bool
	}{
		"ours":            {"removed", false},
		"empty":           {"removed, empty", false},
		"marking":         {"removed, empty", false},
		"marked-and-used": {"", true},
		"theirs":          {"", true},
		"other":           {"", true},
		"file":            {"", true},
		"gone":            {"already gone", false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			what, err := journal.RemoveFolder(t.Context(), journal.Folder(path(name), "token"))
			require.Equal(t, test.want, what)
			require.Equal(t, test.kept, err != nil, "%v", err)
			_, err = os.Lstat(path(name))
			require.Equal(t, test.kept, err == nil)
		})
	}
	for _, e := range []cluster.Entry{journal.Folder("relative", "token"), journal.Folder(path("theirs"), ""), journal.Folder("", "")} {
		_, err := journal.RemoveFolder(t.Context(), e)
		require.Error(t, err)
	}
}
