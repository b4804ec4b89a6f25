package lossy

import (
	"bytes"
	"io"
	"os"
	"time"
)

const (
	// chunk is how much is read at once of what is to be remembered.
	chunk = 64 << 10
	// maxAge is up to when the ages of changes are told apart.
	maxAge = time.Minute
	// maxMemory is how much old content is remembered.
	maxMemory = 256 << 20
)

var zeros [chunk]byte

// read reads a file.
func (d *Disk) read(n *inode, dest []byte, off int64) (int, error) {
	if off >= n.size {
		return 0, nil
	}
	if left := n.size - off; int64(len(dest)) > left {
		dest = dest[:left]
	}
	file, err := d.content(n)
	if err != nil {
		return 0, err
	}
	got, err := file.ReadAt(dest, off)
	if err == io.EOF {
		// The store has no zeros where a file was never written.
		clear(dest[got:])
		return len(dest), nil
	}
	return got, err
}

// write writes to a file.
func (d *Disk) write(n *inode, data []byte, off int64) error {
	file, err := d.content(n)
	if err != nil {
		return err
	}
	end := off + int64(len(data))
	c := d.change(n)
	c.writes, c.bytes, c.from, c.to = 1, int64(len(data)), off, end
	if err := save(file, &c, off, end); err != nil {
		return err
	}
	if _, err := file.WriteAt(data, off); err != nil {
		return err
	}
	if end > n.size {
		n.size, n.grew = end, true
	}
	d.push(n, c)
	return nil
}

// truncate sets the size of a file.
func (d *Disk) truncate(n *inode, size int64) error {
	if size == n.size {
		return nil
	}
	file, err := d.content(n)
	if err != nil {
		return err
	}
	c := d.change(n)
	if err := save(file, &c, size, n.size); err != nil {
		return err
	}
	if err := file.Truncate(size); err != nil {
		return err
	}
	n.size, n.grew = size, true
	d.push(n, c)
	return nil
}

// zero makes a stretch of a file zeros, as far as the file goes.
func (d *Disk) zero(n *inode, off, end int64) error {
	end = min(end, n.size)
	if off >= end {
		return nil
	}
	file, err := d.content(n)
	if err != nil {
		return err
	}
	c := d.change(n)
	if err := save(file, &c, off, end); err != nil {
		return err
	}
	if err := restore(file, extent{off: off, n: end - off}); err != nil {
		return err
	}
	d.push(n, c)
	return nil
}

// change begins to remember a change of a file.
func (d *Disk) change(n *inode) change {
	d.writes++
	return change{at: d.now(), seq: d.writes, size: n.size}
}

// save remembers what a file holds from from to to.
func save(file *os.File, c *change, from, to int64) error {
	to = min(to, c.size)
	for from < to {
		e := extent{off: from, n: min(chunk, to-from)}
		data := make([]byte, e.n)
		got, err := file.ReadAt(data, from)
		if err != nil && err != io.EOF {
			return err
		}
		if !bytes.Equal(data[:got], zeros[:got]) {
			e.data = data
		}
		c.old = append(c.old, e)
		c.weigh(e)
		from = e.end()
	}
	return nil
}

// restore puts an extent back.
func restore(file *os.File, e extent) error {
	if e.data != nil {
		_, err := file.WriteAt(e.data, e.off)
		return err
	}
	for off := e.off; off < e.end(); off += chunk {
		if _, err := file.WriteAt(zeros[:min(chunk, e.end()-off)], off); err != nil {
			return err
		}
	}
	return nil
}

// push puts a change at the end of a file's log.
func (d *Disk) push(n *inode, c change) {
	now := d.now()
	n.mtime, n.ctime = now, now
	d.memory += c.weight
	n.log = append(n.log, c)
	d.dirty[n] = true
	// Those of one second become one, and so do those that are so old that it
	// makes no difference; but never the last.
	if k := len(n.log); k > 2 && n.log[k-2].at.Unix() == n.log[k-3].at.Unix() {
		d.merge(n, k-3)
	}
	for len(n.log) > 3 && now.Sub(n.log[1].at) > maxAge+time.Second {
		d.merge(n, 0)
	}
	if d.memory > maxMemory {
		d.forgetLog(n)
		n.grew = false
		d.pressed++
	}
}

// merge makes one change of the i-th and the one after it.
func (d *Disk) merge(n *inode, i int) {
	d.memory -= n.log[i].weight + n.log[i+1].weight
	n.log[i].absorb(n.log[i+1])
	d.memory += n.log[i].weight
	n.log = append(n.log[:i+1], n.log[i+2:]...)
}

// forgetLog makes what a file holds durable.
func (d *Disk) forgetLog(n *inode) {
	for i := range n.log {
		d.memory -= n.log[i].weight
	}
	n.log = nil
	delete(d.dirty, n)
}
