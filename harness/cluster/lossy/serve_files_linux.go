package lossy

import (
	"maps"
	"slices"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fuse"
	"golang.org/x/sys/unix"

	"github.com/tertium-dev/tertium/harness/cluster"
)

func (s *server) Create(cancel <-chan struct{}, in *fuse.CreateIn, name string, out *fuse.CreateOut) fuse.Status {
	_, status := s.create(cancel, &in.InHeader, name, syscall.S_IFREG|in.Mode&0o7777, nil, &out.EntryOut)
	out.OpenFlags = fuse.FOPEN_KEEP_CACHE
	return status
}

// Open is not needed: the kernel does not ask again, and keeps what it remembers of
// a file from one opening to the next.
func (s *server) Open(<-chan struct{}, *fuse.OpenIn, *fuse.OpenOut) fuse.Status { return fuse.ENOSYS }

// synchronous says whether a file opened with these flags is durable after each
// write. O_SYNC includes O_DSYNC.
func synchronous(flags uint32) bool { return flags&unix.O_DSYNC != 0 }

// Flush is not needed: the kernel does not ask again.
func (s *server) Flush(<-chan struct{}, *fuse.FlushIn) fuse.Status { return fuse.ENOSYS }

func (s *server) Read(cancel <-chan struct{}, in *fuse.ReadIn, buf []byte) (fuse.ReadResult, fuse.Status) {
	n, status := s.ask(in.NodeId, cluster.DiskRequest{Op: cluster.DiskRead}, cancel)
	if status != fuse.OK {
		return nil, status
	}
	defer s.mu.Unlock()
	got, err := s.read(n, buf, int64(in.Offset))
	if err != nil {
		return nil, s.status(err)
	}
	return fuse.ReadResultData(buf[:got]), fuse.OK
}

func (s *server) Write(cancel <-chan struct{}, in *fuse.WriteIn, data []byte) (uint32, fuse.Status) {
	n, status := s.enter(in.NodeId)
	if status != fuse.OK {
		return 0, status
	}
	end := int64(in.Offset) + int64(len(data))
	grows := end > n.size
	s.mu.Unlock()
	n, status = s.ask(in.NodeId, cluster.DiskRequest{Op: cluster.DiskWrite, Grows: grows}, cancel)
	if status != fuse.OK {
		return 0, status
	}
	err := s.write(n, data, int64(in.Offset))
	durable := in.WriteFlags&fuse.WRITE_CACHE == 0 && synchronous(in.Flags)
	status = s.status(err)
	s.mu.Unlock()
	if status == fuse.OK && durable {
		status = s.fsync(cancel, in.NodeId)
	}
	if status != fuse.OK {
		return 0, status
	}
	return uint32(len(data)), fuse.OK
}

func (s *server) fsync(cancel <-chan struct{}, id uint64) fuse.Status {
	n, status := s.ask(id, cluster.DiskRequest{Op: cluster.DiskSync}, cancel)
	if status != fuse.OK {
		return status
	}
	defer s.mu.Unlock()
	s.sync(n)
	return fuse.OK
}

func (s *server) Fsync(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	return s.fsync(cancel, in.NodeId)
}

func (s *server) FsyncDir(cancel <-chan struct{}, in *fuse.FsyncIn) fuse.Status {
	return s.fsync(cancel, in.NodeId)
}

func (s *server) Fallocate(cancel <-chan struct{}, in *fuse.FallocateIn) fuse.Status {
	off, end := int64(in.Offset), int64(in.Offset+in.Length)
	keep := in.Mode&unix.FALLOC_FL_KEEP_SIZE != 0
	what := in.Mode &^ unix.FALLOC_FL_KEEP_SIZE
	request := cluster.DiskRequest{Op: cluster.DiskWrite, Grows: what != unix.FALLOC_FL_PUNCH_HOLE}
	n, status := s.ask(in.NodeId, request, cancel)
	if status != fuse.OK {
		return status
	}
	defer s.mu.Unlock()
	switch {
	case what == unix.FALLOC_FL_PUNCH_HOLE && keep, what == unix.FALLOC_FL_ZERO_RANGE:
		if status := s.status(s.zero(n, off, end)); status != fuse.OK {
			return status
		}
	case what != 0:
		return fuse.Status(syscall.EOPNOTSUPP)
	}
	if keep || end <= n.size {
		return fuse.OK
	}
	return s.status(s.truncate(n, end))
}

func (s *server) OpenDir(_ <-chan struct{}, in *fuse.OpenIn, out *fuse.OpenOut) fuse.Status {
	n, status := s.enter(in.NodeId)
	if status != fuse.OK {
		return status
	}
	defer s.mu.Unlock()
	if !n.folder() {
		return fuse.ENOTDIR
	}
	s.lastFH++
	out.Fh = s.lastFH
	s.handles[out.Fh] = new(handle)
	return fuse.OK
}

func (s *server) ReadDir(_ <-chan struct{}, in *fuse.ReadIn, out *fuse.DirEntryList) fuse.Status {
	dir, status := s.enter(in.NodeId)
	if status != fuse.OK {
		return status
	}
	defer s.mu.Unlock()
	h := s.handles[in.Fh]
	if h == nil || h.stale {
		return fuse.Status(syscall.ESTALE)
	}
	if in.Offset == 0 {
		h.names = append([]string{".", ".."}, slices.Sorted(maps.Keys(dir.entries))...)
	}
	for i := int(in.Offset); i < len(h.names); i++ {
		entry := fuse.DirEntry{Name: h.names[i], Off: uint64(i + 1)}
		switch {
		case i == 0:
			entry.Ino, entry.Mode = dir.number, dir.mode
		case i == 1:
			entry.Ino, entry.Mode = dir.number, dir.mode
			if dir.parent != nil {
				entry.Ino = dir.parent.number
			}
		default:
			n := dir.entries[h.names[i]]
			if n == nil {
				continue // removed meanwhile
			}
			entry.Ino, entry.Mode = n.number, n.mode
		}
		if !out.AddDirEntry(entry) {
			break
		}
	}
	return fuse.OK
}

func (s *server) ReleaseDir(in *fuse.ReleaseIn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.handles, in.Fh)
}
