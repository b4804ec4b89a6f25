package lossy

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"syscall"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/plan"
)

// sector is what a disk writes whole.
const sector = 512

// Lose drops what was not durable. Whatever the kernel still knows of the files
// is stale afterwards: open files answer ESTALE.
func (d *Disk) Lose(p cluster.PowerLoss) (lost cluster.Lost, err error) {
	defer d.forgetNames()()
	d.mu.Lock()
	defer d.mu.Unlock()
	cut := time.Time{}
	if p.Age > 0 {
		cut = d.now().Add(-p.Age)
	}
	known := d.known()
	d.loseNames(p.Strict, cut, &lost)
	d.restart(known)
	tear := d.newest()
	if !p.Tear {
		tear = nil
	}
	var errs []error
	for n := range d.dirty {
		if n.nlink == 0 {
			continue // it is lost with its name
		}
		var err error
		if n == tear {
			lost.Torn, err = d.tear(n, p.Salt, &lost)
		} else {
			err = d.loseContent(n, cut, &lost)
		}
		errs = append(errs, err)
	}
	d.syncAll()
	for n := range known {
		n.held = 0 // all names are durable
		d.collect(n)
	}
	if err := errors.Join(errs...); err != nil {
		return lost, fmt.Errorf("a loss of power: the store: %w", err)
	}
	return lost, nil
}

// loseNames undoes the changes of names that were not durable.
func (d *Disk) loseNames(strict bool, cut time.Time, lost *cluster.Lost) {
	for _, c := range slices.Backward(d.namings) {
		durable := c.seq <= d.committed
		if strict {
			durable = c.durable
		}
		if durable || !c.at.After(cut) {
			continue
		}
		lost.Names++
		if c.old == nil {
			delete(c.dir.entries, c.name)
		} else {
			c.dir.entries[c.name] = c.old
		}
	}
}

// loseContent undoes the changes of a file that were not durable.
func (d *Disk) loseContent(n *inode, cut time.Time, lost *cluster.Lost) error {
	for len(n.log) > 0 && n.log[len(n.log)-1].at.After(cut) {
		if err := d.undo(n, lost); err != nil {
			return err
		}
	}
	return nil
}

// undo undoes the last change of a file.
func (d *Disk) undo(n *inode, lost *cluster.Lost) error {
	c := n.log[len(n.log)-1]
	file, err := d.content(n)
	if err != nil {
		return err
	}
	if err := file.Truncate(c.size); err != nil {
		return err
	}
	for _, e := range c.old {
		if err := restore(file, e); err != nil {
			return err
		}
	}
	n.size = c.size
	n.log = n.log[:len(n.log)-1]
	d.memory -= c.weight
	lost.Writes += c.writes
	lost.Bytes += c.bytes
	return nil
}

// newest is the file whose content was changed last, if that was a write and the
// file is still there.
func (d *Disk) newest() *inode {
	var found *inode
	var seq uint64
	for n := range d.dirty {
		if n.nlink == 0 || len(n.log) == 0 {
			continue
		}
		if last := n.log[len(n.log)-1]; last.seq > seq && last.to > last.from {
			found, seq = n, last.seq
		}
	}
	return found
}

// tear leaves a beginning of the last write to a file.
func (d *Disk) tear(n *inode, salt uint64, lost *cluster.Lost) (string, error) {
	c := n.log[len(n.log)-1]
	first := c.from/sector*sector + sector
	edges := int64(0)
	if c.to > first {
		edges = (c.to-1-first)/sector + 1
	}
	var kept []byte
	if edges > 0 {
		// At least one sector, for else nothing is torn.
		upto := first + sector*int64(plan.NewStream(salt, "tear", "edge").Uint64()%uint64(edges))
		kept = make([]byte, upto-c.from)
		if _, err := d.read(n, kept, c.from); err != nil {
			return "", err
		}
	}
	if err := d.undo(n, lost); err != nil {
		return "", err
	}
	if len(kept) == 0 {
		return "", nil // within one sector: there or not, and now not
	}
	file, err := d.content(n)
	if err != nil {
		return "", err
	}
	if _, err := file.WriteAt(kept, c.from); err != nil {
		return "", err
	}
	n.size = max(n.size, c.from+int64(len(kept)))
	return fmt.Sprintf("%d of the %d bytes written last to %s", len(kept), c.to-c.from, d.find(n)), nil
}

// restart makes everything that the kernel knows stale, and counts anew who of all
// known has which names.
func (d *Disk) restart(known map[*inode]bool) {
	for id, r := range d.refs {
		if id != rootID {
			if r.inode != nil {
				r.inode.id = 0
			}
			r.inode = nil
		}
	}
	for _, h := range d.handles {
		h.stale = true
	}
	for n := range known {
		n.nlink = 0
	}
	d.root.nlink = 1
	var count func(dir *inode)
	count = func(dir *inode) {
		for _, n := range dir.entries {
			n.nlink++
			if n.folder() {
				n.parent = dir
				count(n)
			}
		}
	}
	count(d.root)
}

// forgetNames returns what has the kernel forget the names that there are now, and
// everything below them. It is to be called without the lock.
func (d *Disk) forgetNames() func() {
	d.mu.Lock()
	defer d.mu.Unlock()
	names, forget := slices.Collect(maps.Keys(d.root.entries)), d.forgetName
	return func() {
		for _, name := range names {
			if forget != nil {
				forget(name)
			}
		}
	}
}

// known are all inodes that may still be needed.
func (d *Disk) known() map[*inode]bool {
	all := map[*inode]bool{}
	var walk func(*inode)
	walk = func(n *inode) {
		if n == nil || all[n] {
			return
		}
		all[n] = true
		for _, child := range n.entries {
			walk(child)
		}
	}
	walk(d.root)
	for _, c := range d.namings {
		walk(c.old)
		walk(c.dir)
	}
	for n := range d.dirty {
		walk(n)
	}
	for _, r := range d.refs {
		walk(r.inode)
	}
	return all
}

// find is a path of an inode from the root.
func (d *Disk) find(n *inode) string {
	for path, other := range d.files() {
		if other == n {
			return path
		}
	}
	return fmt.Sprintf("file %d", n.number)
}

// files are all regular files that have names, by path.
func (d *Disk) files() map[string]*inode {
	found := map[string]*inode{}
	var walk func(prefix string, dir *inode)
	walk = func(prefix string, dir *inode) {
		for name, n := range dir.entries {
			switch n.kind() {
			case syscall.S_IFDIR:
				walk(prefix+name+"/", n)
			case syscall.S_IFREG:
				found[prefix+name] = n
			}
		}
	}
	walk("", d.root)
	return found
}
