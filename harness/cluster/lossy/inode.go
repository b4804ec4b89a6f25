package lossy

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// inode is a file, a folder, a symbolic link or something else with a mode. All
// of it is guarded by the disk's lock.
type inode struct {
	number uint64
	// mode has the type, as in stat(2).
	mode     uint32
	uid, gid uint32
	rdev     uint32
	// nlink counts the names of a file; a folder has one or none.
	nlink               uint32
	atime, mtime, ctime time.Time

	target  string            // of a symbolic link
	entries map[string]*inode // of a folder
	parent  *inode            // of a folder

	size int64
	// log undoes what was done to the content since the last fsync, the oldest
	// first. The last one is never merged with others, so that it can be torn.
	log []change
	// grew is true if the size changed since the last fsync.
	grew bool
	file *os.File // its content in the store, while it is open

	// meta is the number of the last change of a name that concerns it.
	meta uint64

	// id is what the kernel calls it; 0 if the kernel does not know it.
	id uint64
	// opens counts the handles, and held the changes of names that could bring it
	// back.
	opens, held int
}

func (n *inode) kind() uint32 { return n.mode & syscall.S_IFMT }

func (n *inode) folder() bool { return n.kind() == syscall.S_IFDIR }

func (n *inode) regular() bool { return n.kind() == syscall.S_IFREG }

// newInode makes an inode without a name.
func (d *Disk) newInode(mode, uid, gid uint32) *inode {
	d.lastInode++
	now := d.now()
	n := &inode{number: d.lastInode, mode: mode, uid: uid, gid: gid, atime: now, mtime: now, ctime: now}
	if n.folder() {
		n.entries = map[string]*inode{}
	}
	return n
}

// path is where the content of a file is.
func (d *Disk) path(n *inode) string {
	return filepath.Join(d.store, strconv.FormatUint(n.number, 10))
}

// content opens what a file holds. It stays open while the file is.
func (d *Disk) content(n *inode) (file *os.File, done func(), err error) {
	if n.file != nil {
		return n.file, func() {}, nil
	}
	file, err = os.OpenFile(d.path(n), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, nil, fmt.Errorf("opening the store: %w", err)
	}
	if n.opens > 0 {
		n.file = file
		return file, func() {}, nil
	}
	return file, func() { file.Close() }, nil
}

// collect removes what nobody can reach any more.
func (d *Disk) collect(n *inode) {
	if n.nlink > 0 || n.opens > 0 || n.held > 0 || n.id != 0 {
		return
	}
	d.forgetLog(n)
	if n.regular() {
		os.Remove(d.path(n)) // it may never have been written
	}
}
