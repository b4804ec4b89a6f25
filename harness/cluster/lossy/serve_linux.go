package lossy

import (
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// kept is how long the kernel may trust what it was told: every change is its own.
// After a loss of power all inodes have new numbers, and it is told to forget the
// names.
const kept = time.Hour

// server speaks FUSE for a disk.
type server struct {
	fuse.RawFileSystem
	*Disk
}

func newServer(d *Disk) *server { return &server{fuse.NewDefaultRawFileSystem(), d} }

// Init learns how to speak to the kernel.
func (s *server) Init(kernel *fuse.Server) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forgetName = func(name string) {
		// It may not know the name, and once unmounted it knows none.
		_ = kernel.EntryNotify(rootID, name)
	}
}

func (s *server) String() string { return "tertium" }

// enter takes the lock for a request to an inode. If it returns OK, the lock is
// to be released.
func (s *server) enter(id uint64) (*inode, fuse.Status) {
	s.requests.Add(1)
	s.mu.Lock()
	if r := s.refs[id]; r != nil && r.inode != nil {
		return r.inode, fuse.OK
	}
	s.mu.Unlock()
	return nil, fuse.Status(syscall.ESTALE)
}

// ask is enter after the rules were asked about a request.
func (s *server) ask(id uint64, request cluster.DiskRequest, cancel <-chan struct{}) (*inode, fuse.Status) {
	if errno := s.judge(request, cancel); errno != 0 {
		s.requests.Add(1)
		return nil, fuse.Status(errno)
	}
	return s.enter(id)
}

// status is what the kernel is told of an error of the store, which is no fault
// that anybody asked for.
func (s *server) status(err error) fuse.Status {
	if err == nil {
		return fuse.OK
	}
	s.note("its disk failed: " + err.Error())
	return fuse.ToStatus(err)
}

func attributes(n *inode, out *fuse.Attr) {
	size := n.size
	if n.kind() == syscall.S_IFLNK {
		size = int64(len(n.target))
	}
	nlink := n.nlink
	if n.folder() && nlink > 0 {
		nlink = 2
	}
	*out = fuse.Attr{
		Ino: n.number, Size: uint64(size), Blocks: uint64(size+sector-1) / sector,
		Mode: n.mode, Nlink: nlink, Owner: fuse.Owner{Uid: n.uid, Gid: n.gid}, Rdev: n.rdev, Blksize: 4096,
	}
	out.SetTimes(&n.atime, &n.mtime, &n.ctime)
}

// entry tells the kernel of an inode, under a name that it remembers.
func (s *server) entry(n *inode, out *fuse.EntryOut) {
	out.NodeId, out.Generation = s.know(n), 1
	out.SetEntryTimeout(kept)
	out.SetAttrTimeout(kept)
	attributes(n, &out.Attr)
}

func (s *server) Lookup(_ <-chan struct{}, header *fuse.InHeader, name string, out *fuse.EntryOut) fuse.Status {
	dir, status := s.enter(header.NodeId)
	if status != fuse.OK {
		return status
	}
	defer s.mu.Unlock()
	n := dir.entries[name]
	if n == nil {
		return fuse.ENOENT
	}
	s.entry(n, out)
	return fuse.OK
}

func (s *server) Forget(id, times uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(id, times)
}

func (s *server) GetAttr(_ <-chan struct{}, in *fuse.GetAttrIn, out *fuse.AttrOut) fuse.Status {
	n, status := s.enter(in.NodeId)
	if status != fuse.OK {
		return status
	}
	defer s.mu.Unlock()
	out.SetTimeout(kept)
	attributes(n, &out.Attr)
	return fuse.OK
}

func (s *server) SetAttr(cancel <-chan struct{}, in *fuse.SetAttrIn, out *fuse.AttrOut) fuse.Status {
	n, status := s.enter(in.NodeId)
	if status != fuse.OK {
		return status
	}
	if size, ok := in.GetSize(); ok {
		request := cluster.DiskRequest{Op: cluster.DiskWrite, Grows: int64(size) > n.size}
		s.mu.Unlock()
		if n, status = s.ask(in.NodeId, request, cancel); status != fuse.OK {
			return status
		}
	}
	defer s.mu.Unlock()
	if size, ok := in.GetSize(); ok {
		if status := s.status(s.truncate(n, int64(size))); status != fuse.OK {
			return status
		}
	}
	if mode, ok := in.GetMode(); ok {
		n.mode = n.kind() | mode
	}
	if uid, ok := in.GetUID(); ok {
		n.uid = uid
	}
	if gid, ok := in.GetGID(); ok {
		n.gid = gid
	}
	if t, ok := in.GetATime(); ok {
		n.atime = t
	}
	if t, ok := in.GetMTime(); ok {
		n.mtime = t
	}
	n.ctime = s.now()
	out.SetTimeout(kept)
	attributes(n, &out.Attr)
	return fuse.OK
}

