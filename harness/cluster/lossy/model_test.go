package lossy

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// model is what a disk must do, told the slow way: it keeps every version of
// everything.
type model struct {
	// names are the paths after each change of a name, the oldest first. A folder
	// is a nil file.
	names     []map[string]*modelFile
	times     []time.Time
	committed int // the version that is durable unless strict
	meta      map[string]int
}

// modelFile is a file with all its contents.
type modelFile struct {
	versions []version
	synced   int // the version that is durable
	meta     int // the last change of a name of it
}

type version struct {
	at      time.Time
	content string
}

func (f *modelFile) now() string { return f.versions[len(f.versions)-1].content }

func newModel(at time.Time) *model {
	return &model{names: []map[string]*modelFile{{"": nil}}, times: []time.Time{at}, meta: map[string]int{}}
}

func (m *model) now() map[string]*modelFile { return m.names[len(m.names)-1] }

// change makes a new version of the names.
func (m *model) change(at time.Time, dirs []string, files []*modelFile, do func(map[string]*modelFile)) {
	names := maps.Clone(m.now())
	do(names)
	m.names, m.times = append(m.names, names), append(m.times, at)
	for _, dir := range dirs {
		m.meta[dir] = len(m.names) - 1
	}
	for _, f := range files {
		if f != nil {
			f.meta = len(m.names) - 1
		}
	}
}

// after is what a loss of power leaves.
func (m *model) after(at time.Time, age time.Duration) map[string]string {
	kept := m.committed
	for i, t := range m.times {
		if age > 0 && !t.After(at.Add(-age)) {
			kept = max(kept, i)
		}
	}
	left := map[string]string{}
	for name, f := range m.names[kept] {
		if f == nil {
			left[name] = "folder"
			continue
		}
		v := f.synced
		for i, one := range f.versions {
			if age > 0 && !one.at.After(at.Add(-age)) {
				v = max(v, i)
			}
		}
		left[name] = "file " + f.versions[v].content
	}
	return left
}

// world is a disk beside its model.
type world struct {
	t     require.TestingT
	disk  *Disk
	model *model
	clock time.Time
}

func newWorld(t require.TestingT, store string) *world {
	w := &world{t: t, clock: time.Unix(1_000_000, 0)}
	w.disk = newDisk(store, func() time.Time { return w.clock })
	w.model = newModel(w.clock)
	return w
}

// look walks to a path; nil if there is none.
func (w *world) look(name string) *inode {
	n := w.disk.root
	for part := range strings.SplitSeq(name, "/") {
		if part != "" && n != nil {
			n = n.entries[part]
		}
	}
	return n
}

func split(name string) (dir, base string) {
	dir, base = path.Split(name)
	return strings.TrimSuffix(dir, "/"), base
}

// is reports whether a path is a folder in the model.
func (w *world) is(dir string) bool {
	f, there := w.model.now()[dir]
	return there && f == nil
}

// put makes a file or a folder.
func (w *world) put(name string, folder bool) {
	dir, base := split(name)
	if _, there := w.model.now()[name]; there || !w.is(dir) {
		return
	}
	mode := uint32(syscall.S_IFREG | 0o600)
	var f *modelFile
	var files []*modelFile
	if folder {
		mode = syscall.S_IFDIR | 0o700
	} else {
		f = &modelFile{versions: []version{{at: time.Unix(0, 0)}}}
		files = []*modelFile{f}
	}
	require.Zero(w.t, w.disk.add(w.look(dir), base, w.disk.newInode(mode, 0, 0)))
	w.model.change(w.clock, []string{dir}, files, func(names map[string]*modelFile) { names[name] = f })
	if folder {
		w.model.meta[name] = len(w.model.names) - 1
	}
}

// write changes what a file holds, in the disk by do.
func (w *world) write(name string, do func(*inode) error, edit func(string) string) {
	f := w.model.now()[name]
	if f == nil {
		return
	}
	require.NoError(w.t, do(w.look(name)))
	f.versions = append(f.versions, version{w.clock, edit(f.now())})
}

func (w *world) sync(name string) {
	f, there := w.model.now()[name]
	if !there {
		return
	}
	w.disk.sync(w.look(name))
	if f == nil {
		w.model.committed = max(w.model.committed, w.model.meta[name])
		return
	}
	grew := false
	for _, v := range f.versions[f.synced+1:] {
		grew = grew || len(v.content) != len(f.versions[f.synced].content)
	}
	f.synced = len(f.versions) - 1
	w.model.committed = max(w.model.committed, f.meta)
	if grew {
		w.model.committed = len(w.model.names) - 1
	}
}

func (w *world) remove(name string) {
	f, there := w.model.now()[name]
	if !there || name == "" {
		return
	}
	dir, base := split(name)
	errno := w.disk.remove(w.look(dir), base, f == nil)
	for other := range w.model.now() {
		if strings.HasPrefix(other, name+"/") {
			require.Equal(w.t, syscall.ENOTEMPTY, errno)
			return
		}
	}
	require.Zero(w.t, errno)
	w.model.change(w.clock, []string{dir}, []*modelFile{f}, func(names map[string]*modelFile) { delete(names, name) })
}

