package core

import (
	"go.etcd.io/raft/v3"
	"go.etcd.io/raft/v3/raftpb"
)

// checkpoint keeps count of when the next snapshot is due.
type checkpoint struct {
	// index and size are those of the last snapshot; grown is by how many bytes
	// the log has grown since.
	index       uint64
	size, grown int
	// pending is the snapshot being written, nil if none.
	pending *raftpb.Snapshot
}

func (c *checkpoint) writing() bool { return c.pending != nil }

// done takes note that the pending snapshot is durable. Some of the entries
// before it stay in memory for followers that are only a little behind.
func (c *checkpoint) done(storage *raft.MemoryStorage, keep int) {
	index := c.pending.GetMetadata().GetIndex()
	*c = checkpoint{index: index, size: len(c.pending.GetData())}
	if first, _ := storage.FirstIndex(); index >= first+uint64(keep) {
		// It fails only for indices that are not in the log.
		_ = storage.Compact(index - uint64(keep))
	}
}

// maybeCheckpoint takes a snapshot if one is due and returns its write.
func (c *Core) maybeCheckpoint() *Batch {
	k := &c.checkpoint
	if c.applied-k.index < uint64(c.config.SnapshotEvery) || k.grown < k.size/4 {
		return nil
	}
	last, _ := c.storage.LastIndex()
	var entries []*raftpb.Entry
	if last > c.applied {
		var err error
		if entries, err = c.storage.Entries(c.applied+1, last+1, ^uint64(0)); err != nil {
			return nil
		}
	}
	snapshot, err := c.storage.CreateSnapshot(c.applied, nil, c.state.Encode())
	if err != nil {
		return nil
	}
	k.pending = snapshot
	return &Batch{Snapshot: snapshot, HardState: c.hard, Entries: entries, Sync: true}
}
