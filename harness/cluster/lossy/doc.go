// Package lossy is a disk that forgets: a file system for one node that knows
// what was made durable, and can drop all else as a loss of power does. Killing
// a process shows nothing of this, as the kernel keeps what the process wrote.
//
// # What a loss of power drops
//
// Linux promises a file's content only from an fsync, fdatasync or O_SYNC write
// of it on, and a name only from an fsync of its folder on (fsync(2): "Calling
// fsync() does not necessarily ensure that the entry in the directory containing
// the file has also reached disk"). How much more than that survives depends on
// the file system and on luck. A [Disk] takes the choice that tests most:
//
//   - The content of a file, with its size, is that of its last fsync. A file
//     never fsynced is empty. Content never fsynced does not survive in part,
//     unless a tear is asked for: then the file written last keeps its writes up
//     to the last one, of which a beginning survives, cut at a multiple of 512
//     bytes, as disks write sectors whole.
//   - Names are, unless strict, what journaling file systems make of them. All
//     changes of names keep their order, and survive up to the last one that an
//     fsync depends on: an fsync of a folder, the changes up to the last in that
//     folder; of a file, those up to the last of the file's names, and, if the
//     file grew, all so far, for its new size is in the same journal. So do
//     ext4 and XFS. As on XFS, a file renamed over another before it was fsynced
//     is empty.
//   - Strict, names are what POSIX says: those of a folder's last fsync. A name
//     made durable in a folder that is itself lost is lost with it. A rename is
//     durable as a whole or not at all. A folder that is moved into another makes
//     all names durable at once.
//   - With an age, everything that old is durable too, as by write-back. Then
//     replicas whose fsyncs differ may disagree.
//
// What a file system may lose and this one never does: modes, owners, times. An
// fsync that fails (a fault) makes nothing durable, and the next one that
// succeeds all: kernels that drop the pages between are harsher. Where more than
// 256 MiB of old content would have to be remembered, what the file holds is made
// durable, as a kernel short of memory does.
//
// # How it works
//
// Names are in memory, and each file's content is in a file of its own in the
// store, a folder. Before a write, the bytes that it replaces are remembered: the
// undo log of the file, which an fsync forgets and a loss of power applies. An
// append has nothing to remember, and an fsync copies nothing.
//
// Programs reach it through FUSE, which is served by this process. Files can be
// mapped; what is written through a mapping reaches the disk at msync, fsync or
// when the kernel likes. Locks are the kernel's, and O_DIRECT is as without: what
// was written is not durable before an fsync. There are no extended attributes,
// nor O_TMPFILE. Of sync(2) and syncfs(2) the kernel tells no FUSE server, so
// that they make nothing durable here.
package lossy