// rename moves a file, or a folder within its folder.
func (w *world) rename(from, to string) {
	f, there := w.model.now()[from]
	fromDir, fromBase := split(from)
	toDir, toBase := split(to)
	over, taken := w.model.now()[to]
	if !there || from == "" || to == "" || from == to || !w.is(toDir) {
		return
	}
	if f == nil || (taken && over == nil) || over == f && taken {
		return // of folders, only files are moved here
	}
	require.Zero(w.t, w.disk.rename(w.look(fromDir), fromBase, w.look(toDir), toBase, 0))
	w.model.change(w.clock, []string{fromDir, toDir}, []*modelFile{f, over}, func(names map[string]*modelFile) {
		delete(names, from)
		names[to] = f
	})
}

func (w *world) link(from, to string) {
	f := w.model.now()[from]
	dir, base := split(to)
	if _, taken := w.model.now()[to]; f == nil || taken || !w.is(dir) {
		return
	}
	require.Zero(w.t, w.disk.link(w.look(dir), base, w.look(from)))
	w.model.change(w.clock, []string{dir}, []*modelFile{f}, func(names map[string]*modelFile) { names[to] = f })
}

// seen is all that the disk holds.
func (w *world) seen() map[string]string {
	found := map[string]string{"": "folder"}
	var walk func(prefix string, dir *inode)
	walk = func(prefix string, dir *inode) {
		for name, n := range dir.entries {
			if n.folder() {
				found[prefix+name] = "folder"
				walk(prefix+name+"/", n)
				continue
			}
			data := make([]byte, n.size)
			got, err := w.disk.read(n, data, 0)
			require.NoError(w.t, err)
			require.EqualValues(w.t, n.size, got)
			found[prefix+name] = "file " + string(data)
		}
	}
	walk("", w.disk.root)
	return found
}

// Random sequences of operations leave, after a loss of power, what the model says:
// neither more nor less.
func TestLossOfPowerIsAsTheModelSays(t *testing.T) {
	stores := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		store, err := os.MkdirTemp(stores, "")
		require.NoError(rt, err)
		defer os.RemoveAll(store)
		w := newWorld(rt, store)
		defer w.disk.Close()
		names := rapid.SampledFrom([]string{"", "a", "b", "d", "d/a", "d/b", "e", "e/a", "e/d", "e/d/a"})
		offsets := rapid.Int64Range(0, 20)
		for range rapid.IntRange(1, 60).Draw(rt, "operations") {
			name := names.Draw(rt, "name")
			switch rapid.SampledFrom([]string{
				"tick", "file", "folder", "write", "write", "write", "truncate", "zero", "fsync", "fsync", "remove", "rename", "link",
			}).Draw(rt, "operation") {
			case "tick":
				w.clock = w.clock.Add(time.Duration(rapid.IntRange(1, 3).Draw(rt, "seconds")) * time.Second)
			case "file":
				w.put(name, false)
			case "folder":
				w.put(name, true)
			case "write":
				off, text := offsets.Draw(rt, "offset"), rapid.StringMatching(`[a-z]{1,12}`).Draw(rt, "text")
				w.write(name, func(n *inode) error { return w.disk.write(n, []byte(text), off) }, func(old string) string {
					return patch(old, int(off), text)
				})
			case "truncate":
				size := offsets.Draw(rt, "size")
				w.write(name, func(n *inode) error { return w.disk.truncate(n, size) }, func(old string) string {
					return patch(old, int(size), "")[:size]
				})
			case "zero":
				off, size := offsets.Draw(rt, "offset"), offsets.Draw(rt, "size")
				w.write(name, func(n *inode) error { return w.disk.zero(n, off, off+size) }, func(old string) string {
					end := min(off+size, int64(len(old)))
					if off >= end {
						return old
					}
					return patch(old, int(off), strings.Repeat("\x00", int(end-off)))
				})
			case "fsync":
				w.sync(name)
			case "remove":
				w.remove(name)
			case "rename":
				w.rename(name, names.Draw(rt, "to"))
			case "link":
				w.link(name, names.Draw(rt, "to"))
			}
		}
		age := time.Duration(rapid.IntRange(0, 8).Draw(rt, "age")) * time.Second
		want := w.model.after(w.clock, age)
		_, err = w.disk.Lose(cluster.PowerLoss{Age: age})
		require.NoError(rt, err)
		require.Equal(rt, want, w.seen())
		// What is left is durable.
		lost, err := w.disk.Lose(cluster.PowerLoss{Strict: true})
		require.NoError(rt, err)
		require.Equal(rt, cluster.Lost{}, lost)
		require.Equal(rt, want, w.seen())
		require.Zero(rt, w.disk.memory)
	})
}