// create makes an inode of a mode under a name.
func (s *server) create(cancel <-chan struct{}, header *fuse.InHeader, name string, mode uint32, more func(*inode), out *fuse.EntryOut) (*inode, fuse.Status) {
	dir, status := s.ask(header.NodeId, cluster.DiskRequest{Op: cluster.DiskWrite, Grows: true}, cancel)
	if status != fuse.OK {
		return nil, status
	}
	defer s.mu.Unlock()
	n := s.newInode(mode, header.Uid, header.Gid)
	if dir.mode&syscall.S_ISGID != 0 {
		n.gid = dir.gid
		if n.folder() {
			n.mode |= syscall.S_ISGID
		}
	}
	if errno := s.add(dir, name, n); errno != 0 {
		return nil, fuse.Status(errno)
	}
	if more != nil {
		more(n)
	}
	s.entry(n, out)
	return n, fuse.OK
}

func (s *server) Mknod(cancel <-chan struct{}, in *fuse.MknodIn, name string, out *fuse.EntryOut) fuse.Status {
	_, status := s.create(cancel, &in.InHeader, name, in.Mode, func(n *inode) { n.rdev = in.Rdev }, out)
	return status
}

func (s *server) Mkdir(cancel <-chan struct{}, in *fuse.MkdirIn, name string, out *fuse.EntryOut) fuse.Status {
	_, status := s.create(cancel, &in.InHeader, name, syscall.S_IFDIR|in.Mode&0o7777, nil, out)
	return status
}

func (s *server) Symlink(cancel <-chan struct{}, header *fuse.InHeader, target, name string, out *fuse.EntryOut) fuse.Status {
	_, status := s.create(cancel, header, name, syscall.S_IFLNK|0o777, func(n *inode) { n.target = target }, out)
	return status
}

func (s *server) Readlink(_ <-chan struct{}, header *fuse.InHeader) ([]byte, fuse.Status) {
	n, status := s.enter(header.NodeId)
	if status != fuse.OK {
		return nil, status
	}
	defer s.mu.Unlock()
	if n.kind() != syscall.S_IFLNK {
		return nil, fuse.EINVAL
	}
	return []byte(n.target), fuse.OK
}

func (s *server) Link(cancel <-chan struct{}, in *fuse.LinkIn, name string, out *fuse.EntryOut) fuse.Status {
	dir, status := s.ask(in.NodeId, cluster.DiskRequest{Op: cluster.DiskWrite, Grows: true}, cancel)
	if status != fuse.OK {
		return status
	}
	defer s.mu.Unlock()
	r := s.refs[in.Oldnodeid]
	if r == nil || r.inode == nil {
		return fuse.Status(syscall.ESTALE)
	}
	if errno := s.link(dir, name, r.inode); errno != 0 {
		return fuse.Status(errno)
	}
	s.entry(r.inode, out)
	return fuse.OK
}

func (s *server) Unlink(_ <-chan struct{}, header *fuse.InHeader, name string) fuse.Status {
	return s.unname(header, name, false)
}

func (s *server) Rmdir(_ <-chan struct{}, header *fuse.InHeader, name string) fuse.Status {
	return s.unname(header, name, true)
}

func (s *server) unname(header *fuse.InHeader, name string, folder bool) fuse.Status {
	dir, status := s.enter(header.NodeId)
	if status != fuse.OK {
		return status
	}
	defer s.mu.Unlock()
	return fuse.Status(s.remove(dir, name, folder))
}

func (s *server) Rename(_ <-chan struct{}, in *fuse.RenameIn, name, newName string) fuse.Status {
	dir, status := s.enter(in.NodeId)
	if status != fuse.OK {
		return status
	}
	defer s.mu.Unlock()
	to := s.refs[in.Newdir]
	if to == nil || to.inode == nil {
		return fuse.Status(syscall.ESTALE)
	}
	return fuse.Status(s.rename(dir, name, to.inode, newName, in.Flags))
}

func (s *server) StatFs(_ <-chan struct{}, _ *fuse.InHeader, out *fuse.StatfsOut) fuse.Status {
	s.requests.Add(1)
	var seen unix.Statfs_t
	if err := unix.Statfs(s.store, &seen); err != nil {
		return fuse.ToStatus(err)
	}
	*out = fuse.StatfsOut{
		Blocks: seen.Blocks, Bfree: seen.Bfree, Bavail: seen.Bavail, Files: seen.Files, Ffree: seen.Ffree,
		Bsize: uint32(seen.Bsize), NameLen: 255, Frsize: uint32(seen.Frsize),
	}
	return fuse.OK
}
