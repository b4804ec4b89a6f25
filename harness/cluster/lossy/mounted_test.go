//go:build linux

package lossy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/cluster/lossy"
)

// mounted returns a disk and the folder that it is mounted on.
func mounted(t testing.TB) (*lossy.Disk, string) {
	t.Helper()
	if err := lossy.Available(false); err != nil {
		t.Skip("SKIPPED: ", err)
	}
	disk, dir := lossy.New(t.TempDir()), t.TempDir()
	m, err := lossy.Mount(disk, lossy.Entry(dir, "test"), false)
	require.NoError(t, err)
	t.Cleanup(func() {
		require.NoError(t, m.Close())
		require.Empty(t, disk.Trouble())
	})
	return disk, dir
}

func write(t *testing.T, path, text string, flags int) *os.File {
	t.Helper()
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|flags, 0o600)
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	_, err = file.WriteString(text)
	require.NoError(t, err)
	return file
}

func syncFolder(t *testing.T, dir string) {
	t.Helper()
	file, err := os.Open(dir)
	require.NoError(t, err)
	require.NoError(t, file.Sync())
	require.NoError(t, file.Close())
}

func lose(t *testing.T, disk *lossy.Disk, p cluster.PowerLoss) cluster.Lost {
	t.Helper()
	lost, err := disk.Lose(p)
	require.NoError(t, err)
	return lost
}

func TestWhatAProgramSees(t *testing.T) {
	disk, dir := mounted(t)
	path := filepath.Join(dir, "log")
	file := write(t, path, "kept ", 0)
	require.NoError(t, file.Sync())
	_, err := file.WriteString("lost")
	require.NoError(t, err)
	write(t, filepath.Join(dir, "never synced"), "x", 0)

	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "kept lost", string(text))
	require.Equal(t, cluster.Lost{Writes: 1, Bytes: 4, Names: 1}, lose(t, disk, cluster.PowerLoss{}))

	_, err = file.WriteString("from the dead")
	require.ErrorIs(t, err, syscall.ESTALE)
	text, err = os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "kept ", string(text))
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Positive(t, disk.Requests())
}

// Each way to make a write durable, with one beside it that does not.
func TestWaysToBeDurable(t *testing.T) {
	for name, test := range map[string]struct {
		flags int
		do    func(t *testing.T, file *os.File)
		kept  bool
	}{
		"nothing":       {},
		"fsync":         {do: func(t *testing.T, f *os.File) { require.NoError(t, f.Sync()) }, kept: true},
		"fdatasync":     {do: func(t *testing.T, f *os.File) { require.NoError(t, unix.Fdatasync(int(f.Fd()))) }, kept: true},
		"O_SYNC":        {flags: syscall.O_SYNC, kept: true},
		"O_DSYNC":       {flags: syscall.O_DSYNC, kept: true},
		"close":         {do: func(t *testing.T, f *os.File) { require.NoError(t, f.Close()) }},
		"another fsync": {do: func(t *testing.T, f *os.File) { syncFolder(t, filepath.Dir(f.Name())) }},
		"msync": {do: func(t *testing.T, f *os.File) {
			mapped, err := unix.Mmap(int(f.Fd()), 0, 4, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
			require.NoError(t, err)
			copy(mapped, "map")
			require.NoError(t, unix.Msync(mapped, unix.MS_SYNC))
			require.NoError(t, unix.Munmap(mapped))
		}, kept: true},
	} {
		t.Run(name, func(t *testing.T) {
			disk, dir := mounted(t)
			path := filepath.Join(dir, "file")
			file := write(t, path, "before", 0)
			require.NoError(t, file.Sync())
			require.NoError(t, file.Close())
			file = write(t, path, "after!", test.flags)
			if test.do != nil {
				test.do(t, file)
			}
			lose(t, disk, cluster.PowerLoss{})
			text, err := os.ReadFile(path)
			require.NoError(t, err)
			if test.kept {
				require.NotEqual(t, "before", string(text))
			} else {
				require.Equal(t, "before", string(text))
			}
		})
	}
}

func TestWhatServersNeed(t *testing.T) {
	_, dir := mounted(t)
	path := filepath.Join(dir, "file")
	file := write(t, path, "text", 0)

	other, err := os.Open(path)
	require.NoError(t, err)
	defer other.Close()
	require.NoError(t, unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB))
	require.ErrorIs(t, unix.Flock(int(other.Fd()), unix.LOCK_EX|unix.LOCK_NB), unix.EWOULDBLOCK)
	lock := unix.Flock_t{Type: unix.F_WRLCK}
	require.NoError(t, unix.FcntlFlock(file.Fd(), unix.F_SETLK, &lock))

	require.NoError(t, unix.Fallocate(int(file.Fd()), 0, 0, 1<<20))
	info, err := file.Stat()
	require.NoError(t, err)
	require.EqualValues(t, 1<<20, info.Size())
	require.NoError(t, unix.Fallocate(int(file.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, 0, 2))
	head := make([]byte, 5)
	_, err = file.ReadAt(head, 0)
	require.NoError(t, err)
	require.Equal(t, "\x00\x00xt\x00", string(head))

	require.NoError(t, os.Link(path, filepath.Join(dir, "link")))
	require.NoError(t, os.Symlink("file", filepath.Join(dir, "symlink")))
	text, err := os.ReadFile(filepath.Join(dir, "symlink"))
	require.NoError(t, err)
	require.Len(t, text, 1<<20)
	require.NoError(t, os.Remove(path))
	info, err = os.Stat(filepath.Join(dir, "link"))
	require.NoError(t, err)
	require.EqualValues(t, 1, info.Sys().(*syscall.Stat_t).Nlink)

	direct, err := os.OpenFile(filepath.Join(dir, "direct"), os.O_RDWR|os.O_CREATE|unix.O_DIRECT, 0o600)
	require.NoError(t, err)
	defer direct.Close()
	page, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	require.NoError(t, err)
	copy(page, "direct")
	_, err = direct.WriteAt(page, 0)
	require.NoError(t, err)

	mapped, err := unix.Mmap(int(direct.Fd()), 0, 4096, unix.PROT_READ, unix.MAP_SHARED)
	require.NoError(t, err)
	require.Equal(t, "direct", string(mapped[:6]))
	_, err = file.WriteAt([]byte("seen"), 0)
	require.NoError(t, err)
	require.NoError(t, unix.Munmap(mapped))

	var space unix.Statfs_t
	require.NoError(t, unix.Statfs(dir, &space))
	require.Positive(t, space.Bavail)
	_, err = unix.Getxattr(dir, "user.x", nil)
	require.ErrorIs(t, err, unix.EOPNOTSUPP)
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	require.NoError(t, err)
	defer unix.Close(socket)
	require.NoError(t, unix.Bind(socket, &unix.SockaddrUnix{Name: filepath.Join(dir, "socket")}))
}

// rule fails or delays every request of one kind.
type rule struct {
	op     cluster.DiskOp
	action cluster.DiskAction
}

func (r rule) Judge(q cluster.DiskRequest) cluster.DiskAction {
	if q.Op == r.op {
		return r.action
	}
	return cluster.DiskAction{}
}

func TestRules(t *testing.T) {
	disk, dir := mounted(t)
	file := write(t, filepath.Join(dir, "file"), "text", 0)
	require.NoError(t, file.Sync())

	remove := disk.Add(rule{cluster.DiskWrite, cluster.DiskAction{Err: syscall.ENOSPC}})
	_, err := file.WriteString("more")
	require.ErrorIs(t, err, syscall.ENOSPC)
	remove()
	_, err = file.WriteString("more")
	require.NoError(t, err)

	remove = disk.Add(rule{cluster.DiskSync, cluster.DiskAction{Err: syscall.EIO}})
	require.ErrorIs(t, file.Sync(), syscall.EIO)
	remove()
	require.EqualValues(t, 1, lose(t, disk, cluster.PowerLoss{}).Writes, "a failed fsync makes nothing durable")

	const delay = 200 * time.Millisecond
	remove = disk.Add(rule{cluster.DiskSync, cluster.DiskAction{Delay: delay}})
	again, err := os.Open(filepath.Join(dir, "file"))
	require.NoError(t, err)
	defer again.Close()
	began := time.Now()
	require.NoError(t, again.Sync())
	require.GreaterOrEqual(t, time.Since(began), delay)
	remove()

	remove = disk.Add(rule{cluster.DiskRead, cluster.DiskAction{Err: syscall.EIO}})
	_, err = again.Read(make([]byte, 4))
	require.ErrorIs(t, err, syscall.EIO)
	remove()

	what, err := disk.Flip(1, 7)
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(dir, "file"))
	require.NoError(t, err)
	require.NotEqual(t, "text", string(text), what)
	require.Len(t, text, 4)
}