// patch is a text with another written over it at an offset.
func patch(old string, off int, text string) string {
	b := []byte(old)
	if need := off + len(text); need > len(b) {
		b = append(b, make([]byte, need-len(b))...)
	}
	copy(b[off:], text)
	return string(b)
}

// Strict, a name is there if, and only if, its folder was fsynced since.
func TestStrictNames(t *testing.T) {
	for name, test := range map[string]struct {
		do   func(w *world)
		want string
	}{
		"never":              {func(w *world) { w.put("a", false); w.sync("a") }, ""},
		"folder":             {func(w *world) { w.put("a", false); w.sync("") }, "a"},
		"before":             {func(w *world) { w.sync(""); w.put("a", false) }, ""},
		"removed":            {func(w *world) { w.put("a", false); w.sync(""); w.remove("a") }, "a"},
		"removed for good":   {func(w *world) { w.put("a", false); w.sync(""); w.remove("a"); w.sync("") }, ""},
		"folder is lost":     {func(w *world) { w.put("d", true); w.put("d/a", false); w.sync("d") }, ""},
		"both folders":       {func(w *world) { w.put("d", true); w.put("d/a", false); w.sync("d"); w.sync("") }, "d d/a"},
		"other folder":       {func(w *world) { w.put("d", true); w.sync(""); w.put("d/a", false); w.sync("") }, "d"},
		"renamed":            {func(w *world) { w.put("a", false); w.sync(""); w.rename("a", "b") }, "a"},
		"renamed for good":   {func(w *world) { w.put("a", false); w.rename("a", "b"); w.sync("") }, "b"},
		"moved":              {func(w *world) { w.put("d", true); w.put("a", false); w.sync(""); w.rename("a", "d/a") }, "a d"},
		"moved, from synced": {func(w *world) { w.put("d", true); w.put("a", false); w.sync(""); w.rename("a", "d/a"); w.sync("") }, "d d/a"},
		"moved, to synced":   {func(w *world) { w.put("d", true); w.put("a", false); w.sync(""); w.rename("a", "d/a"); w.sync("d") }, "d d/a"},
		"moved over": {func(w *world) {
			w.put("d", true)
			w.put("d/a", false)
			w.put("a", false)
			w.sync("")
			w.rename("a", "d/a")
			w.rename("d/a", "d/b")
			w.sync("")
		}, "d d/a"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			test.do(w)
			_, err := w.disk.Lose(cluster.PowerLoss{Strict: true})
			require.NoError(t, err)
			names := slices.Sorted(maps.Keys(w.seen()))
			require.Equal(t, test.want, strings.Join(names[1:], " "))
		})
	}
}

// A torn write keeps the writes before it, and a beginning of itself that ends at a
// sector's edge.
func TestTornWrite(t *testing.T) {
	lengths := map[int64]bool{}
	for salt := range uint64(64) {
		w := newWorld(t, t.TempDir())
		w.put("a", false)
		w.put("b", false)
		w.disk.Sync()
		a, b := w.look("a"), w.look("b")
		require.NoError(t, w.disk.write(b, []byte("other"), 0))
		require.NoError(t, w.disk.write(a, bytes.Repeat([]byte("1"), 700), 0))
		require.NoError(t, w.disk.write(a, bytes.Repeat([]byte("2"), 2000), 700))
		lost, err := w.disk.Lose(cluster.PowerLoss{Tear: true, Salt: salt})
		require.NoError(t, err)
		require.Zero(t, b.size, "other files are as ever")
		require.Zero(t, a.size%sector)
		require.Equal(t, fmt.Sprintf("%d of the 2000 bytes written last to a", a.size-700), lost.Torn)
		require.Equal(t, cluster.Lost{Writes: 2, Bytes: 2005, Torn: lost.Torn}, lost)
		data := make([]byte, a.size)
		_, err = w.disk.read(a, data, 0)
		require.NoError(t, err)
		require.Equal(t, strings.Repeat("1", 700)+strings.Repeat("2", int(a.size)-700), string(data))
		lengths[a.size] = true
	}
	require.Equal(t, map[int64]bool{1024: true, 1536: true, 2048: true, 2560: true}, lengths)
}

// What nobody can reach any more is not kept in the store, and the log of a file
// that is never fsynced does not grow for ever.
func TestNothingIsKeptInVain(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.put("a", false)
	w.disk.Sync()
	for i := range 20_000 {
		require.NoError(t, w.disk.write(w.look("a"), []byte("text"), int64(i%7)))
		name := fmt.Sprintf("t%d", i%5)
		require.Zero(t, w.disk.add(w.disk.root, name, w.disk.newInode(syscall.S_IFREG, 0, 0)))
		require.Zero(t, w.disk.rename(w.disk.root, name, w.disk.root, "b", 0))
		if i%10 == 0 {
			w.clock = w.clock.Add(time.Second)
		}
	}
	require.Less(t, len(w.look("a").log), 100)
	require.Less(t, len(w.disk.namings), 10_000)
	require.Less(t, w.disk.memory, int64(64<<10))
}
