package lossy

import (
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/tertium-dev/tertium/harness/cluster"
)

// maxDelay bounds the delay of one request, so that whoever waits for it does not
// wait for ever.
const maxDelay = time.Minute

// Disk is the disk of one node, which holds nothing at first.
type Disk struct {
	store    string
	now      func() time.Time
	requests atomic.Int64
	closing  chan struct{}
	close    sync.Once

	rulesMu sync.Mutex
	rules   []*cluster.DiskRule

	mu        sync.Mutex
	root      *inode
	lastInode uint64

	// namings undo the changes of names, the oldest first. names numbers them,
	// and those up to committed are durable unless strict.
	namings          []*naming
	names, committed uint64
	pruned           int // how many were left by the last prune

	dirty  map[*inode]bool // files with a log
	writes uint64          // numbers the changes of contents
	memory int64           // what the logs remember
	// pressed counts how often a file was made durable for want of memory.
	pressed int64

	trouble []string
	opened  []*inode // those whose contents are open
	// forgetName has the kernel forget what a name in the root means.
	forgetName func(name string)

	refs    map[uint64]*ref // what the kernel knows, by its name for it
	lastID  uint64
	handles map[uint64]*handle
	lastFH  uint64
}

// handle is an open folder.
type handle struct {
	names []string // as they were when it was read from its beginning
	stale bool     // since a loss of power
}

// ref is an inode that the kernel knows. After a loss of power it has none.
type ref struct {
	inode   *inode
	lookups uint64
}

var _ cluster.Disk = (*Disk)(nil)

// rootID is the kernel's name for the root.
const rootID = 1

// New returns an empty disk that keeps contents in the store, an empty folder.
func New(store string) *Disk {
	return newDisk(store, time.Now)
}

func newDisk(store string, now func() time.Time) *Disk {
	d := &Disk{
		store: store, now: now, closing: make(chan struct{}),
		dirty: map[*inode]bool{}, refs: map[uint64]*ref{}, handles: map[uint64]*handle{}, lastID: rootID,
	}
	d.root = d.newInode(syscall.S_IFDIR|0o700, uint32(os.Getuid()), uint32(os.Getgid()))
	d.root.nlink, d.root.id = 1, rootID
	d.refs[rootID] = &ref{inode: d.root, lookups: 1}
	return d
}

// Requests counts what was asked of the disk.
func (d *Disk) Requests() int64 { return d.requests.Load() }

// Sync makes everything durable that was written so far.
func (d *Disk) Sync() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.syncAll()
}

func (d *Disk) syncAll() {
	for n := range d.dirty {
		d.forgetLog(n)
		n.grew = false
	}
	d.commitNames()
}

// sync is fsync.
func (d *Disk) sync(n *inode) {
	if n.folder() {
		d.committed = max(d.committed, n.meta)
		d.syncNames(n)
		return
	}
	if n.grew {
		d.committed = d.names
	} else {
		d.committed = max(d.committed, n.meta)
	}
	n.grew = false
	d.forgetLog(n)
}

// Add puts a rule on the disk.
func (d *Disk) Add(rule cluster.DiskRule) (remove func()) {
	d.rulesMu.Lock()
	defer d.rulesMu.Unlock()
	added := &rule
	d.rules = append(slices.Clone(d.rules), added)
	return func() {
		d.rulesMu.Lock()
		defer d.rulesMu.Unlock()
		d.rules = slices.DeleteFunc(slices.Clone(d.rules), func(r *cluster.DiskRule) bool { return r == added })
	}
}

// judge asks the rules about a request and waits as they say. It returns EINTR
// when whoever asked is killed meanwhile.
func (d *Disk) judge(request cluster.DiskRequest, cancel <-chan struct{}) syscall.Errno {
	d.rulesMu.Lock()
	rules := d.rules
	d.rulesMu.Unlock()
	var delay time.Duration
	var errno syscall.Errno
	for _, rule := range rules {
		action := (*rule).Judge(request)
		delay += action.Delay
		if errno == 0 {
			errno = action.Err
		}
	}
	if delay > 0 {
		timer := time.NewTimer(min(delay, maxDelay))
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-cancel:
			return syscall.EINTR
		case <-d.closing:
		}
	}
	return errno
}

// Close closes what is open in the store, and ends every delay. What is still asked
// of the disk opens it again.
func (d *Disk) Close() {
	d.close.Do(func() { close(d.closing) })
	d.mu.Lock()
	defer d.mu.Unlock()
	for len(d.opened) > 0 {
		d.shut(d.opened[0])
	}
}

// Trouble is what went wrong with the disk itself, so that what the node saw was
// no fault that anybody asked for.
func (d *Disk) Trouble() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.trouble)
}

// note keeps what went wrong with the disk itself. The caller holds the lock.
func (d *Disk) note(what string) {
	if !slices.Contains(d.trouble, what) {
		d.trouble = append(d.trouble, what)
	}
}

// know returns the kernel's name for an inode, once more.
func (d *Disk) know(n *inode) uint64 {
	if n.id == 0 {
		d.lastID++
		n.id = d.lastID
		d.refs[n.id] = &ref{inode: n}
	}
	d.refs[n.id].lookups++
	return n.id
}

// forget takes back that many of the times that the kernel was told a name.
func (d *Disk) forget(id, times uint64) {
	r := d.refs[id]
	if r == nil || id == rootID {
		return
	}
	if r.lookups > times {
		r.lookups -= times
		return
	}
	delete(d.refs, id)
	if r.inode != nil {
		r.inode.id = 0
		d.collect(r.inode)
	}
}
