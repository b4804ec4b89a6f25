package core

import "go.etcd.io/raft/v3/raftpb"

// Effects are what a core wants done.
type Effects struct {
	// Write, if not nil, has to be durable before the core goes on: it holds
	// back every message and reply that rests on it until Persisted is called.
	Write *Batch
	// Messages go to the nodes they name. They may be lost.
	Messages []*raftpb.Message
	// Replies go to the requests they name.
	Replies []Reply
}

// Empty reports whether there is nothing to do.
func (e Effects) Empty() bool {
	return e.Write == nil && len(e.Messages) == 0 && len(e.Replies) == 0
}

// Batch is what has to be durable, all of it or nothing.
type Batch struct {
	// Snapshot, if not nil, replaces everything written before. HardState is
	// then set, and Entries are all that follow the snapshot.
	Snapshot *raftpb.Snapshot
	// HardState, if not nil, replaces the last one.
	HardState *raftpb.HardState
	// Entries follow those written before, and replace those of the same and
	// higher index.
	Entries []*raftpb.Entry
	// Sync says that a promise rests on this write. Without it, losing the write
	// does no harm.
	Sync bool
}

// Reply answers a request.
type Reply struct {
	Request uint64
	Result  Result
	Page    Page
}

// Status is what a node knows of itself and of the cluster.
type Status struct {
	// Role is "leader", "follower", "candidate" or "pre-candidate".
	Role string
	Term uint64
	// Leader is the id of the leader, 0 if none is known.
	Leader uint64
	// Applied, Committed and Last are indices in the log; Snapshot is that of
	// the last snapshot.
	Applied, Committed, Last, Snapshot uint64
}

// Recovered is what was found on disk: the writes of earlier incarnations,
// taken together. Its zero value is a node's first start.
type Recovered struct {
	Snapshot  *raftpb.Snapshot
	HardState *raftpb.HardState
	Entries   []*raftpb.Entry
}
