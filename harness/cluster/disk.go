package cluster

import (
	"syscall"
	"time"
)

// Disked is a [Node] that can have a disk of the harness's own.
type Disked interface {
	// Disk is the disk that holds the node's data; nil if the cluster was opened
	// without disks.
	Disk() Disk
}

// Disk is the disk of one node. It knows what was made durable (fsync) and what
// was not. Its methods may be called from several goroutines at once.
type Disk interface {
	// Sync makes everything durable that was written so far.
	Sync()
	// Lose does what a loss of power does: it drops what was not durable. The
	// node must be down.
	Lose(PowerLoss) (Lost, error)
	// Flip turns over bits of files, chosen by salt, and says which. The node
	// must be down. Bytes that no file has cannot be flipped: then it is an error.
	Flip(bits int, salt uint64) (what string, err error)
	// Add puts a rule on the disk until remove is called.
	Add(rule DiskRule) (remove func())
	// Requests counts what the node has asked of the disk so far: proof that its
	// data is there.
	Requests() int64
}

// PowerLoss says how a loss of power is.
type PowerLoss struct {
	// Strict drops every name that POSIX does not promise to keep: those created,
	// renamed and removed since their folder was last fsynced. Otherwise names
	// are those of a journaling file system, such as ext4 or XFS, which keeps
	// their order and makes them durable with the next fsync that depends on one.
	Strict bool
	// Age is after how long things become durable by themselves, as by the
	// kernel's write-back; 0 means never. It is kept to the second, up to a
	// minute.
	Age time.Duration
	// Tear leaves the file that was written last with its un-fsynced writes, but
	// the last of them torn at a sector's edge, chosen by Salt.
	Tear bool
	Salt uint64
}

// Lost is what a loss of power dropped.
type Lost struct {
	// Writes and Bytes are those to files that are still there.
	Writes, Bytes int64
	// Names were created, renamed or removed, and are as before.
	Names int64
	// Torn says which write was torn; empty if none was.
	Torn string
}

// DiskOp is what a node asks of its disk.
type DiskOp uint8

const (
	// DiskRead reads a file. What the operating system remembers of a file is
	// not asked for again.
	DiskRead DiskOp = iota
	// DiskWrite changes what a file holds, or makes a name.
	DiskWrite
	// DiskSync makes something durable: fsync, fdatasync, a write with O_SYNC.
	DiskSync
)

// DiskRequest is one request of a node to its disk.
type DiskRequest struct {
	Op DiskOp
	// Grows is true of a write that needs space.
	Grows bool
}

// DiskRule decides what becomes of requests. It is called from several
// goroutines at once.
type DiskRule interface {
	Judge(DiskRequest) DiskAction
}

// DiskAction is what a rule does to a request. The zero value lets it pass. Of
// several rules, the delays add up and the first error counts.
type DiskAction struct {
	// Delay is how long the request waits first.
	Delay time.Duration
	// Err is what it fails with, having done nothing; 0 means that it does not.
	Err syscall.Errno
}
