package lossy

import (
	"syscall"
	"time"
)

// naming is what a name in a folder meant before it was changed, so that the
// change can be undone.
type naming struct {
	at   time.Time
	seq  uint64 // both halves of a move have the same
	dir  *inode
	name string
	old  *inode // nil: the name was not there
	// twin is the other half of a move from one folder to another.
	twin *naming
	// durable is true once an fsync of the folder, or of the twin's, made the
	// change durable in the strict sense.
	durable bool
}

// set changes what a name in a folder means; nil removes it.
func (d *Disk) set(dir *inode, name string, n *inode) *naming {
	change := &naming{at: d.now(), seq: d.names, dir: dir, name: name, old: dir.entries[name]}
	if change.old != nil {
		change.old.held++
	}
	d.namings = append(d.namings, change)
	if n == nil {
		delete(dir.entries, name)
	} else {
		dir.entries[name] = n
		if n.folder() {
			n.parent = dir
		}
	}
	dir.mtime, dir.ctime, dir.meta = change.at, change.at, change.seq
	return change
}

// begin numbers a change of names and notes whom it concerns.
func (d *Disk) begin(concerned ...*inode) {
	d.names++
	now := d.now()
	for _, n := range concerned {
		if n != nil {
			n.meta, n.ctime = d.names, now
		}
	}
	if len(d.namings) > 2*d.pruned+1024 {
		d.prune()
	}
}

// check returns why a name cannot be made in a folder.
func check(dir *inode, name string) syscall.Errno {
	switch {
	case !dir.folder():
		return syscall.ENOTDIR
	case dir.nlink == 0:
		return syscall.ENOENT // it was removed
	case len(name) > 255:
		return syscall.ENAMETOOLONG
	case dir.entries[name] != nil:
		return syscall.EEXIST
	}
	return 0
}

// add gives a new inode a name.
func (d *Disk) add(dir *inode, name string, n *inode) syscall.Errno {
	if errno := check(dir, name); errno != 0 {
		return errno
	}
	d.begin(n)
	n.nlink = 1
	d.set(dir, name, n)
	return 0
}

// link gives a file one more name.
func (d *Disk) link(dir *inode, name string, n *inode) syscall.Errno {
	if n.folder() {
		return syscall.EPERM
	}
	if errno := check(dir, name); errno != 0 {
		return errno
	}
	d.begin(n)
	n.nlink++
	d.set(dir, name, n)
	return 0
}

// remove takes a name away, of a folder or of anything else.
func (d *Disk) remove(dir *inode, name string, folder bool) syscall.Errno {
	n := dir.entries[name]
	switch {
	case n == nil:
		return syscall.ENOENT
	case folder && !n.folder():
		return syscall.ENOTDIR
	case !folder && n.folder():
		return syscall.EISDIR
	case folder && len(n.entries) > 0:
		return syscall.ENOTEMPTY
	}
	d.begin(n)
	d.set(dir, name, nil)
	n.nlink--
	d.collect(n)
	return 0
}

// Flags of rename, as of renameat2(2).
const (
	noReplace = 1
	exchange  = 2
)

// rename moves a name.
func (d *Disk) rename(dir *inode, name string, to *inode, newName string, flags uint32) syscall.Errno {
	n := dir.entries[name]
	if n == nil {
		return syscall.ENOENT
	}
	over := to.entries[newName]
	switch {
	case flags&^(noReplace|exchange) != 0 || flags == noReplace|exchange:
		return syscall.EINVAL
	case !to.folder():
		return syscall.ENOTDIR
	case to.nlink == 0:
		return syscall.ENOENT
	case len(newName) > 255:
		return syscall.ENAMETOOLONG
	case flags == noReplace && over != nil:
		return syscall.EEXIST
	case flags == exchange && over == nil:
		return syscall.ENOENT
	case inside(to, n) || (flags == exchange && inside(dir, over)):
		return syscall.EINVAL
	case over == n:
		return 0 // two names of one file: nothing is done
	}
	if over != nil && flags != exchange {
		switch {
		case n.folder() && !over.folder():
			return syscall.ENOTDIR
		case !n.folder() && over.folder():
			return syscall.EISDIR
		case len(over.entries) > 0:
			return syscall.ENOTEMPTY
		}
	}
	d.begin(n, over)
	var back *inode
	if flags == exchange {
		back = over
	}
	from, onto := d.set(dir, name, back), d.set(to, newName, n)
	if dir != to {
		from.twin, onto.twin = onto, from
		if n.folder() || (back != nil && back.folder()) {
			d.commitNames()
		}
	}
	if over != nil && flags != exchange {
		over.nlink--
		d.collect(over)
	}
	return 0
}

// inside reports whether dir is n or in it.
func inside(dir, n *inode) bool {
	if n == nil || !n.folder() {
		return false
	}
	for ; dir != nil; dir = dir.parent {
		if dir == n {
			return true
		}
	}
	return false
}

// commitNames makes all names durable.
func (d *Disk) commitNames() {
	for _, c := range d.namings {
		d.drop(c)
	}
	d.namings, d.committed = nil, d.names
}

// drop forgets a change of a name.
func (d *Disk) drop(c *naming) {
	if c.old != nil {
		c.old.held--
		d.collect(c.old)
	}
}

// syncNames makes the names of a folder durable, in the strict sense: with them
// the other halves of moves, and what came before those for the same name.
func (d *Disk) syncNames(dir *inode) {
	var twins []*naming
	settle := func(c *naming) {
		if !c.durable && c.twin != nil {
			twins = append(twins, c.twin)
		}
		c.durable = true
	}
	for _, c := range d.namings {
		if c.dir == dir {
			settle(c)
		}
	}
	for len(twins) > 0 {
		twin := twins[0]
		twins = twins[1:]
		for _, c := range d.namings {
			if c.dir == twin.dir && c.name == twin.name {
				settle(c)
			}
			if c == twin {
				break
			}
		}
	}
	d.sweep()
}

// sweep forgets the changes that are durable in every sense.
func (d *Disk) sweep() {
	kept := d.namings[:0]
	for _, c := range d.namings {
		if c.durable && c.seq <= d.committed {
			d.drop(c)
			continue
		}
		kept = append(kept, c)
	}
	clear(d.namings[len(kept):])
	d.namings = kept
}

// prune forgets old changes that undoing others undoes as well: of one name, all
// but the oldest, and the oldest not committed.
func (d *Disk) prune() {
	type key struct {
		dir       *inode
		name      string
		committed bool
	}
	seen := map[key]bool{}
	old := d.now().Add(-maxAge - time.Second)
	kept := d.namings[:0]
	for _, c := range d.namings {
		k := key{c.dir, c.name, c.seq <= d.committed}
		if seen[k] && c.twin == nil && !c.durable && c.at.Before(old) {
			d.drop(c)
			continue
		}
		seen[k] = seen[k] || !c.durable
		kept = append(kept, c)
	}
	clear(d.namings[len(kept):])
	d.namings = kept
	d.pruned = len(kept)
}
