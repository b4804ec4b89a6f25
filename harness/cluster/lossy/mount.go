package lossy

import (
	"github.com/tertium-dev/tertium/harness/cluster"
	"github.com/tertium-dev/tertium/harness/journal"
)

// Kind is the kind of a journal's entry for a disk that is mounted. The entry's
// name is the folder and its detail the token of the run.
const Kind = "mount"

// kindOfSystem is what the kernel calls the file system.
const kindOfSystem = "fuse.tertium"

// Entry is the entry for a disk mounted on a folder for the run of that token.
func Entry(dir, token string) cluster.Entry {
	return cluster.Entry{Kind: Kind, Name: dir, Detail: token}
}

// Undoers are the undoers for the kinds of this package.
func Undoers() map[string]journal.Undoer { return map[string]journal.Undoer{Kind: Unmount} }

// source names a mount to people, and to [Unmount].
func source(token string) string { return "tertium-" + token }
