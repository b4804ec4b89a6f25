package lossy

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
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
	file *os.File // its content in the store, if that is open

	// meta is the number of the last change of a name that concerns it.
	meta uint64

	// id is what the kernel calls it; 0 if the kernel does not know it.
	id uint64
	// held counts the changes of names that could bring it back.
	held int
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

// maxOpen is how many contents are open at a time.
const maxOpen = 256

// content opens what a file holds. The caller holds the lock.
func (d *Disk) content(n *inode) (*os.File, error) {
	if n.file != nil {
		return n.file, nil
	}
	file, err := os.OpenFile(d.path(n), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening the store: %w", err)
	}
	if len(d.opened) >= maxOpen {
		d.shut(d.opened[0])
	}
	n.file = file
	d.opened = append(d.opened, n)
	return file, nil
}

// shut closes what a file holds until it is needed again.
func (d *Disk) shut(n *inode) {
	if n.file == nil {
		return
	}
	n.file.Close()
	n.file = nil
	i := slices.Index(d.opened, n)
	d.opened = slices.Delete(d.opened, i, i+1)
}

// collect removes what nobody can reach any more.
func (d *Disk) collect(n *inode) {
	// The kernel forgets a file only once nobody has it open.
	if n.nlink > 0 || n.held > 0 || n.id != 0 {
		return
	}
	d.forgetLog(n)
	if n.regular() {
		d.shut(n)
		os.Remove(d.path(n)) // it may never have been written
	}
}