// Many files at once, some synced and some not, with losses of power between.
func TestStress(t *testing.T) {
	disk, dir := mounted(t)
	for round := range 3 {
		var all sync.WaitGroup
		for i := range 16 {
			all.Go(func() {
				path := filepath.Join(dir, fmt.Sprintf("r%d-%d", round, i))
				file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
				if err != nil {
					t.Error(err)
					return
				}
				defer file.Close()
				for k := range 50 {
					if _, err := fmt.Fprintf(file, "line %04d\n", k); err != nil {
						t.Error(err)
						return
					}
					if k%10 == 9 && i%2 == 0 {
						if err := file.Sync(); err != nil {
							t.Error(err)
							return
						}
					}
				}
			})
		}
		all.Wait()
		syncFolder(t, dir)
		lose(t, disk, cluster.PowerLoss{})
		for i := range 16 {
			info, err := os.Stat(filepath.Join(dir, fmt.Sprintf("r%d-%d", round, i)))
			require.NoError(t, err)
			want := 0
			if i%2 == 0 {
				want = 50 * len("line 0000\n")
			}
			require.EqualValues(t, want, info.Size())
		}
	}
}

// A write into a preallocated log and an fsync after it, as etcd does; and the
// same beside it on the plain disk.
func BenchmarkPreallocatedLog(b *testing.B) {
	run := func(b *testing.B, dir string) {
		file, err := os.Create(filepath.Join(dir, "wal"))
		require.NoError(b, err)
		defer file.Close()
		require.NoError(b, unix.Fallocate(int(file.Fd()), 0, 0, 64<<20))
		require.NoError(b, file.Sync())
		record := make([]byte, 512)
		for i := 0; b.Loop(); i++ {
			record[0] = byte(i)
			if _, err := file.WriteAt(record, int64(i)*512%(64<<20)); err != nil {
				b.Fatal(err)
			}
			if err := unix.Fdatasync(int(file.Fd())); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.Run("lossy", func(b *testing.B) {
		_, dir := mounted(b)
		run(b, dir)
	})
	b.Run("plain", func(b *testing.B) { run(b, b.TempDir()) })
}
